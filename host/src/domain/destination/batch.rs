//! Several deliveries in one request. Not here: which of them go together (`delivery::queues`), what the request is
//! (`rules::batch`).

use serde::{Deserialize, Serialize};

/// Deliveries of a batch at most.
pub const BATCH_EVENTS_MAX: u32 = 1000;
/// Milliseconds that a delivery waits for others at most.
pub const BATCH_WAIT_MS_MAX: u64 = 3_600_000;

/// When a batch is sent, and how it looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRule {
    /// As soon as so many wait.
    pub max_events: u32,
    /// As soon as the first of them came so many milliseconds ago.
    pub max_wait_ms: u64,
    /// How the body looks.
    pub form: BatchForm,
    /// A JSONPath over the receiver's 2xx answer: each node names a member that was not taken.
    #[serde(default)]
    pub failed: Option<String>,
}

/// How the body of a batch looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchForm {
    /// A list of payloads.
    #[default]
    Array,
    /// An object that says what it is, with each delivery's id and type.
    Envelope,
}

impl BatchForm {
    /// The names in the API.
    pub const NAMES: [&'static str; 2] = ["array", "envelope"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}
