//! An event as it came in: the bytes of its body, its headers, its query. Not here: what a connection makes of it.

use anyhow::Context as _;
use bytes::Bytes;
use serde::Deserialize;

use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::listen::local::ListenParcel;
use crate::domain::id::EventId;

/// An event without its body.
#[derive(Debug, Deserialize)]
pub(super) struct ReceivedEvent {
    /// The source's id; nothing if it was published.
    pub(super) source: Option<String>,
    /// Its type; may be empty.
    pub(super) r#type: String,
    content_type: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<ReceivedHeader>,
}

/// A header of an event.
#[derive(Debug, Deserialize)]
pub(super) struct ReceivedHeader {
    /// In lower case.
    pub(super) name: String,
    /// As it came.
    pub(super) value: String,
}

/// Reads one; `None` if it has expired.
pub(super) async fn read(client: &ApiClient, id: EventId) -> anyhow::Result<Option<ReceivedEvent>> {
    let Some(text) = stored(client.get_text(&format!("v1/events/{id}")).await)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).with_context(|| format!("read event {id}"))
}

/// The bytes of its body; `None` if it has expired.
pub(super) async fn body(client: &ApiClient, id: EventId) -> anyhow::Result<Option<Bytes>> {
    Ok(stored(client.get_bytes(&format!("v1/events/{id}/body")).await)?)
}

/// What was read of an event; `None` where it is not stored any more.
fn stored<T>(read: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

impl ReceivedEvent {
    /// As it came, with the path behind the source's URL if that is wanted.
    pub(super) fn parcel(&self, id: EventId, body: Bytes, with_path: bool) -> ListenParcel {
        let header = |header: &ReceivedHeader| (header.name.clone(), header.value.clone());
        ListenParcel {
            id: id.to_string(),
            event_type: self.r#type.clone(),
            method: self.method.clone(),
            path: if with_path { self.path.clone() } else { String::new() },
            query: self.query.clone(),
            headers: self.headers.iter().map(header).collect(),
            content_type: self.content_type.clone(),
            body,
        }
    }
}
