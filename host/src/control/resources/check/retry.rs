//! Checks a retry policy. Not here: how one is written in JSON (`http`), what follows from it
//! (`rules::backoff`).

use std::time::Duration;

use crate::control::resources::check::error::Faults;
use crate::domain::retry::ATTEMPTS_MAX;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::Schedule;

/// Longest wait between two attempts.
pub const DELAY_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
const FACTOR_MILLI_MAX: u64 = 100_000;

/// Adds what is wrong with a policy at `pointer`.
pub(in crate::control::resources) fn check(policy: &RetryPolicy, pointer: &str, faults: &mut Faults) {
    let longest = u64::try_from(DELAY_MAX.as_millis()).unwrap_or(u64::MAX);
    match &policy.schedule {
        Schedule::Delays(delays) => {
            if delays.len() >= ATTEMPTS_MAX as usize {
                let detail = format!(
                    "at most {} delays: a delivery has at most {ATTEMPTS_MAX} attempts",
                    ATTEMPTS_MAX - 1
                );
                faults.add(format!("{pointer}/delays"), detail);
            }
            for (at, delay) in delays.iter().enumerate() {
                if *delay > longest {
                    faults.add(format!("{pointer}/delays/{at}"), "a delay is at most 30 days");
                }
            }
        }
        Schedule::Exponential { base_ms, factor_milli, max_ms, attempts } => {
            let pointer = format!("{pointer}/exponential");
            if *base_ms == 0 || *base_ms > longest {
                faults.add(format!("{pointer}/base"), "expected a delay above 0 and of at most 30 days");
            }
            if !(1000..=FACTOR_MILLI_MAX).contains(factor_milli) {
                faults.add(format!("{pointer}/factor"), "expected a number from 1 to 100");
            }
            if max_ms < base_ms || *max_ms > longest {
                faults.add(
                    format!("{pointer}/max"),
                    "expected a delay that is not below `base` and of at most 30 days",
                );
            }
            if !(1..=ATTEMPTS_MAX).contains(attempts) {
                faults.add(
                    format!("{pointer}/attempts"),
                    format!("expected a number from 1 to {ATTEMPTS_MAX}"),
                );
            }
        }
    }
    if !(0.0..=1.0).contains(&policy.jitter) {
        faults.add(format!("{pointer}/jitter"), "expected a number from 0 to 1");
    }
    for (at, range) in policy.statuses.iter().flatten().enumerate() {
        if range.from > range.to || range.from < 300 || range.to > 599 {
            let detail = "expected a status from 300 to 599, or a range of them such as \"500-599\"";
            faults.add(format!("{pointer}/statuses/{at}"), detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retry::RetryPreset;
    use crate::domain::retry::StatusRange;

    fn check(policy: RetryPolicy, expected: &[&str]) {
        let mut faults = Faults::of("destination", Vec::new());
        super::check(&policy, "/retry", &mut faults);
        for pointer in expected {
            assert!(faults.within(pointer), "{pointer} in {faults:?}");
        }
        assert_eq!(faults.done().is_ok(), expected.is_empty());
    }

    #[test]
    fn presets_are_good() {
        for (_, preset) in RetryPreset::ALL {
            check(preset.policy(), &[]);
        }
    }

    #[test]
    fn every_fault_is_found() {
        let statuses = Some(vec![StatusRange { from: 599, to: 500 }, StatusRange { from: 200, to: 299 }]);
        let schedule =
            Schedule::Exponential { base_ms: 0, factor_milli: 999, max_ms: u64::MAX, attempts: 201 };
        check(
            RetryPolicy { schedule, jitter: f64::NAN, statuses },
            &[
                "/retry/exponential/base",
                "/retry/exponential/factor",
                "/retry/exponential/max",
                "/retry/exponential/attempts",
                "/retry/jitter",
                "/retry/statuses/0",
                "/retry/statuses/1",
            ],
        );
        let schedule = Schedule::Delays(vec![1; 200]);
        check(RetryPolicy { schedule, jitter: 0.0, statuses: None }, &["/retry/delays"]);
        let schedule = Schedule::Delays(vec![1, u64::MAX]);
        check(RetryPolicy { schedule, jitter: 0.0, statuses: None }, &["/retry/delays/1"]);
    }
}
