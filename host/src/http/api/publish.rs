//! `POST /v1/events`: events from the user's own application, one or a batch; and one event again.

use bytes::Bytes;
use http::StatusCode;

use crate::control::FieldFault;
use crate::domain::config::Scope;
use crate::domain::event::Headers;
use crate::domain::id::EventId;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::view::Described;
use crate::http::view::View;
use crate::http::view::view;
use crate::pipeline::Publish;
use crate::store::Accepted;

/// Characters of a type and of an idempotency key.
const TYPE_CHARS_MAX: usize = 200;
const KEY_CHARS_MAX: usize = 255;

const TYPE: Field = field("type", Shape::Text, "The event's type, such as `contact.created`.");
const PAYLOAD: Field =
    field("payload", Shape::Any, "The body; any JSON. Its bytes are kept as they are.").nullable();
const KEY: Field =
    field("idempotency_key", Shape::Text, "A second event with the same key is a copy of the first.");
const HEADERS: Field = field(
    "headers",
    Shape::Texts,
    "Kept with the event, save those that carry credentials, and visible to its steps.",
);

const ONE: &[Field] = &[TYPE.required(), PAYLOAD.required(), KEY, HEADERS];
const EVENTS: &[Field] = &[
    TYPE,
    PAYLOAD,
    KEY,
    HEADERS,
    field("events", Shape::List(&Shape::Object(ONE)), "Several events instead: stored all or none."),
];

view! {
    /// An event that was taken.
    AcceptedView {
        /// Its id, or that of the first event with the same idempotency key.
        id: EventId,
        /// There, and true, when it was seen before.
        ["Option::is_none"] duplicate: Option<bool>,
    }

    /// Events that were taken, in the order they were given.
    AcceptedBatchView {
        /// One per event.
        events: Vec<AcceptedView>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/v1/events",
            "Publishes an event, or several with `events`; the header `Idempotency-Key` is the event's key.",
            |call| Box::pin(publish(call)),
        )
        .scope(Scope::Ingest)
        .not_remembered()
        .at_once()
        .input(Input::Json(EVENTS))
        .output(202, Output::Json(describe)),
        Endpoint::post(
            "/v1/events/{event}/replay",
            "Takes a copy of an event in; its steps run as they are now.",
            |call| Box::pin(replay(call)),
        )
        .output(202, Output::Json(AcceptedView::describe)),
    ]
}

/// One event's answer, or that of a batch.
fn describe() -> Described {
    let (one, mut batch) = (AcceptedView::describe(), AcceptedBatchView::describe());
    batch.named.extend(one.named);
    Described { schema: serde_json::json!({"anyOf": [one.schema, batch.schema]}), named: batch.named }
}

async fn replay(call: Call) -> Answer {
    let accepted = call.pipeline().replay_event(call.workspace()?, call.id("event", "event")?).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &show(accepted)))
}

async fn publish(call: Call) -> Answer {
    let most = call.site.limits.body_bytes_max;
    let ((mut events, batch), faults) =
        call.form(|object| read(object, call.control().limits().events_per_request_max))?;
    if events.iter().any(|event| event.payload.len() as u64 > most) {
        return Err(Problem::new(Kind::TooLarge, format!("a payload has at most {most} bytes")));
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(Kind::InvalidEvent, faults));
    }
    with_header_key(&call, &mut events)?;
    let accepted = call.pipeline().publish(call.principal()?, events).await?;
    let mut views = accepted.into_iter().map(show);
    if batch {
        return Ok(reply::json(StatusCode::ACCEPTED, &AcceptedBatchView { events: views.collect() }));
    }
    let view = views.next().ok_or_else(|| Problem::new(Kind::Internal, "the store answered nothing"))?;
    Ok(reply::json(StatusCode::ACCEPTED, &view))
}

fn show(accepted: Accepted) -> AcceptedView {
    AcceptedView { id: accepted.id, duplicate: accepted.duplicate.then_some(true) }
}

