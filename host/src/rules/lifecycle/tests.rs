//! Every state with every input, and what holds for any sequence of them.

use std::time::Duration;

use proptest::prelude::*;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::retry::ATTEMPTS_MAX;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::Schedule;
use crate::domain::retry::StatusRange;
use crate::domain::time::Timestamp;
use crate::rules::backoff::RETRY_AFTER_MAX;
use crate::rules::lifecycle::Asked;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::Effect;
use crate::rules::lifecycle::LifecycleInput;
use crate::rules::lifecycle::step;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// Two retries, after one second and after a minute.
fn policy(statuses: Option<&[(u16, u16)]>) -> RetryPolicy {
    let ranges = |ranges: &[(u16, u16)]| {
        ranges.iter().map(|(from, to)| StatusRange { from: *from, to: *to }).collect()
    };
    RetryPolicy {
        schedule: Schedule::Delays(vec![1000, 60_000]),
        jitter: 0.0,
        statuses: statuses.map(ranges),
    }
}

fn answered(status: u16) -> LifecycleInput {
    LifecycleInput::Answered { status, asked: Asked::Destination, retry_after: None }
}

fn answered_for_a_record(status: u16) -> LifecycleInput {
    LifecycleInput::Answered { status, asked: Asked::Record, retry_after: None }
}

fn asks(status: u16, seconds: u64) -> LifecycleInput {
    LifecycleInput::Answered {
        status,
        asked: Asked::Destination,
        retry_after: Some(Duration::from_secs(seconds)),
    }
}

/// What an input leads to after that many attempts, from a state that is not terminal.
#[track_caller]
fn check(
    policy: &RetryPolicy,
    attempts: u32,
    input: LifecycleInput,
    expected: DeliveryState,
    effects: &[Effect],
) {
    for state in [DeliveryState::Pending, DeliveryState::Retrying, DeliveryState::Held] {
        let cx = Cx { policy, attempts, now: NOW, jitter: 0.5 };
        assert_eq!(step(state, input, &cx), (expected, effects.to_vec()), "{state:?} {input:?}");
    }
}

fn wake(after_ms: u64) -> [Effect; 1] {
    [Effect::WakeAt(Timestamp::from_millis(NOW.as_millis() + after_ms))]
}

#[test]
fn answers() {
    let policy = policy(None);
    for status in [200, 201, 202, 204, 299] {
        check(&policy, 1, answered(status), DeliveryState::Delivered, &[]);
        check(&policy, 99, answered(status), DeliveryState::Delivered, &[]);
    }
    for status in [101, 199, 300, 301, 302, 307, 400, 401, 404, 409, 422, 429, 500, 502, 503, 504, 599, 999] {
        check(&policy, 1, answered(status), DeliveryState::Retrying, &wake(1000));
        check(&policy, 2, answered(status), DeliveryState::Retrying, &wake(60_000));
        check(&policy, 3, answered(status), DeliveryState::Failed, &[]);
    }
    for attempts in [1, 3] {
        check(&policy, attempts, answered(410), DeliveryState::Failed, &[Effect::PauseDestination]);
        check(&policy, attempts, answered_for_a_record(410), DeliveryState::Failed, &[]);
    }
    check(&policy, 1, answered_for_a_record(200), DeliveryState::Delivered, &[]);
    check(&policy, 1, answered_for_a_record(404), DeliveryState::Retrying, &wake(1000));
}

#[test]
fn statuses_of_a_policy() {
    let policy = policy(Some(&[(500, 599), (429, 429)]));
    for (status, state, effects) in [
        (200, DeliveryState::Delivered, [].as_slice()),
        (500, DeliveryState::Retrying, &wake(1000)),
        (599, DeliveryState::Retrying, &wake(1000)),
        (429, DeliveryState::Retrying, &wake(1000)),
        (428, DeliveryState::Failed, &[]),
        (302, DeliveryState::Failed, &[]),
        (410, DeliveryState::Failed, &[Effect::PauseDestination]),
    ] {
        check(&policy, 1, answered(status), state, effects);
    }
    check(
        &policy,
        1,
        LifecycleInput::Broke { code: ErrorCode::Timeout },
        DeliveryState::Retrying,
        &wake(1000),
    );
    let patient = self::policy(Some(&[(400, 499)]));
    for input in [answered(410), answered_for_a_record(410)] {
        check(&patient, 1, input, DeliveryState::Retrying, &wake(1000));
    }
    check(&self::policy(Some(&[(500, 599)])), 1, answered_for_a_record(410), DeliveryState::Failed, &[]);
}

#[test]
fn what_receivers_ask_for() {
    let policy = policy(None);
    let max = RETRY_AFTER_MAX.as_secs();
    for (seconds, millis) in [(0, 1000), (1, 1000), (30, 30_000), (max, max * 1000), (u64::MAX, max * 1000)] {
        check(&policy, 1, asks(503, seconds), DeliveryState::Retrying, &wake(millis));
    }
    check(&policy, 3, asks(503, 30), DeliveryState::Failed, &[]);
    check(&policy, 1, asks(200, 30), DeliveryState::Delivered, &[]);
}

