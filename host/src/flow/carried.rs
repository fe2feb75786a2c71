//! A payload on its way through the steps, with what the steps said about its delivery.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::plugin::Output;

/// One payload between two steps, or after the last.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// The bytes.
    pub payload: Bytes,
    /// Whether these are still the event's own bytes.
    pub original: bool,
    /// The event's type, unless a step gave another.
    pub event_type: Arc<str>,
    /// The media type of the payload.
    pub content_type: Arc<str>,
    /// Headers the steps added.
    pub headers: Vec<(String, String)>,
    /// A method a mapping asked for.
    pub method: Option<String>,
    /// A path a mapping asked for.
    pub path: Option<String>,
}

impl Carried {
    /// What the first step gets.
    pub(crate) fn of(event: &Event) -> Self {
        let content_type = &event.data.content_type;
        Self {
            payload: event.data.body.clone(),
            original: true,
            event_type: event.data.event_type.clone(),
            // Nothing is not JSON, and needs no type.
            content_type: if content_type.is_empty() && !event.data.body.is_empty() {
                "application/json".into()
            } else {
                content_type.clone()
            },
            headers: Vec::new(),
            method: None,
            path: None,
        }
    }

    /// What goes on after a plugin made `output` of this.
    pub(crate) fn after_plugin(&self, output: Output) -> Self {
        let mut headers = self.headers.clone();
        headers.extend(output.headers);
        Self {
            payload: output.payload,
            original: false,
            event_type: output.event_type.map_or_else(|| self.event_type.clone(), Into::into),
            content_type: self.content_type.clone(),
            headers,
            method: self.method.clone(),
            path: self.path.clone(),
        }
    }

    /// The bytes of the delivery this becomes.
    pub(crate) fn into_bytes(self) -> DeliveryBytes {
        DeliveryBytes {
            event_type: self.event_type.as_ref().to_owned(),
            content_type: self.content_type.as_ref().to_owned(),
            headers: Headers(self.headers),
            method: self.method,
            path: self.path,
            payload: self.payload,
        }
    }
}
