//! Retry policies as hookmill's documents have them. Not here: how any product writes its own.

use serde_json::Value;
use serde_json::json;

/// Attempts a delivery has at most here.
const ATTEMPTS_MAX: u64 = 200;
/// No wait is longer here.
const WAIT_MS_MAX: u64 = 30 * 24 * 3600 * 1000;

/// A schedule, and whether hookmill's bounds cut it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct RetrySchedule {
    /// The document's `retry`.
    pub(in crate::import) retry: Value,
    /// What was cut.
    pub(in crate::import) cut: Option<String>,
}

/// The same wait before each of so many retries.
pub(in crate::import) fn constant(wait_ms: u64, retries: u64) -> RetrySchedule {
    let (kept, cut) = bounded(wait_ms, retries);
    let delays = vec![Value::from(wait_ms.min(WAIT_MS_MAX)); usize::try_from(kept).unwrap_or(0)];
    RetrySchedule { retry: json!({ "delays": delays }), cut }
}

/// Each wait twice the one before, from `wait_ms` on and at most `max_ms`.
pub(in crate::import) fn doubling(wait_ms: u64, max_ms: Option<u64>, retries: u64) -> RetrySchedule {
    if retries == 0 {
        return constant(wait_ms, 0);
    }
    let (kept, cut) = bounded(wait_ms, retries);
    let base = wait_ms.clamp(1, WAIT_MS_MAX);
    let max = max_ms.unwrap_or(WAIT_MS_MAX).clamp(base, WAIT_MS_MAX);
    RetrySchedule {
        retry: json!({"exponential": {"base": base, "factor": 2, "max": max, "attempts": kept + 1}}),
        cut,
    }
}

fn bounded(wait_ms: u64, retries: u64) -> (u64, Option<String>) {
    let kept = retries.min(ATTEMPTS_MAX - 1);
    let cut = if kept < retries {
        Some(format!("{kept} retries instead of {retries}, which is as many as there can be"))
    } else if wait_ms > WAIT_MS_MAX {
        Some("waits of 30 days, which is as long as one can be".to_owned())
    } else {
        None
    };
    (kept, cut)
}

/// Statuses that are tried again, from a set of them: those that hookmill can be told, as numbers and ranges.
pub(in crate::import) fn statuses(is_retried: impl Fn(u16) -> bool) -> Value {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for status in (300..=599).filter(|status| is_retried(*status)) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == status => *last = status,
            _ => ranges.push((status, status)),
        }
    }
    let one = |(from, to): (u16, u16)| match from == to {
        true => Value::from(from),
        false => Value::from(format!("{from}-{to}")),
    };
    ranges.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_stay_within_bounds() {
        assert_eq!(constant(1000, 3).retry, json!({"delays": [1000, 1000, 1000]}));
        assert_eq!(constant(1, 0).retry, json!({"delays": []}));
        assert_eq!(constant(u64::MAX, u64::MAX).retry["delays"].as_array().map(Vec::len), Some(199));
        assert_eq!(
            doubling(0, Some(5), 9).retry,
            json!({"exponential": {"base": 1, "factor": 2, "max": 5, "attempts": 10}})
        );
        assert!(doubling(u64::MAX, None, u64::MAX).cut.is_some());
        assert_eq!(statuses(|status| status == 429 || status >= 500), json!([429, "500-599"]));
    }
}
