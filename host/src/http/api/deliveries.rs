//! `/v1/deliveries`. Not here: their attempts (`attempts`).

use serde_json::value::RawValue;

use crate::control::snapshot::Resource;
use crate::control::snapshot::Table;
use crate::delivery::blank_query;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
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
use crate::http::query::Params;
use crate::http::query::cursor;
use crate::http::reply;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;

const ERRORS: [ErrorCode; 9] = [
    ErrorCode::DnsFailed,
    ErrorCode::ConnectionRefused,
    ErrorCode::ConnectionFailed,
    ErrorCode::TlsFailed,
    ErrorCode::Timeout,
    ErrorCode::BadResponse,
    ErrorCode::Status,
    ErrorCode::EgressRefused,
    ErrorCode::StepFailed,
];

const FILTERS: &[Field] = &[
    field("event", Shape::Text, "Only of this event."),
    field("connection", Shape::Text, "Only by this connection."),
    field("destination", Shape::Text, "Only to this destination."),
    field("source", Shape::Text, "Only of events from this source."),
    field("event_type", Shape::Text, "Only of events of this type."),
    field("state", Shape::Choice(&DeliveryState::NAMES), "Only in this state."),
    field("status", Shape::Whole, "Only with this status in the last attempt."),
    field("error", Shape::Text, "Only with this error code in the last attempt."),
    field("since", Shape::Time, "Only of events received at or after."),
    field("until", Shape::Time, "Only of events received before."),
    LIMIT_FIELD,
    CURSOR_FIELD,
];

view! {
    /// One payload on its way to one destination.
    DeliveryView {
        /// Its id.
        id: DeliveryId,
        /// The event it came from.
        event: EventId,
        /// By which connection.
        connection: ConnectionId,
        /// Where to.
        destination: DestinationId,
        /// Where the event came in; null when it was published through the API.
        source: Option<SourceId>,
        /// The event's type.
        event_type: String,
        /// Where it stands.
        state: DeliveryState,
        /// Attempts made.
        attempts: u8,
        /// When the next one is due.
        next_attempt_at: Option<Timestamp>,
        /// The status of the last attempt.
        status: Option<u16>,
        /// The error code of the last attempt.
        error: Option<&'static str>,
        /// When the event came in.
        created_at: Timestamp,
        /// When the last attempt began.
        last_attempt_at: Option<Timestamp>,
    }

    /// What every attempt of a delivery sends.
    RequestView {
        /// The event's type after the steps.
        event_type: String,
        /// The method, if a mapping gave one.
        method: Option<String>,
        /// The path, if a mapping gave one.
        path: Option<String>,
        /// The media type.
        content_type: String,
        /// Headers the steps added.
        headers: Vec<HeaderView>,
        /// The body as JSON or text; null when it is neither.
        payload: Option<Box<RawValue>>,
        /// The body, if it is no text.
        ["Option::is_none"] payload_base64: Option<String>,
    }

    /// The rest of a delivery.
    DeliveryContentView {
        /// What every attempt sends; null when the event has expired, or no step has made a payload for it.
        request: Option<RequestView>,
        /// Whether the bytes were made again and are proven to be those that were planned; null when they were kept.
        proven: Option<bool>,
        /// Why it is held and what to do about it; null when it is not.
        held_reason: Option<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/deliveries", "Lists deliveries.", |call| Box::pin(list(call)))
            .query(FILTERS)
            .output(200, Output::Json(PageView::<DeliveryView>::describe)),
        Endpoint::get("/v1/deliveries/{delivery}", "Shows a delivery and the bytes it sends.", |call| {
            Box::pin(show_one(call))
        })
        .output(200, Output::Json(Extended::<DeliveryView, DeliveryContentView>::describe)),
        Endpoint::post(
            "/v1/deliveries/{delivery}/retry",
            "Sends a delivery again: the same bytes, a fresh schedule. Where there are none that were planned and can be proven, its steps run first, under the configuration in force.",
            |call| Box::pin(retry(call)),
        )
        .output(200, Output::Json(DeliveryView::describe)),
        Endpoint::post("/v1/deliveries/{delivery}/cancel", "Ends a delivery that waits.", |call| {
            Box::pin(cancel(call))
        })
        .output(200, Output::Json(DeliveryView::describe)),
    ]
}

/// The id of what a parameter names; also of something that is gone, by its id.
fn named<T: Resource>(
    params: &Params<'_>,
    name: &str,
    table: &Table<T>,
    call: &Call,
) -> Result<Option<T::Id>, Problem> {
    let Some(wanted) = params.text(name) else { return Ok(None) };
    let found = table.find(call.workspace()?, wanted).map(|found| found.id()).or_else(|| wanted.parse().ok());
    if found.is_none() {
        params.fault(name, format!("there is no {} `{wanted}` in this workspace", T::KIND));
    }
    Ok(found)
}

async fn list(call: Call) -> Answer {
    let params = call.params();
    let snapshot = call.control().snapshot().clone();
    let documents = &snapshot.documents;
    let states = DeliveryState::ALL.map(|state| (state.name(), state));
    let errors = ERRORS.map(|code| (code.name(), code));
    let query = DeliveryQuery {
        event: params.parsed("event"),
        source: named(&params, "source", &documents.sources, &call)?,
        connection: named(&params, "connection", &documents.connections, &call)?,
        destination: named(&params, "destination", &documents.destinations, &call)?,
        event_type: params.text("event_type").map(str::to_owned),
        state: params.choice("state", &states),
        status: params.parsed("status"),
        error_code: params.choice("error", &errors),
        since: params.parsed("since"),
        until: params.parsed("until"),
        before: params.cursor().map(DeliveryId::from_bits),
        limit: params.limit(),
        ..blank_query(call.workspace()?)
    };
    params.done()?;
    let page = call.delivery().deliveries(query).await?;
    let items = page.items.iter().map(show).collect();
    Ok(reply::ok(&PageView { items, next_cursor: page.next.map(|id| cursor(id.bits())) }))
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

async fn show_one(call: Call) -> Answer {
    let found = call.insight().delivery_detail(call.workspace()?, call.id("delivery", "delivery")?).await?;
    let detail = found.ok_or_else(|| Call::not_found("delivery", call.path("delivery")))?;
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

async fn retry(call: Call) -> Answer {
    let summary = call.delivery().retry(call.workspace()?, call.id("delivery", "delivery")?).await?;
    Ok(reply::ok(&show(&summary)))
}

async fn cancel(call: Call) -> Answer {
    let summary = call.delivery().cancel(call.workspace()?, call.id("delivery", "delivery")?).await?;
    Ok(reply::ok(&show(&summary)))
}