/// The header's key is the event's; the events of a batch get it with their place.
fn with_header_key(call: &Call, events: &mut [Publish]) -> Result<(), Problem> {
    let Some(header) = call.headers.get("idempotency-key") else { return Ok(()) };
    let key = header.to_str().unwrap_or("").trim_matches('"');
    if key.trim().is_empty() || key.chars().count() > KEY_CHARS_MAX {
        let detail = format!("the header Idempotency-Key has 1 to {KEY_CHARS_MAX} visible characters");
        let fault = FieldFault { pointer: String::new(), detail };
        return Err(Problem::invalid(Kind::InvalidEvent, vec![fault]));
    }
    let single = events.len() == 1;
    for (at, event) in events.iter_mut().enumerate() {
        let own = if single { key.to_owned() } else { format!("{key}/{at}") };
        event.idempotency_key.get_or_insert(own);
    }
    Ok(())
}

/// The events of a body, and whether it is a batch.
fn read(object: &Object<'_>, events_max: usize) -> (Vec<Publish>, bool) {
    if !object.has("events") {
        for field in ONE.iter().filter(|field| field.required && !object.has(field.name)) {
            object.fault(field.name, format!("this field is needed: {}", field.doc));
        }
        return (event(object).into_iter().collect(), false);
    }
    for field in ONE.iter().filter(|field| object.has(field.name)) {
        object.fault(field.name, "give either one event or `events`, not both");
    }
    let items = object.items("events").unwrap_or_default();
    if items.is_empty() || items.len() > events_max {
        object.fault("events", format!("give 1 to {events_max} events"));
        return (Vec::new(), true);
    }
    let read = |item: &crate::http::form::Item<'_>| event(&item.object(ONE)?);
    (items.iter().filter_map(read).collect(), true)
}

fn event(object: &Object<'_>) -> Option<Publish> {
    let event_type = object.text("type");
    if event_type.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > TYPE_CHARS_MAX) {
        object.fault("type", format!("a type has 1 to {TYPE_CHARS_MAX} characters"));
    }
    let key = object.text("idempotency_key");
    if key.as_ref().is_some_and(|key| key.trim().is_empty() || key.chars().count() > KEY_CHARS_MAX) {
        object.fault("idempotency_key", format!("a key has 1 to {KEY_CHARS_MAX} characters"));
    }
    let headers = object.headers("headers").unwrap_or_default();
    let payload = match object.raw("payload") {
        Some(raw) => Bytes::copy_from_slice(raw.get().as_bytes()),
        None => Bytes::from_static(b"null"),
    };
    let lower = headers.0.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    Some(Publish {
        event_type: event_type?,
        content_type: "application/json".to_owned(),
        payload,
        idempotency_key: key,
        headers: Headers(lower.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::form::Form;
    use crate::http::form::Mode;

    fn check(body: &str, expected: Result<usize, &[&str]>) {
        let ((events, _), faults) =
            Form::read(body.as_bytes(), EVENTS, Mode::Whole, |object| read(object, 3)).unwrap();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        match expected {
            Ok(count) => assert_eq!((events.len(), pointers.len()), (count, 0), "{body}: {faults:?}"),
            Err(expected) => assert_eq!(pointers, expected, "{body}"),
        }
    }

    #[test]
    fn one_or_many() {
        check(r#"{"type":"a","payload":{}}"#, Ok(1));
        check(r#"{"type":"a","payload":null}"#, Ok(1));
        check(
            r#"{"events":[{"type":"a","payload":1},{"type":"b","payload":[],"idempotency_key":"k"}]}"#,
            Ok(2),
        );
        check(r#"{}"#, Err(&["/type", "/payload"]));
        check(r#"{"type":"","payload":1,"event":[]}"#, Err(&["/event", "/type"]));
        check(r#"{"type":"a","events":[]}"#, Err(&["/type", "/events"]));
        check(r#"{"events":[{"type":"a"},{"payload":1}]}"#, Err(&["/events/0/payload", "/events/1/type"]));
    }

    #[test]
    fn a_payload_keeps_its_bytes() {
        let body = br#"{"type":"a","payload": { "b" : 1.000, "b": 1e999 } }"#;
        let ((events, _), _) = Form::read(body, EVENTS, Mode::Whole, |object| read(object, 3)).unwrap();
        assert_eq!(events[0].payload.as_ref(), br#"{ "b" : 1.000, "b": 1e999 }"#);
    }
}
