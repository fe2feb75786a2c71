//! `/v1/events`: what came in. Not here: publishing (`publish`), the trace (`trace`).

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::snapshot::Documents;
use crate::domain::event::Event;
use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageRequest;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::Anything;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::store::EventQuery;

/// Which events a list has.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only from this source.
    #[param(nullable = false)]
    source: Option<String>,
    /// Only of this type.
    #[param(nullable = false)]
    r#type: Option<String>,
    /// Received at or after.
    #[param(inline, nullable = false)]
    since: Option<Timestamp>,
    /// Received before.
    #[param(inline, nullable = false)]
    until: Option<Timestamp>,
    /// Only those that came in after this one. It need not be there any more, and the order is that of storing: who
    /// keeps the newest id he has seen and asks again with it misses none and sees none twice.
    #[param(inline, nullable = false)]
    after: Option<EventId>,
    /// Items of a page, 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(inline, nullable = false)]
    cursor: Option<Cursor>,
}

/// An event, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its id.
    pub id: EventId,
    /// The source where it came in, `table:` and the name of a table that changed, or `alerts`; null when it was
    /// published through the API.
    #[schema(required = true)]
    pub source: Option<String>,
    /// Its type; empty when its source has no rule for it.
    pub r#type: String,
    /// The media type of its body.
    pub content_type: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// When it came in.
    pub received_at: Timestamp,
    /// What vouched for it: a scheme, `key`, `basic`, `api_key`, or nothing.
    pub verified_by: String,
}

/// The rest of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventContentView {
    /// The method of its request; empty when it was published through the API.
    pub method: String,
    /// What stood behind the source's URL, as it came; empty if nothing did.
    pub path: String,
    /// The query, as it came, without `?`; empty if there was none.
    pub query: String,
    /// Its headers, without those that carry credentials.
    pub headers: Vec<HeaderView>,
    /// Its body as JSON or text; null when it is neither.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// Its body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::read(), routes!(show_one))
        .add(Door::read().any_answer(), routes!(body))
}

/// Lists events.
#[utoipa::path(
    get,
    path = "/v1/events",
    params(EventsQuery),
    responses((status = 200, body = PageView<EventView>)),
)]
async fn list(call: Call, QueryParams { given, mut faults }: QueryParams<EventsQuery>) -> Answer {
    let workspace = call.workspace()?;
    let snapshot = call.control.snapshot().clone();
    let source = given
        .source
        .map(|wanted| snapshot.documents.origin_named(workspace, &wanted).or_else(|| wanted.parse().ok()));
    if source == Some(None) {
        faults.add("/source", "there is no such source in this workspace");
    }
    faults.done(Kind::InvalidQuery)?;
    let page = PageRequest::new(given.limit, given.cursor);
    let query = EventQuery {
        workspace,
        source: source.flatten(),
        event_type: given.r#type,
        since: given.since,
        until: given.until,
        after: given.after,
        before: page.before.map(EventId::from_bits),
        limit: page.limit,
    };
    let page = call.insight.events(query).await?;
    let items = page.items.iter().map(|event| show(event, &snapshot.documents)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| Cursor(id.bits()).show()) }))
}

fn show(event: &Event, documents: &Documents) -> EventView {
    let data = &event.data;
    EventView {
        id: event.id,
        source: data.source.map(|origin| documents.origin_text(origin)),
        r#type: data.event_type.as_ref().to_owned(),
        content_type: data.content_type.as_ref().to_owned(),
        bytes: data.body.len() as u64,
        received_at: data.received_at,
        verified_by: data.verified_by.as_ref().to_owned(),
    }
}

async fn find(call: &Call, event: &str) -> Result<Event, Problem> {
    let found = call.insight.event(call.workspace()?, id("event", event)?).await?;
    found.ok_or_else(|| not_found("event", event))
}

/// Shows an event.
#[utoipa::path(
    get,
    path = "/v1/events/{event}",
    params(("event" = String, Path, description = "Its id.")),
    responses((status = 200, body = Extended<EventView, EventContentView>)),
)]
async fn show_one(call: Call, PathParams(event): PathParams<String>) -> Answer {
    let event = find(&call, &event).await?;
    let body = payload::show(&event.data.body);
    let RequestLine { method, path, query } = event.data.request.clone();
    let more = EventContentView {
        method,
        path,
        query,
        headers: parts::headers_view(&call.insight.shown_headers(event.data.source, &event.data.headers)),
        payload: body.payload,
        payload_base64: body.base64,
    };
    Ok(reply::ok(&Extended { base: show(&event, &call.control.snapshot().documents), more }))
}

/// The body of an event, byte for byte as it came.
#[utoipa::path(
    get,
    path = "/v1/events/{event}/body",
    params(("event" = String, Path, description = "Its id.")),
    responses((status = 200, body = inline(Anything), content_type = "*/*")),
)]
async fn body(call: Call, PathParams(event): PathParams<String>) -> Answer {
    let event = find(&call, &event).await?;
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
