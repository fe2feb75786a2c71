//! A payload on its way through the steps, with what the steps said about its delivery.

pub(crate) mod body_view;
mod charset;
mod media;

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::plugin::Output;

/// One payload between two steps, or after the last.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
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

impl Payload {
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
        let said = media::named(&output.headers).map(Into::into);
        let content_type = match said {
            Some(said) => said,
            // It may have said so of the same bytes before.
            None if output.payload == self.payload => self.content_type.clone(),
            None => media::of_made(&self.content_type, &output.payload),
        };
        let mut headers = self.headers.clone();
        headers.retain(|(name, value)| !media::is_content_type(name) || **value == *content_type);
        headers.extend(output.headers);
        Self {
            payload: output.payload,
            original: false,
            event_type: output.event_type.map_or_else(|| self.event_type.clone(), Into::into),
            content_type,
            headers,
            method: self.method.clone(),
            path: self.path.clone(),
        }
    }

    /// Takes what a mapping made, and the headers it gave.
    pub(crate) fn becomes_json(&mut self, payload: Bytes, headers: Vec<(String, String)>) {
        self.payload = payload;
        self.original = false;
        self.content_type = media::named(&headers).unwrap_or("application/json").into();
        self.headers.retain(|(name, _)| !media::is_content_type(name));
        self.headers.extend(headers);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(content_type: &str, payload: &str) -> Payload {
        Payload {
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            original: true,
            event_type: "t".into(),
            content_type: content_type.into(),
            headers: Vec::new(),
            method: None,
            path: None,
        }
    }

    fn output(payload: &str, headers: &[(&str, &str)]) -> Output {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let payload = Bytes::copy_from_slice(payload.as_bytes());
        Output { event_type: None, headers, payload, ordering_key: None }
    }

    #[test]
    fn the_media_type_is_that_of_what_goes_on() {
        let form = carried("application/x-www-form-urlencoded", "a=1");
        let passed = form.after_plugin(output("a=1", &[]));
        assert_eq!(&*passed.content_type, "application/x-www-form-urlencoded");
        let json = form.after_plugin(output("{}", &[]));
        assert_eq!(&*json.content_type, "application/json");
        let mut csv = json.after_plugin(output("a,b", &[("Content-Type", "text/csv")]));
        assert_eq!(&*csv.content_type, "text/csv");
        assert_eq!(csv.headers.len(), 1);
        // The next plugin passes it on, and then makes something else of it: what was said of the first is not said of that.
        let again = csv.after_plugin(output("a,b", &[]));
        assert_eq!((&*again.content_type, again.headers.len()), ("text/csv", 1));
        let other = csv.after_plugin(output("[1]", &[]));
        assert_eq!((&*other.content_type, other.headers.len()), ("application/json", 0));
        csv.becomes_json(Bytes::from_static(b"{}"), vec![("x".to_owned(), "1".to_owned())]);
        assert_eq!(&*csv.content_type, "application/json");
        assert_eq!(csv.headers, [("x".to_owned(), "1".to_owned())]);
        csv.becomes_json(
            Bytes::from_static(b"{}"),
            vec![("content-type".to_owned(), "application/ld+json".to_owned())],
        );
        assert_eq!(&*csv.content_type, "application/ld+json");
    }
}
