//! `/v1/deliveries`. Not here: their attempts (`attempts`).

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa_axum::routes;

use crate::control::snapshot::Collection;
use crate::control::snapshot::Resource;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageRequest;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::schema::one_of;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;

const ERRORS: [ErrorCode; 12] = [
    ErrorCode::DnsFailed,
    ErrorCode::ConnectionRefused,
    ErrorCode::ConnectionFailed,
    ErrorCode::TlsFailed,
    ErrorCode::Timeout,
    ErrorCode::BadResponse,
    ErrorCode::Status,
    ErrorCode::EgressRefused,
    ErrorCode::StepFailed,
    ErrorCode::RowRefused,
    ErrorCode::BodyRefused,
    ErrorCode::RefusedInBatch,
];

fn error_codes() -> RefOr<Schema> {
    one_of("Only with this error code in the last attempt.", &ERRORS.map(ErrorCode::name))
}

/// Which deliveries a list has.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only of this event.
    #[param(inline, nullable = false)]
    event: Option<EventId>,
    /// Only by this connection.
    #[param(nullable = false)]
    connection: Option<String>,
    /// Only to this destination.
    #[param(nullable = false)]
    destination: Option<String>,
    /// Only of events from this source.
    #[param(nullable = false)]
    source: Option<String>,
    /// Only of events of this type.
    #[param(nullable = false)]
    event_type: Option<String>,
    /// Only in this state.
    #[param(inline, nullable = false)]
    state: Option<DeliveryState>,
    /// Only with this status in the last attempt.
    #[param(nullable = false, maximum = 65535)]
    status: Option<u16>,
    /// Only with this error code in the last attempt.
    #[param(schema_with = error_codes)]
    error: Option<String>,
    /// Only of events received at or after.
    #[param(inline, nullable = false)]
    since: Option<Timestamp>,
    /// Only of events received before.
    #[param(inline, nullable = false)]
    until: Option<Timestamp>,
    /// Items of a page, 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(inline, nullable = false)]
    cursor: Option<Cursor>,
}

/// One payload on its way to one destination.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// The event it came from.
    pub event: EventId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Where to.
    pub destination: DestinationId,
    /// Where the event came in; null when it was published through the API.
    #[schema(required = true)]
    pub source: Option<SourceId>,
    /// The event's type.
    pub event_type: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u8,
    /// When the next one is due.
    #[schema(required = true)]
    pub next_attempt_at: Option<Timestamp>,
    /// The status of the last attempt.
    #[schema(required = true)]
    pub status: Option<u16>,
    /// The error code of the last attempt.
    #[schema(required = true)]
    pub error: Option<&'static str>,
    /// When the event came in.
    pub created_at: Timestamp,
    /// When the last attempt began.
    #[schema(required = true)]
    pub last_attempt_at: Option<Timestamp>,
}

/// What every attempt of a delivery sends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// The event's type after the steps.
    pub event_type: String,
    /// The method, if a mapping gave one.
    #[schema(required = true)]
    pub method: Option<String>,
    /// The path, if a mapping gave one.
    #[schema(required = true)]
    pub path: Option<String>,
    /// The media type.
    pub content_type: String,
    /// Headers the steps added.
    pub headers: Vec<HeaderView>,
    /// The body as JSON or text; null when it is neither.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// The body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
}

/// The rest of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryContentView {
    /// What every attempt sends; null when the event has expired, or no step has made a payload for it.
    #[schema(required = true)]
    pub request: Option<RequestView>,
    /// Whether the bytes were made again and are proven to be those that were planned; null when they were kept.
    #[schema(required = true)]
    pub proven: Option<bool>,
    /// Why it is held and what to do about it; null when it is not.
    #[schema(required = true)]
    pub held_reason: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::read(), routes!(show_one))
        .add(Door::write().remembered(), routes!(retry))
        .add(Door::write().remembered(), routes!(cancel))
}

/// The id of what a parameter names; also of something that is gone, by its id.
fn named<T: Resource>(
    wanted: Option<&str>,
    name: &str,
    table: &Collection<T>,
    workspace: WorkspaceId,
    faults: &mut RequestFaults,
) -> Option<T::Id> {
    let wanted = wanted?;
    let found = table.find(workspace, wanted).map(|found| found.id()).or_else(|| wanted.parse().ok());
    if found.is_none() {
        faults.add(format!("/{name}"), format!("there is no {} `{wanted}` in this workspace", T::KIND));
    }
    found
}

