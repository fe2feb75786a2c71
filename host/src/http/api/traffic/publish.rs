//! `POST /v1/events`: events from the user's own application, one or a batch; and one event again.

use bytes::Bytes;
use http::HeaderMap;
use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::FieldFault;
use crate::http::api::parts;
use crate::http::api::parts::HeadersBody;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::view::AcceptedView;
use crate::pipeline::Publish;
use crate::store::Accepted;

/// Characters of a type and of an idempotency key.
const KEY_CHARS_MAX: usize = 255;

/// An event of the user's own application.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventBody {
    /// The event's type, such as `contact.created`.
    #[schema(required = true, min_length = 1, max_length = 200, nullable = false)]
    r#type: Option<String>,
    /// The body; any JSON. Its bytes are kept as they are.
    #[serde(default, deserialize_with = "parts::present")]
    #[schema(required = true, value_type = serde_json::Value)]
    payload: Option<Box<RawValue>>,
    /// A second event with the same key is a copy of the first.
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    idempotency_key: Option<String>,
    /// Kept with the event, save those that carry credentials, and visible to its steps.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    headers: Option<HeadersBody>,
}

/// One event; or several, with `events` and nothing else.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsBody {
    /// The event's type, such as `contact.created`.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    r#type: Option<String>,
    /// The body; any JSON. Its bytes are kept as they are.
    #[serde(default, deserialize_with = "parts::present")]
    #[schema(value_type = serde_json::Value, required = false)]
    payload: Option<Box<RawValue>>,
    /// A second event with the same key is a copy of the first.
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    idempotency_key: Option<String>,
    /// Kept with the event, save those that carry credentials, and visible to its steps.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    headers: Option<HeadersBody>,
    /// Several events instead: stored all or none.
    #[schema(value_type = Option<Vec<EventBody>>, min_items = 1, nullable = false)]
    events: Option<Vec<Option<EventBody>>>,
}

/// Events that were taken, in the order they were given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedBatchView {
    /// One per event.
    pub events: Vec<AcceptedView>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::ingest().at_once(), routes!(publish))
        .add(Door::write().remembered(), routes!(replay))
}

/// One event's answer, or that of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum TakenView {
    /// Of one event.
    One(AcceptedView),
    /// Of a batch.
    Batch(AcceptedBatchView),
}

/// Takes a copy of an event in; its steps run as they are now.
#[utoipa::path(
    post,
    path = "/v1/events/{event}/replay",
    params(("event" = String, Path, description = "Its id.")),
    responses((status = 202, body = AcceptedView)),
)]
async fn replay(call: Call, PathParams(event): PathParams<String>) -> Answer {
    let accepted = call.pipeline.replay_event(call.workspace()?, id("event", &event)?).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &show(accepted)))
}

/// Publishes an event, or several with `events`; the header `Idempotency-Key` is the event's key.
#[utoipa::path(
    post,
    path = "/v1/events",
    request_body = EventsBody,
    responses((status = 202, body = TakenView)),
)]
async fn publish(call: Call, headers: HeaderMap, body: JsonBody<EventsBody>) -> Answer {
    let most = call.site.limits.body_bytes_max;
    let events_max = call.control.limits().events_per_request_max;
    let ((mut events, batch), faults) = body.map(|body, faults| read(body, events_max, faults));
    if events.iter().any(|event| event.payload.len() as u64 > most) {
        return Err(Problem::new(Kind::TooLarge, format!("a payload has at most {most} bytes")));
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(Kind::InvalidEvent, faults));
    }
    with_header_key(&headers, &mut events)?;
    let accepted = call.pipeline.publish(call.principal()?, events).await?;
    let mut views = accepted.into_iter().map(show);
    let view = match batch {
        true => TakenView::Batch(AcceptedBatchView { events: views.collect() }),
        false => TakenView::One(
            views.next().ok_or_else(|| Problem::new(Kind::Internal, "the store answered nothing"))?,
        ),
    };
    Ok(reply::json(StatusCode::ACCEPTED, &view))
}

fn show(accepted: Accepted) -> AcceptedView {
    AcceptedView { id: accepted.id, duplicate: accepted.duplicate.then_some(true) }
}

/// The header's key is the event's; the events of a batch get it with their place.
fn with_header_key(headers: &HeaderMap, events: &mut [Publish]) -> Result<(), Problem> {
    let Some(header) = headers.get("idempotency-key") else { return Ok(()) };
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
fn read(body: EventsBody, events_max: usize, faults: &mut RequestFaults) -> (Vec<Publish>, bool) {
    let EventsBody { r#type, payload, idempotency_key, headers, events } = body;
    let fields = [r#type.is_some(), payload.is_some(), idempotency_key.is_some(), headers.is_some()];
    let one = EventBody { r#type, payload, idempotency_key, headers };
    if events.is_none() && !faults.has_below("/events") {
        for (name, is_there) in [("type", fields[0]), ("payload", fields[1])] {
            if !is_there {
                faults.missing(format!("/{name}"), "this field is needed, of one event");
            }
        }
        return (one.read("", faults).into_iter().collect(), false);
    }
    let names = ["type", "payload", "idempotency_key", "headers"];
    for (name, _) in names.into_iter().zip(fields).filter(|(_, is_there)| *is_there) {
        faults.add(format!("/{name}"), "give either one event or `events`, not both");
    }
    let events = events.unwrap_or_default();
    if events.len() > events_max {
        faults.add("/events", format!("give 1 to {events_max} events"));
        return (Vec::new(), true);
    }
    let read = |(at, event): (usize, Option<EventBody>)| event?.read(&format!("/events/{at}"), faults);
    (events.into_iter().enumerate().filter_map(read).collect(), true)
}

impl EventBody {
    fn read(self, pointer: &str, faults: &mut RequestFaults) -> Option<Publish> {
        if self.idempotency_key.as_ref().is_some_and(|key| key.trim().is_empty()) {
            let detail = format!("a key has 1 to {KEY_CHARS_MAX} characters");
            faults.add(format!("{pointer}/idempotency_key"), detail);
        }
        let headers = parts::lower_headers(self.headers, &format!("{pointer}/headers"), faults);
        let payload = match self.payload {
            Some(raw) => Bytes::from(Box::<str>::from(raw).into_boxed_bytes()),
            None => Bytes::from_static(b"null"),
        };
        Some(Publish {
            event_type: self.r#type?,
            content_type: "application/json".to_owned(),
            payload,
            idempotency_key: self.idempotency_key,
            headers,
            place: format!("{pointer}/payload"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::Shapes;

    fn of(body: &str) -> ((Vec<Publish>, bool), Vec<FieldFault>) {
        let (body, mut faults) = Shapes::default().read::<EventsBody>(body).unwrap();
        let made = read(body, 3, &mut faults);
        (made, faults.into_inner())
    }

    fn check(body: &str, expected: Result<usize, &[&str]>) {
        let ((events, _), faults) = of(body);
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
        check(r#"{"type":"","payload":1,"event":[]}"#, Err(&["/type", "/event"]));
        check(r#"{"type":"a","events":[]}"#, Err(&["/events", "/type"]));
        check(r#"{"events":[{"type":"a"},{"payload":1}]}"#, Err(&["/events/0/payload", "/events/1/type"]));
    }

    #[test]
    fn a_payload_keeps_its_bytes() {
        let body = r#"{"type":"a","payload": { "b" : 1.000, "b": 1e999 } }"#;
        let ((events, _), _) = of(body);
        assert_eq!(events[0].payload.as_ref(), br#"{ "b" : 1.000, "b": 1e999 }"#);
    }
}
