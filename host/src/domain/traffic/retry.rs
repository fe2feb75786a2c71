//! When a failed delivery is tried again, as data. Not here: the decision (`rules::lifecycle`).

use serde::{Deserialize, Serialize};

/// Seconds of the schedule of Standard Webhooks 1.0: nine retries over three days.
const STANDARD_SECS: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The most attempts a delivery may have; its id has room for 255.
pub const ATTEMPTS_MAX: u32 = 200;

/// When and how often to try again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The waits between attempts.
    pub schedule: Schedule,
    /// The part of each wait that is random, 0 to 1: a wait of `w` becomes one between
    /// `w * (1 - jitter)` and `w * (1 + jitter)`, `w` on average; see `rules::backoff::delay`.
    pub jitter: f64,
    /// Statuses that are tried again; `None`: every one that is not 2xx, save 410.
    pub statuses: Option<Vec<StatusRange>>,
}

/// The waits between attempts, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// One wait per retry; empty means no retry.
    Delays(Vec<u64>),
    /// `base_ms * factor^n`, at most `max_ms`, `attempts` attempts in all.
    Exponential {
        /// The first wait, milliseconds.
        base_ms: u64,
        /// By how much each wait is longer than the one before, in thousandths.
        factor_milli: u64,
        /// No wait is longer, milliseconds.
        max_ms: u64,
        /// Attempts in all, the first included.
        attempts: u32,
    },
}

/// Statuses from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

/// A schedule by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPreset {
    /// 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    Standard,
    /// Ten attempts in all, exponential, the last about 24 h after the first.
    TenIn24Hours,
    /// 1 m, 5 m, 30 m, then failed.
    ThreeThenFailed,
    /// One attempt.
    None,
}

impl RetryPreset {
    /// Every preset with the name it has in the API.
    pub const ALL: [(&'static str, Self); 4] = [
        ("standard", Self::Standard),
        ("10_in_24h", Self::TenIn24Hours),
        ("1m_5m_30m", Self::ThreeThenFailed),
        ("none", Self::None),
    ];

    /// The policy the name stands for.
    pub fn policy(self) -> RetryPolicy {
        let (schedule, jitter) = match self {
            Self::Standard => (Schedule::Delays(STANDARD_SECS.map(|secs| secs * 1000).to_vec()), 0.1),
            // 169 s doubled eight times sums up to 24 h less 39 s.
            Self::TenIn24Hours => (
                Schedule::Exponential {
                    base_ms: 169_000,
                    factor_milli: 2000,
                    max_ms: 86_400_000,
                    attempts: 10,
                },
                0.1,
            ),
            Self::ThreeThenFailed => (Schedule::Delays(vec![60_000, 300_000, 1_800_000]), 0.0),
            Self::None => (Schedule::Delays(Vec::new()), 0.0),
        };
        RetryPolicy { schedule, jitter, statuses: None }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPreset::Standard.policy()
    }
}
