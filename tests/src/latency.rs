//! What tests say of latencies. Not here: bounds, which belong to the promise that is tried.

use std::time::Duration;

/// The time within which 99 of 100 were over.
pub fn p99(times: &[Duration]) -> Duration {
    percentile(times, 99)
}

/// The time within which so many of 100 were over.
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * percent / 100]
}
