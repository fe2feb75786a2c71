//! `/v1/deliveries/{delivery}/attempts`: each request with its answer.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::Timings;
use crate::domain::id::AttemptId;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::PageView;

/// What a receiver answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseView {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<HeaderView>,
    /// The body as JSON or text, at most 16 KiB.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub body: Option<Box<RawValue>>,
    /// The body, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub body_base64: Option<String>,
    /// Whether there was more.
    pub truncated: bool,
    /// Why the rest of the body did not come, where the receiver broke it off. Its status counts all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cut: Option<String>,
}

/// Why an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// A stable name such as `timeout`, `status` or `connection_refused`.
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

/// How long the parts of an attempt took, in microseconds; 0 where a connection was there already.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimingsView {
    /// Looking the host up.
    pub dns_us: u32,
    /// Connecting, TLS included.
    pub connect_us: u32,
    /// From the request to the answer's first byte.
    pub first_byte_us: u32,
    /// In all.
    pub total_us: u32,
}

/// One request of a delivery and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// Its id.
    pub id: AttemptId,
    /// Counted from 1.
    pub number: u8,
    /// When it began.
    pub at: Timestamp,
    /// The state it led to.
    pub state: DeliveryState,
    /// The answer's status.
    #[schema(required = true)]
    pub status: Option<u16>,
    /// Why it failed; null when it did not.
    #[schema(required = true)]
    pub error: Option<ErrorView>,
    /// The answer.
    #[schema(required = true)]
    pub response: Option<ResponseView>,
    /// How long it took.
    pub timings: TimingsView,
    /// When the next one is due.
    #[schema(required = true)]
    pub next_attempt_at: Option<Timestamp>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(list))
}

/// Lists the attempts of a delivery, oldest first.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{delivery}/attempts",
    params(("delivery" = String, Path, description = "Its id.")),
    responses((status = 200, body = PageView<AttemptView>)),
)]
async fn list(call: Call, PathParams(delivery): PathParams<String>) -> Answer {
    let attempts = call.insight.attempts(call.workspace()?, id("delivery", &delivery)?).await?;
    let attempts = attempts.ok_or_else(|| not_found("delivery", &delivery))?;
    let items = attempts.iter().map(|entry| show(&entry.attempt)).collect();
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

fn show(attempt: &Attempt) -> AttemptView {
    let (response, error) = show_outcome(&attempt.outcome);
    AttemptView {
        id: attempt.id,
        number: attempt.id.number(),
        at: attempt.at,
        state: attempt.state,
        status: response.as_ref().map(|response| response.status),
        error,
        response,
        timings: show_timings(attempt.timings),
        next_attempt_at: attempt.next_attempt_at,
    }
}

/// What came back, and why that is a failure if it is one.
pub(in crate::http::api) fn show_outcome(
    outcome: &AttemptOutcome,
) -> (Option<ResponseView>, Option<ErrorView>) {
    match outcome {
        AttemptOutcome::Answered(response) => {
            let error = (!response.is_success()).then(|| ErrorView {
                code: "status",
                detail: format!("the receiver answered {}", response.status),
            });
            let body = payload::show(&response.body);
            let view = ResponseView {
                status: response.status,
                headers: parts::headers_view(&response.headers),
                body: body.payload,
                body_base64: body.base64,
                truncated: response.end != BodyEnd::Whole,
                cut: match &response.end {
                    BodyEnd::Broken(error) => Some(error.detail.clone()),
                    BodyEnd::Whole | BodyEnd::Longer => None,
                },
            };
            (Some(view), error)
        }
        AttemptOutcome::Broke(error) => {
            (None, Some(ErrorView { code: error.code.name(), detail: error.detail.clone() }))
        }
        AttemptOutcome::Kept => (None, None),
    }
}

/// How long the parts took.
pub(in crate::http::api) fn show_timings(timings: Timings) -> TimingsView {
    TimingsView {
        dns_us: timings.dns_us,
        connect_us: timings.connect_us,
        first_byte_us: timings.first_byte_us,
        total_us: timings.total_us,
    }
}
