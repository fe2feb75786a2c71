//! How long to wait before the next attempt. Pure: time and chance are arguments.

use std::time::Duration;

use crate::domain::retry::ATTEMPTS_MAX;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::Schedule;
use crate::domain::time::Timestamp;

/// No receiver can ask for a longer wait.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// The wait after the `attempts`-th attempt of the schedule failed (counted from 1), or `None`
/// when the schedule has no further one.
///
/// With a scheduled wait of `w`, a jitter of `j` (0 to 1) and `chance` (0 up to 1) it is
/// `w * (1 - j + 2 * j * chance)`: between `w * (1 - j)` and `w * (1 + j)`, `w` on average.
pub fn delay(policy: &RetryPolicy, attempts: u32, chance: f64) -> Option<Duration> {
    if attempts == 0 || attempts >= ATTEMPTS_MAX {
        return None;
    }
    let millis = match &policy.schedule {
        Schedule::Delays(delays) => *delays.get(attempts as usize - 1)?,
        Schedule::Exponential { base_ms, factor_milli, max_ms, attempts: attempts_max } => {
            if attempts >= *attempts_max {
                return None;
            }
            let factor = *factor_milli as f64 / 1000.0;
            let grown = *base_ms as f64 * factor.powi(i32::try_from(attempts - 1).ok()?);
            // Saturates, as `as` does for floats.
            (grown.min(*max_ms as f64)) as u64
        }
    };
    let jitter = policy.jitter.clamp(0.0, 1.0);
    let factor = 1.0 - jitter + 2.0 * jitter * chance.clamp(0.0, 1.0);
    Some(Duration::from_millis((millis as f64 * factor) as u64))
}

/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date. At most
/// [`RETRY_AFTER_MAX`]; `None` for anything else.
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX.as_secs())));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let at = Timestamp::from_millis(u64::try_from(date.timestamp().as_millisecond()).ok()?);
    Some(at.since(now).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retry::RetryPreset;

    #[test]
    fn standard_has_nine_retries() {
        let policy = RetryPolicy { jitter: 0.0, ..RetryPreset::Standard.policy() };
        let waits: Vec<u64> =
            (1..20).map_while(|n| delay(&policy, n, 0.5)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    }

    #[test]
    fn ten_attempts_in_a_day() {
        let policy = RetryPolicy { jitter: 0.0, ..RetryPreset::TenIn24Hours.policy() };
        let waits: Vec<u64> =
            (1..20).map_while(|n| delay(&policy, n, 0.5)).map(|wait| wait.as_secs()).collect();
        let day = 24 * 3600;
        let sum: u64 = waits.iter().sum();
        assert_eq!(waits.len() + 1, 10);
        assert!((day - 120..=day).contains(&sum), "{sum} s");
    }

    #[test]
    fn jitter_stays_around_the_wait() {
        let policy = RetryPolicy { jitter: 0.5, ..RetryPreset::ThreeThenFailed.policy() };
        for (chance, millis) in [(0.0, 30_000), (0.5, 60_000), (1.0, 90_000)] {
            assert_eq!(delay(&policy, 1, chance), Some(Duration::from_millis(millis)));
        }
        assert_eq!(delay(&policy, 4, 0.5), None);
        assert_eq!(delay(&RetryPreset::None.policy(), 1, 0.5), None);
    }

    #[test]
    fn retry_after() {
        let now: Timestamp = "2026-04-29T14:31:08Z".parse().unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("Wed, 29 Apr 2026 14:32:08 GMT", Some(60)),
            ("Wed, 29 Apr 2020 14:32:08 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse_retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
