//! `/v1/sources/{source}/rejections` and `/samples`: what a source turned away and why, and what it
//! took lately.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::plan::Rejection;
use crate::domain::time::Timestamp;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::not_found;
use crate::http::view::PageView;
use crate::insight::Insight;
use crate::store::EventQuery;

/// A request that was turned away at a source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectionView {
    /// Its id.
    pub id: RejectionId,
    /// When it came.
    pub at: Timestamp,
    /// The status it got.
    pub status: u16,
    /// The cause, a stable name such as `bad_signature`.
    pub code: String,
    /// The cause in words.
    pub detail: String,
    /// Its headers, without those that carry credentials.
    pub headers: Vec<HeaderView>,
    /// Its body as JSON or text, at most 16 KiB.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// Its body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
}

/// An event a source took lately, as an example of what comes in there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SampleView {
    /// The event.
    pub event: EventId,
    /// When it came.
    pub at: Timestamp,
    /// Its type.
    pub r#type: String,
    /// Its media type.
    pub content_type: String,
    /// Its headers, without those that carry credentials.
    pub headers: Vec<HeaderView>,
    /// Its body as JSON or text.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// Its body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(rejections)).add(Door::read(), routes!(samples))
}

fn source_of(call: &Call, source: &str) -> Result<SourceId, Problem> {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.sources.find(call.workspace()?, source);
    found.map(|found| found.id).ok_or_else(|| not_found("source", source))
}

/// Lists requests that were turned away, with the cause.
#[utoipa::path(
    get,
    path = "/v1/sources/{source}/rejections",
    params(("source" = String, Path, description = "Its id or name."), PageQuery),
    responses((status = 200, body = PageView<RejectionView>)),
)]
async fn rejections(
    call: Call,
    PathParams(source): PathParams<String>,
    query: QueryParams<PageQuery>,
) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let (limit, before) = (page.limit, page.before.map(RejectionId::from_bits));
    let page = call.insight.rejections(workspace, source_of(&call, &source)?, before, limit).await?;
    let items = page.items.iter().map(|rejection| show_rejection(&call.insight, rejection)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| Cursor(id.bits()).show()) }))
}

fn show_rejection(insight: &Insight, rejection: &Rejection) -> RejectionView {
    let headers = insight.shown_headers(Some(rejection.source), &rejection.headers);
    let body = payload::show(&rejection.body);
    RejectionView {
        id: rejection.id,
        at: rejection.at,
        status: rejection.status,
        code: rejection.code.clone(),
        detail: rejection.detail.clone(),
        headers: parts::headers_view(&headers),
        payload: body.payload,
        payload_base64: body.base64,
    }
}

/// Lists what came in lately, whole.
#[utoipa::path(
    get,
    path = "/v1/sources/{source}/samples",
    params(("source" = String, Path, description = "Its id or name."), PageQuery),
    responses((status = 200, body = PageView<SampleView>)),
)]
async fn samples(
    call: Call,
    PathParams(source): PathParams<String>,
    query: QueryParams<PageQuery>,
) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let query = EventQuery {
        source: Some(source_of(&call, &source)?),
        before: page.before.map(EventId::from_bits),
        ..EventQuery::all(workspace, page.limit)
    };
    let page = call.insight.events(query).await?;
    let items = page.items.iter().map(|event| show_sample(&call.insight, event)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| Cursor(id.bits()).show()) }))
}

fn show_sample(insight: &Insight, event: &Event) -> SampleView {
    let headers = insight.shown_headers(event.data.source, &event.data.headers);
    let body = payload::show(&event.data.body);
    SampleView {
        event: event.id,
        at: event.data.received_at,
        r#type: event.data.event_type.as_ref().to_owned(),
        content_type: event.data.content_type.as_ref().to_owned(),
        headers: parts::headers_view(&headers),
        payload: body.payload,
        payload_base64: body.base64,
    }
}