/// Lists deliveries.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    params(DeliveriesQuery),
    responses((status = 200, body = PageView<DeliveryView>)),
)]
async fn list(call: Call, QueryParams { given, mut faults }: QueryParams<DeliveriesQuery>) -> Answer {
    let (workspace, told) = (call.workspace()?, &mut faults);
    let snapshot = call.control.snapshot().clone();
    let documents = &snapshot.documents;
    let source = given.source.as_deref().and_then(|wanted| {
        let origin = documents.origin_named(workspace, wanted);
        origin.or_else(|| named(Some(wanted), "source", &documents.sources, workspace, told))
    });
    let connection =
        named(given.connection.as_deref(), "connection", &documents.connections, workspace, told);
    let destination =
        named(given.destination.as_deref(), "destination", &documents.destinations, workspace, told);
    faults.done(Kind::InvalidQuery)?;
    let page = PageRequest::new(given.limit, given.cursor);
    let error_code = given.error.and_then(|error| ERRORS.into_iter().find(|code| code.name() == error));
    let query = DeliveryQuery {
        event: given.event,
        source,
        connection,
        destination,
        event_type: given.event_type,
        state: given.state,
        status: given.status,
        error_code,
        since: given.since,
        until: given.until,
        before: page.before.map(DeliveryId::from_bits),
        ..DeliveryQuery::all(workspace, page.limit)
    };
    let page = call.delivery.deliveries(query).await?;
    let items = page.items.iter().map(show).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| Cursor(id.bits()).show()) }))
}

fn show(summary: &DeliverySummary) -> DeliveryView {
    DeliveryView {
        id: summary.id,
        event: summary.id.event(),
        connection: summary.connection,
        destination: summary.destination,
        source: summary.source,
        event_type: summary.event_type.as_ref().to_owned(),
        state: summary.state,
        attempts: summary.attempts,
        next_attempt_at: summary.next_attempt_at,
        status: summary.status,
        error: summary.error_code.map(ErrorCode::name),
        created_at: summary.created_at,
        last_attempt_at: summary.last_attempt_at,
    }
}

/// Shows a delivery and the bytes it sends.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{delivery}",
    params(("delivery" = String, Path, description = "Its id.")),
    responses((status = 200, body = Extended<DeliveryView, DeliveryContentView>)),
)]
async fn show_one(call: Call, PathParams(delivery): PathParams<String>) -> Answer {
    let found = call.insight.delivery_detail(call.workspace()?, id("delivery", &delivery)?).await?;
    let detail = found.ok_or_else(|| not_found("delivery", &delivery))?;
    let request = detail.bytes.map(|bytes| {
        let body = payload::show(&bytes.payload);
        RequestView {
            event_type: bytes.event_type,
            method: bytes.method,
            path: bytes.path,
            content_type: bytes.content_type,
            headers: parts::headers_view(&bytes.headers),
            payload: body.payload,
            payload_base64: body.base64,
        }
    });
    let more = DeliveryContentView { request, proven: detail.proven, held_reason: detail.held };
    Ok(reply::ok(&Extended { base: show(&detail.summary), more }))
}

/// Sends a delivery again: the same bytes, a fresh schedule. Where there are none that were planned and can be proven, its steps run first, under the configuration in force.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{delivery}/retry",
    params(("delivery" = String, Path, description = "Its id.")),
    responses((status = 200, body = DeliveryView)),
)]
async fn retry(call: Call, PathParams(delivery): PathParams<String>) -> Answer {
    let summary = call.delivery.retry(call.workspace()?, id("delivery", &delivery)?).await?;
    Ok(reply::ok(&show(&summary)))
}

/// Ends a delivery that waits.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{delivery}/cancel",
    params(("delivery" = String, Path, description = "Its id.")),
    responses((status = 200, body = DeliveryView)),
)]
async fn cancel(call: Call, PathParams(delivery): PathParams<String>) -> Answer {
    let summary = call.delivery.cancel(call.workspace()?, id("delivery", &delivery)?).await?;
    Ok(reply::ok(&show(&summary)))
}
