//! What a connection would send of an event: its steps are run by the gateway's preview, which stores and sends nothing.
//! Not here: events as they came (`received`), the signature.

use anyhow::Context as _;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::client::segment;
use crate::cli::listen::local::ListenParcel;
use crate::cli::listen::received;
use crate::cli::listen::received::ReceivedHeader;
use crate::cli::listen::signature::ListenProfile;
use crate::domain::id::EventId;

/// What the gateway shows in the place of a header's value that is a credential.
const NOT_SHOWN: &str = "[secret]";

/// A connection that is listened to.
#[derive(Debug)]
pub(super) struct ListenConnection {
    /// As it was found at the start.
    pub(super) found: ConnectionShown,
    /// How its destination signs.
    pub(super) profile: ListenProfile,
    method: String,
    headers: Vec<(String, String)>,
}

/// A connection as the gateway shows it.
#[derive(Debug, Deserialize)]
pub(super) struct ConnectionShown {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// The sources' ids, and `published`.
    pub(super) sources: Vec<String>,
    /// Patterns, and the types of its groups.
    pub(super) event_types: Vec<String>,
    #[serde(default)]
    event_groups: Vec<String>,
    steps: Vec<Box<RawValue>>,
    destination: String,
}

#[derive(Deserialize)]
struct Previewed {
    steps: Vec<PreviewedStep>,
    outputs: Vec<PreviewedOutput>,
}

#[derive(Deserialize)]
struct PreviewedStep {
    step: String,
    verdict: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct PreviewedOutput {
    payload: Option<Box<RawValue>>,
    payload_base64: Option<String>,
    content_type: String,
    event_type: Option<String>,
    headers: Vec<ReceivedHeader>,
}

/// Finds one with its destination.
pub(super) async fn find(client: &ApiClient, name: &str) -> anyhow::Result<ListenConnection> {
    let mut found = show(client, name).await?;
    let of_groups = types_of(client, &found.event_groups).await?;
    found.event_types.extend(of_groups);
    let destination = client.get(&format!("v1/destinations/{}", segment(&found.destination))).await?;
    let headers = destination["headers"].as_object().into_iter().flatten();
    let headers = headers
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .filter(|(_, value)| value != NOT_SHOWN);
    Ok(ListenConnection {
        profile: ListenProfile::of_destination(&destination["signing"])?,
        // Where it is no URL, none.
        method: destination["method"].as_str().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        found,
    })
}

/// The types of these groups, as the event catalogue is now.
async fn types_of(client: &ApiClient, groups: &[String]) -> anyhow::Result<Vec<String>> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let types = client.get("v1/event-types").await?;
    let types = types["items"].as_array().into_iter().flatten();
    let is_in =
        |found: &&Value| found["group"].as_str().is_some_and(|group| groups.iter().any(|one| one == group));
    Ok(types.filter(is_in).filter_map(|found| found["name"].as_str().map(str::to_owned)).collect())
}

async fn show(client: &ApiClient, name: &str) -> anyhow::Result<ConnectionShown> {
    let text = client.get_text(&format!("v1/connections/{}", segment(name))).await?;
    serde_json::from_str(&text).context("read the connection")
}

impl ListenConnection {
    /// What it would send of an event, which has the type `event_type`, with its steps as they are now; or why it
    /// would send nothing.
    pub(super) async fn would_send(
        &self,
        client: &ApiClient,
        id: EventId,
        event_type: &str,
    ) -> anyhow::Result<Result<Vec<ListenParcel>, String>> {
        let steps = show(client, &self.found.id).await?.steps;
        let listed: Vec<&str> = steps.iter().map(|step| step.get()).collect();
        let request = format!(r#"{{"event":"{id}","steps":[{}]}}"#, listed.join(","));
        let text = match client.post_for_text("v1/preview", request).await {
            Err(ClientError::Problem(problem)) if !(problem.status == 401 || problem.status == 403) => {
                let error = ClientError::Problem(problem);
                return if error.is_passing() { Err(error.into()) } else { Ok(Err(error.to_string())) };
            }
            answered => answered?,
        };
        let previewed: Previewed = serde_json::from_str(&text).context("read what the steps made")?;
        if previewed.outputs.is_empty() {
            return Ok(Err(why_nothing(previewed.steps.last())));
        }
        // A preview shows JSON without the white space around it; what no step has made goes out as it came.
        let own =
            if steps.iter().all(|step| is_filter(step)) { received::body(client, id).await? } else { None };
        let mut parcels = Vec::new();
        for (place, output) in previewed.outputs.into_iter().enumerate() {
            let body = own.clone().map_or_else(|| output.body(), Ok)?;
            let id = if place == 0 { id.to_string() } else { format!("{id}_{}", place + 1) };
            parcels.push(self.parcel(id, event_type, output, body));
        }
        Ok(Ok(parcels))
    }

    fn parcel(&self, id: String, event_type: &str, output: PreviewedOutput, body: Bytes) -> ListenParcel {
        let mut headers = self.headers.clone();
        for ReceivedHeader { name, value } in output.headers {
            headers.retain(|(have, _)| !have.eq_ignore_ascii_case(&name));
            headers.push((name, value));
        }
        ListenParcel {
            id,
            event_type: output.event_type.unwrap_or_else(|| event_type.to_owned()),
            method: self.method.clone(),
            headers,
            content_type: output.content_type,
            body,
            ..ListenParcel::default()
        }
    }
}

fn why_nothing(last: Option<&PreviewedStep>) -> String {
    let Some(PreviewedStep { step, verdict, reason }) = last else {
        return "the steps made nothing of it".to_owned();
    };
    let reason = reason.as_deref().unwrap_or("no reason given");
    match verdict.as_str() {
        "drop" => format!("the {step} dropped it: {reason}"),
        _ => format!("the {step} failed: {reason}"),
    }
}

fn is_filter(step: &RawValue) -> bool {
    serde_json::from_str::<Value>(step.get()).is_ok_and(|step| !step["filter"].is_null())
}

impl PreviewedOutput {
    /// Its bytes: JSON as it stands, what is no JSON from the text or base 64 that stands for it.
    fn body(&self) -> anyhow::Result<Bytes> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        if let Some(coded) = &self.payload_base64 {
            return Ok(STANDARD.decode(coded).context("read what the steps made")?.into());
        }
        let shown = self.payload.as_ref().map_or("", |payload| payload.get());
        let is_json = self.content_type.to_ascii_lowercase().contains("json");
        match serde_json::from_str::<String>(shown) {
            Ok(text) if !is_json => Ok(text.into()),
            _ => Ok(shown.to_owned().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_preview_shows_is_made_bytes_again() {
        let check = |shown: &str, expected: &[u8]| {
            let output: PreviewedOutput = serde_json::from_str(shown).unwrap();
            assert_eq!(output.body().unwrap(), expected, "{shown}");
        };
        let with = |payload: &str, media: &str| {
            format!(r#"{{"payload":{payload},"content_type":"{media}","event_type":null,"headers":[]}}"#)
        };
        check(&with(r#"{"n": 1.0e400}"#, "application/json"), br#"{"n": 1.0e400}"#);
        check(&with(r#""text""#, "application/json"), br#""text""#);
        check(&with(r#""a,b\n""#, "text/csv"), b"a,b\n");
        check(&with("42", "text/plain"), b"42");
        let bytes =
            r#"{"payload":null,"payload_base64":"/wA=","content_type":"","event_type":null,"headers":[]}"#;
        check(bytes, &[0xff, 0]);
    }
}
