//! `/v1/sources/{source}/rejections` and `/samples`: what a source turned away and why, and what it
//! took lately.

use serde_json::value::RawValue;

use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::plan::Rejection;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::problem::Problem;
use crate::http::query::LIST;
use crate::http::query::cursor;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;
use crate::insight::Insight;
use crate::store::EventQuery;

view! {
    /// A request that was turned away at a source.
    RejectionView {
        /// Its id.
        id: RejectionId,
        /// When it came.
        at: Timestamp,
        /// The status it got.
        status: u16,
        /// The cause, a stable name such as `bad_signature`.
        code: String,
        /// The cause in words.
        detail: String,
        /// Its headers, without those that carry credentials.
        headers: Vec<HeaderView>,
        /// Its body as JSON or text, at most 16 KiB.
        payload: Option<Box<RawValue>>,
        /// Its body, if it is no text.
        ["Option::is_none"] payload_base64: Option<String>,
    }

    /// An event a source took lately, as an example of what comes in there.
    SampleView {
        /// The event.
        event: EventId,
        /// When it came.
        at: Timestamp,
        /// Its type.
        r#type: String,
        /// Its media type.
        content_type: String,
        /// Its headers, without those that carry credentials.
        headers: Vec<HeaderView>,
        /// Its body as JSON or text.
        payload: Option<Box<RawValue>>,
        /// Its body, if it is no text.
        ["Option::is_none"] payload_base64: Option<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/sources/{source}/rejections",
            "Lists requests that were turned away, with the cause.",
            |call| Box::pin(rejections(call)),
        )
        .query(LIST)
        .output(200, Output::Json(PageView::<RejectionView>::describe)),
        Endpoint::get("/v1/sources/{source}/samples", "Lists what came in lately, whole.", |call| {
            Box::pin(samples(call))
        })
        .query(LIST)
        .output(200, Output::Json(PageView::<SampleView>::describe)),
    ]
}

fn source_of(call: &Call) -> Result<SourceId, Problem> {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.sources.find(call.workspace()?, call.path("source"));
    found.map(|source| source.id).ok_or_else(|| Call::not_found("source", call.path("source")))
}

async fn rejections(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let (limit, before) = (params.limit(), params.cursor().map(RejectionId::from_bits));
    params.done()?;
    let page = call.insight().rejections(workspace, source_of(&call)?, before, limit).await?;
    let items = page.items.iter().map(|rejection| show_rejection(call.insight(), rejection)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| cursor(id.bits())) }))
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

async fn samples(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let query = EventQuery {
        workspace,
        source: Some(source_of(&call)?),
        event_type: None,
        since: None,
        until: None,
        before: params.cursor().map(EventId::from_bits),
        limit: params.limit(),
    };
    params.done()?;
    let page = call.insight().events(query).await?;
    let items = page.items.iter().map(|event| show_sample(call.insight(), event)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| cursor(id.bits())) }))
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
