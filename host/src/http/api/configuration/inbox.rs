//! `/v1/destinations/{destination}/requests`: what an inbox has got.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::destination::DestinationKind;
use crate::domain::destination::InboxRequest;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageQuery;
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
use crate::http::request::not_found;
use crate::http::view::PageView;

/// A request as a receiver would have got it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboxRequestView {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// When it came.
    pub received_at: Timestamp,
    /// The event's type after the steps.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its method.
    pub method: String,
    /// Its path, where a mapping made one.
    #[schema(required = true)]
    pub path: Option<String>,
    /// Its headers, the signature's among them. The value of one that is a credential is shown as `[secret]`.
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
    Routes::default().add(Door::read(), routes!(list))
}

/// Lists what an inbox has got: the newest 500 requests and 32 MiB of a workspace are kept, as long as events are.
#[utoipa::path(
    get,
    path = "/v1/destinations/{destination}/requests",
    params(("destination" = String, Path, description = "Its id or name."), PageQuery),
    responses((status = 200, body = PageView<InboxRequestView>)),
)]
async fn list(
    call: Call,
    PathParams(destination): PathParams<String>,
    query: QueryParams<PageQuery>,
) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot().clone();
    let found = snapshot.documents.destinations.find(workspace, &destination);
    let found = found.ok_or_else(|| not_found("destination", &destination))?;
    let kind = found.endpoint.kind();
    if kind != DestinationKind::Inbox {
        let detail = format!(
            "`{destination}` is of the kind `{}`, and only an inbox keeps what it gets; its deliveries are at /v1/deliveries?destination={destination}",
            kind.name()
        );
        return Err(Problem::new(Kind::NotFound, detail));
    }
    let page = call.delivery.inbox(workspace, found.id, page.before, page.limit).await?;
    let items = page.items.into_iter().map(show).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|order| Cursor(order).show()) }))
}

fn show(request: InboxRequest) -> InboxRequestView {
    let body = payload::show(&request.payload);
    InboxRequestView {
        delivery: request.delivery,
        received_at: request.received_at,
        event_type: request.event_type,
        method: request.method,
        path: request.path,
        headers: parts::headers_view(&request.headers),
        payload: body.payload,
        payload_base64: body.base64,
    }
}