#[test]
fn everything_but_answers() {
    let policy = policy(None);
    for code in [
        ErrorCode::DnsFailed,
        ErrorCode::ConnectionRefused,
        ErrorCode::ConnectionFailed,
        ErrorCode::TlsFailed,
        ErrorCode::Timeout,
        ErrorCode::BadResponse,
    ] {
        check(&policy, 2, LifecycleInput::Broke { code }, DeliveryState::Retrying, &wake(60_000));
        check(&policy, 3, LifecycleInput::Broke { code }, DeliveryState::Failed, &[]);
    }
    for input in [
        LifecycleInput::EgressRefused,
        LifecycleInput::StepFailed,
        LifecycleInput::Broke { code: ErrorCode::EgressRefused },
        LifecycleInput::Broke { code: ErrorCode::StepFailed },
    ] {
        check(&policy, 1, input, DeliveryState::FailedByGateway, &[]);
    }
    check(&policy, 1, LifecycleInput::Cancelled, DeliveryState::Cancelled, &[]);
    check(&policy, 3, LifecycleInput::RetriedByHand { steps_first: false }, DeliveryState::Pending, &wake(0));
    check(&policy, 3, LifecycleInput::RetriedByHand { steps_first: true }, DeliveryState::Held, &wake(0));
    check(&policy, 3, LifecycleInput::Unmade, DeliveryState::Held, &[]);
    check(&policy, 3, LifecycleInput::StepsMade, DeliveryState::Pending, &wake(0));
    check(&policy, 3, LifecycleInput::StepsDropped, DeliveryState::Dropped, &[]);
}

fn any_input() -> impl Strategy<Value = LifecycleInput> {
    let wait = proptest::option::of(any::<u64>().prop_map(Duration::from_secs));
    let code = prop::sample::select(vec![ErrorCode::Timeout, ErrorCode::TlsFailed, ErrorCode::EgressRefused]);
    prop_oneof![
        6 => (any::<u16>(), any::<bool>(), wait).prop_map(|(status, record, retry_after)| {
            let asked = if record { Asked::Record } else { Asked::Destination };
            LifecycleInput::Answered { status, asked, retry_after }
        }),
        2 => code.prop_map(|code| LifecycleInput::Broke { code }),
        1 => Just(LifecycleInput::EgressRefused),
        1 => Just(LifecycleInput::StepFailed),
        1 => Just(LifecycleInput::Cancelled),
        1 => Just(LifecycleInput::Unmade),
        1 => Just(LifecycleInput::StepsMade),
        1 => Just(LifecycleInput::StepsDropped),
        1 => any::<bool>().prop_map(|steps_first| LifecycleInput::RetriedByHand { steps_first }),
    ]
}

fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    let delays = prop::collection::vec(0..100_000_000u64, 0..12).prop_map(Schedule::Delays);
    let exponential = (any::<u64>(), any::<u64>(), any::<u64>(), 0..300u32).prop_map(
        |(base_ms, factor_milli, max_ms, attempts)| Schedule::Exponential {
            base_ms,
            factor_milli,
            max_ms,
            attempts,
        },
    );
    let range = (any::<u16>(), any::<u16>()).prop_map(|(from, to)| StatusRange { from, to });
    let statuses = proptest::option::of(prop::collection::vec(range, 0..4));
    (prop_oneof![delays, exponential], any::<f64>(), statuses)
        .prop_map(|(schedule, jitter, statuses)| RetryPolicy { schedule, jitter, statuses })
}

/// The most attempts that a schedule can mean.
fn attempts_max(policy: &RetryPolicy) -> u32 {
    let all = match &policy.schedule {
        Schedule::Delays(delays) => delays.len() as u32 + 1,
        Schedule::Exponential { attempts, .. } => (*attempts).max(1),
    };
    all.min(ATTEMPTS_MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: what has ended stays as it is unless somebody asks, no
    /// schedule has more attempts than it says, and a wake-up is due exactly where one is needed.
    #[test]
    fn a_life(policy in any_policy(), inputs in prop::collection::vec(any_input(), 1..40), jitter in any::<f64>()) {
        let (mut state, mut attempts) = (DeliveryState::Pending, 0u32);
        for input in inputs {
            let waiting = !state.is_terminal();
            let an_attempt = matches!(input, LifecycleInput::Answered { .. } | LifecycleInput::Broke { .. });
            attempts += u32::from(waiting && an_attempt);
            let cx = Cx { policy: &policy, attempts, now: NOW, jitter };
            let (next, effects) = step(state, input, &cx);
            prop_assert_eq!(step(state, input, &cx), (next, effects.clone()), "the same again");
            let by_hand = matches!(input, LifecycleInput::RetriedByHand { .. });
            if let LifecycleInput::RetriedByHand { steps_first } = input {
                attempts = 0;
                prop_assert_eq!(next, if steps_first { DeliveryState::Held } else { DeliveryState::Pending });
            } else if !waiting {
                prop_assert_eq!((next, effects.len()), (state, 0));
            }
            if waiting && an_attempt && next == DeliveryState::Retrying {
                prop_assert!(attempts < attempts_max(&policy));
            }
            let woken = effects.iter().any(|effect| matches!(effect, Effect::WakeAt(at) if *at >= NOW));
            // What is held for somebody to look at wakes nobody.
            let changed = (waiting && input != LifecycleInput::Unmade) || by_hand;
            prop_assert_eq!(woken, changed && !next.is_terminal(), "{:?} {:?} {:?}", state, input, next);
            state = next;
        }
    }
}
