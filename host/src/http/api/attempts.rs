//! `/v1/deliveries/{delivery}/attempts`: each request with its answer.

use serde_json::value::RawValue;

use crate::domain::delivery::Attempt;
use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::id::AttemptId;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

view! {
    /// What a receiver answered.
    ResponseView {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<HeaderView>,
        /// The body as JSON or text, at most 16 KiB.
        body: Option<Box<RawValue>>,
        /// The body, if it is no text.
        ["Option::is_none"] body_base64: Option<String>,
        /// Whether there was more.
        truncated: bool,
        /// Why the rest of the body did not come, where the receiver broke it off. Its status counts all the same.
        ["Option::is_none"] cut: Option<String>,
    }

    /// Why an attempt failed.
    ErrorView {
        /// A stable name such as `timeout`, `status` or `connection_refused`.
        code: &'static str,
        /// In words.
        detail: String,
    }

    /// How long the parts of an attempt took, in microseconds; 0 where a connection was there already.
    TimingsView {
        /// Looking the host up.
        dns_us: u32,
        /// Connecting, TLS included.
        connect_us: u32,
        /// From the request to the answer's first byte.
        first_byte_us: u32,
        /// In all.
        total_us: u32,
    }

    /// One request of a delivery and its answer.
    AttemptView {
        /// Its id.
        id: AttemptId,
        /// Counted from 1.
        number: u8,
        /// When it began.
        at: Timestamp,
        /// The state it led to.
        state: DeliveryState,
        /// The answer's status.
        status: Option<u16>,
        /// Why it failed; null when it did not.
        error: Option<ErrorView>,
        /// The answer.
        response: Option<ResponseView>,
        /// How long it took.
        timings: TimingsView,
        /// When the next one is due.
        next_attempt_at: Option<Timestamp>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/deliveries/{delivery}/attempts",
            "Lists the attempts of a delivery, oldest first.",
            |call| Box::pin(list(call)),
        )
        .output(200, Output::Json(PageView::<AttemptView>::describe)),
    ]
}

async fn list(call: Call) -> Answer {
    let attempts = call.insight().attempts(call.workspace()?, call.id("delivery", "delivery")?).await?;
    let attempts = attempts.ok_or_else(|| Call::not_found("delivery", call.path("delivery")))?;
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
pub(super) fn show_outcome(
    outcome: &Result<Response, SendError>,
) -> (Option<ResponseView>, Option<ErrorView>) {
    match outcome {
        Ok(response) => {
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
        Err(error) => (None, Some(ErrorView { code: error.code.name(), detail: error.detail.clone() })),
    }
}

/// How long the parts took.
pub(super) fn show_timings(timings: Timings) -> TimingsView {
    TimingsView {
        dns_us: timings.dns_us,
        connect_us: timings.connect_us,
        first_byte_us: timings.first_byte_us,
        total_us: timings.total_us,
    }
}
