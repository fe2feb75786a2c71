//! What happens to a delivery next. The heart: no input or output, no clock, no randomness.

use std::time::Duration;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::rules::backoff;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The receiver answered.
    Answered {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    Broke {
        /// Why.
        code: ErrorCode,
    },
    /// The rules for outgoing requests forbid it.
    EgressRefused,
    /// It could not be made or signed.
    StepFailed,
    /// Somebody cancelled it.
    Cancelled,
    /// Somebody wants it sent again.
    RetriedByHand,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Another attempt is due then.
    WakeAt(Timestamp),
    /// The receiver is gone for good: hold what waits for it.
    PauseDestination,
}

/// What the decision depends on besides state and input.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// The schedule.
    pub policy: &'a RetryPolicy,
    /// Attempts of this schedule, the one that just ended included.
    pub attempts: u32,
    /// The present instant.
    pub now: Timestamp,
    /// Chance for jitter, 0 up to 1.
    pub jitter: f64,
}

/// The next state and what to do. Terminal states are left only by hand.
pub fn step(state: DeliveryState, input: Input, cx: &Cx<'_>) -> (DeliveryState, Vec<Effect>) {
    use DeliveryState::{Cancelled, Delivered, Failed, FailedByGateway, Pending};
    match (state.is_terminal(), input) {
        (_, Input::RetriedByHand) => (Pending, vec![Effect::WakeAt(cx.now)]),
        // News about a delivery that has ended changes nothing.
        (true, _) => (state, Vec::new()),
        (false, Input::Cancelled) => (Cancelled, Vec::new()),
        (false, Input::EgressRefused | Input::StepFailed) => (FailedByGateway, Vec::new()),
        (false, Input::Answered { status: 200..=299, .. }) => (Delivered, Vec::new()),
        (false, Input::Answered { status: 410, .. }) => (Failed, vec![Effect::PauseDestination]),
        (false, Input::Answered { status, retry_after }) if is_retried(cx.policy, status) => {
            again(cx, retry_after)
        }
        (false, Input::Answered { .. }) => (Failed, Vec::new()),
        (false, Input::Broke { .. }) => again(cx, None),
    }
}

fn is_retried(policy: &RetryPolicy, status: u16) -> bool {
    match &policy.statuses {
        Some(ranges) => ranges.iter().any(|range| (range.from..=range.to).contains(&status)),
        None => true,
    }
}

/// Waits for the longer of schedule and what the receiver asked for, or gives up.
fn again(cx: &Cx<'_>, retry_after: Option<Duration>) -> (DeliveryState, Vec<Effect>) {
    match backoff::delay(cx.policy, cx.attempts, cx.jitter) {
        Some(delay) => {
            let delay = delay.max(retry_after.unwrap_or_default());
            (DeliveryState::Retrying, vec![Effect::WakeAt(cx.now.plus(delay))])
        }
        None => (DeliveryState::Failed, Vec::new()),
    }
}
