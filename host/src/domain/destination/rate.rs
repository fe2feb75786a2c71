//! How many requests a destination takes in a time. Not here: holding to it (`delivery::queues`).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Requests in a period at most.
pub const RATE_REQUESTS_MAX: u32 = 10_000;

/// So many requests in a time, whenever that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRate {
    /// How many; an attempt is one, and a batch is one.
    pub requests: u32,
    /// In which time.
    pub per: RatePeriod,
}

/// The time that a rate is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RatePeriod {
    /// Any second.
    Second,
    /// Any minute.
    Minute,
    /// Any hour.
    Hour,
}

impl RatePeriod {
    /// Its length.
    pub const fn length(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(3600),
        }
    }
}
