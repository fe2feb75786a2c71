//! The decision. A table: state and input to state and effects.

use std::time::Duration;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::StatusRange;
use crate::domain::time::Timestamp;
use crate::rules::backoff;
use crate::rules::backoff::RETRY_AFTER_MAX;

/// What was asked for will never be there again.
const GONE: u16 = 410;

/// What a request went to: what an answer such as 410 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The destination's own URL.
    Destination,
    /// Another path there, which a mapping made from the payload: one record of many.
    Record,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleInput {
    /// The receiver answered.
    Answered {
        /// The status.
        status: u16,
        /// What the request went to.
        asked: Asked,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// What it went to is hookmill's own, and has it.
    Taken,
    /// There was no answer.
    Broke {
        /// Why.
        code: ErrorCode,
    },
    /// The rules for outgoing requests forbid it.
    EgressRefused,
    /// It could not be made or signed.
    StepFailed,
    /// Its bytes cannot be made as they were planned.
    Unmade,
    /// It was held, and now its steps have made its payload.
    StepsMade,
    /// It was held, and now its steps have dropped the event.
    StepsDropped,
    /// Somebody cancelled it, or what it was for is gone.
    Cancelled,
    /// Somebody wants it sent again.
    RetriedByHand {
        /// Whether its steps have to run first: there are no bytes that were planned, or nobody can make them again.
        steps_first: bool,
    },
}

impl LifecycleInput {
    /// What there is no answer for.
    pub fn of_error(code: ErrorCode) -> Self {
        match code {
            ErrorCode::EgressRefused => Self::EgressRefused,
            // It was made, and is not what its steps were to make.
            ErrorCode::StepFailed | ErrorCode::BodyRefused => Self::StepFailed,
            code => Self::Broke { code },
        }
    }
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

impl<'a> Cx<'a> {
    /// Where no attempt ended, so that neither schedule nor chance matter.
    pub fn by_hand(policy: &'a RetryPolicy, now: Timestamp) -> Self {
        Self { policy, attempts: 0, now, jitter: 0.0 }
    }
}

/// The next state and what to do. Terminal states are left only by hand.
///
/// Which answers are tried again: by default all but 2xx and 410; 3xx, too, since redirects are
/// not followed and a receiver that moves may move back (Standard Webhooks 1.0). A policy with
/// statuses of its own decides alone, 410 included. No answer at all is always tried again.
///
/// 410 is about the URL that was asked for. Where that is the destination's own, the destination is
/// gone; where it is a record's, that record is, and the others go on.
pub fn step(state: DeliveryState, input: LifecycleInput, cx: &Cx<'_>) -> (DeliveryState, Vec<Effect>) {
    use DeliveryState::{Cancelled, Delivered, Dropped, Failed, FailedByGateway, Held, Pending};
    match input {
        LifecycleInput::RetriedByHand { steps_first: false } => (Pending, vec![Effect::WakeAt(cx.now)]),
        LifecycleInput::RetriedByHand { steps_first: true } => (Held, vec![Effect::WakeAt(cx.now)]),
        // News about a delivery that has ended changes nothing.
        _ if state.is_terminal() => (state, Vec::new()),
        LifecycleInput::Cancelled => (Cancelled, Vec::new()),
        LifecycleInput::Unmade => (Held, Vec::new()),
        LifecycleInput::StepsMade => (Pending, vec![Effect::WakeAt(cx.now)]),
        LifecycleInput::StepsDropped => (Dropped, Vec::new()),
        LifecycleInput::EgressRefused | LifecycleInput::StepFailed => (FailedByGateway, Vec::new()),
        LifecycleInput::Broke { code: ErrorCode::EgressRefused | ErrorCode::StepFailed } => {
            (FailedByGateway, Vec::new())
        }
        LifecycleInput::Broke { code: ErrorCode::RowRefused } => (Failed, Vec::new()),
        LifecycleInput::Broke { .. } => again(cx, None),
        LifecycleInput::Taken | LifecycleInput::Answered { status: 200..=299, .. } => (Delivered, Vec::new()),
        LifecycleInput::Answered { status, asked, retry_after } => match (&cx.policy.statuses, status, asked)
        {
            (Some(ranges), _, _) if within(ranges, status) => again(cx, retry_after),
            (_, GONE, Asked::Destination) => (Failed, vec![Effect::PauseDestination]),
            (_, GONE, Asked::Record) | (Some(_), _, _) => (Failed, Vec::new()),
            (None, _, _) => again(cx, retry_after),
        },
    }
}

fn within(ranges: &[StatusRange], status: u16) -> bool {
    ranges.iter().any(|range| (range.from..=range.to).contains(&status))
}

/// Waits for the longer of schedule and what the receiver asked for, or gives up.
fn again(cx: &Cx<'_>, retry_after: Option<Duration>) -> (DeliveryState, Vec<Effect>) {
    match backoff::delay(cx.policy, cx.attempts, cx.jitter) {
        Some(delay) => {
            // No receiver can park its deliveries for ever.
            let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
            (DeliveryState::Retrying, vec![Effect::WakeAt(cx.now.plus(delay.max(asked)))])
        }
        None => (DeliveryState::Failed, Vec::new()),
    }
}
