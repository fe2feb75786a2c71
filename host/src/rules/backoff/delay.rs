//! How long to wait by the schedule alone.

use std::time::Duration;

use crate::domain::retry::ATTEMPTS_MAX;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::Schedule;

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
            // Zero times infinity is no number and counts as zero; `as` saturates.
            grown.max(0.0).min(*max_ms as f64) as u64
        }
    };
    let jitter = fraction(policy.jitter, 0.0);
    let factor = 1.0 - jitter + 2.0 * jitter * fraction(chance, 0.5);
    Some(Duration::from_millis((millis as f64 * factor) as u64))
}

/// `value` brought into 0 to 1; `otherwise` if it is not a number.
fn fraction(value: f64, otherwise: f64) -> f64 {
    if value.is_nan() { otherwise } else { value.clamp(0.0, 1.0) }
}
