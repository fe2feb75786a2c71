//! What tests say of latencies. Not here: bounds, which belong to the promise that is tried.

use std::time::Duration;

/// The time within which 99 of 100 were over.
pub fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}
