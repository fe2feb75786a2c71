//! `/v1/events`: what came in. Not here: publishing (`publish`), the trace (`trace`).

use serde_json::value::RawValue;

use crate::domain::event::Event;
use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::problem::Problem;
use crate::http::query::CURSOR_FIELD;
use crate::http::query::LIMIT_FIELD;
use crate::http::query::cursor;
use crate::http::reply;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;
use crate::store::EventQuery;

const FILTERS: &[Field] = &[
    field("source", Shape::Text, "Only from this source."),
    field("type", Shape::Text, "Only of this type."),
    field("since", Shape::Time, "Received at or after."),
    field("until", Shape::Time, "Received before."),
    LIMIT_FIELD,
    CURSOR_FIELD,
];

view! {
    /// An event, as lists show it.
    EventView {
        /// Its id.
        id: EventId,
        /// Where it came in; null when it was published through the API.
        source: Option<SourceId>,
        /// Its type; empty when its source has no rule for it.
        r#type: String,
        /// The media type of its body.
        content_type: String,
        /// Bytes of its body.
        bytes: u64,
        /// When it came in.
        received_at: Timestamp,
        /// What vouched for it: a scheme, `key`, `basic`, `api_key`, or nothing.
        verified_by: String,
    }

    /// The rest of an event.
    EventContentView {
        /// The method of its request; empty when it was published through the API.
        method: String,
        /// What stood behind the source's URL, as it came; empty if nothing did.
        path: String,
        /// The query, as it came, without `?`; empty if there was none.
        query: String,
        /// Its headers, without those that carry credentials.
        headers: Vec<HeaderView>,
        /// Its body as JSON or text; null when it is neither.
        payload: Option<Box<RawValue>>,
        /// Its body, if it is no text.
        ["Option::is_none"] payload_base64: Option<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/events", "Lists events.", |call| Box::pin(list(call)))
            .query(FILTERS)
            .output(200, Output::Json(PageView::<EventView>::describe)),
        Endpoint::get("/v1/events/{event}", "Shows an event.", |call| Box::pin(show_one(call)))
            .output(200, Output::Json(Extended::<EventView, EventContentView>::describe)),
        Endpoint::get("/v1/events/{event}/body", "The body of an event, byte for byte as it came.", |call| {
            Box::pin(body(call))
        })
        .output(200, Output::Media("*/*")),
    ]
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot().clone();
    let source = params.text("source").map(|wanted| {
        let found = snapshot.documents.sources.find(workspace, wanted);
        found.map(|source| source.id).or_else(|| wanted.parse().ok())
    });
    if source == Some(None) {
        params.fault("source", "there is no such source in this workspace".to_owned());
    }
    let query = EventQuery {
        workspace,
        source: source.flatten(),
        event_type: params.text("type").map(str::to_owned),
        since: params.parsed("since"),
        until: params.parsed("until"),
        before: params.cursor().map(EventId::from_bits),
        limit: params.limit(),
    };
    params.done()?;
    let page = call.insight().events(query).await?;
    let items = page.items.iter().map(show).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| cursor(id.bits())) }))
}

fn show(event: &Event) -> EventView {
    let data = &event.data;
    EventView {
        id: event.id,
        source: data.source,
        r#type: data.event_type.as_ref().to_owned(),
        content_type: data.content_type.as_ref().to_owned(),
        bytes: data.body.len() as u64,
        received_at: data.received_at,
        verified_by: data.verified_by.as_ref().to_owned(),
    }
}

async fn find(call: &Call) -> Result<Event, Problem> {
    let found = call.insight().event(call.workspace()?, call.id("event", "event")?).await?;
    found.ok_or_else(|| Call::not_found("event", call.path("event")))
}

async fn show_one(call: Call) -> Answer {
    let event = find(&call).await?;
    let body = payload::show(&event.data.body);
    let RequestLine { method, path, query } = event.data.request.clone();
    let more = EventContentView {
        method,
        path,
        query,
        headers: parts::headers_view(&call.insight().shown_headers(event.data.source, &event.data.headers)),
        payload: body.payload,
        payload_base64: body.base64,
    };
    Ok(reply::ok(&Extended { base: show(&event), more }))
}

async fn body(call: Call) -> Answer {
    let event = find(&call).await?;
    let media = if event.data.content_type.is_empty() {
        "application/octet-stream"
    } else {
        &event.data.content_type
    };
    let mut response = reply::bytes(media, event.data.body.clone());
    // Whatever somebody sent in must not become a page of this server.
    let attachment = http::HeaderValue::from_static("attachment");
    response.headers_mut().insert(http::header::CONTENT_DISPOSITION, attachment);
    Ok(response)
}
