//! Plugins as the rest of the gateway knows them: digests, what goes in, what comes out, what
//! went wrong and whose fault it was. Not here: anything of the engine that runs them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// SHA-256 of a component's bytes; as text `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The text is not `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `sha256:` and 64 lower-case hex digits")]
pub struct BadDigest;

impl Digest {
    /// From the 32 bytes of a SHA-256.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits alone, as used in file names.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(BadDigest)?;
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(BadDigest);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| BadDigest)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// Warnings that are shown of a manifest, and characters of each.
const WARNINGS: usize = 20;
const WARNING_CHARS: usize = 300;

/// What a manifest warns of in its field `x-warnings`, which the kits of JavaScript and Python write: uses of the outside
/// that the plugin does not ask for. An author's words, so without control characters, and not too many.
pub fn warnings(manifest: &serde_json::Value) -> Vec<String> {
    let lines = manifest["x-warnings"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    let shown = |line: &str| line.chars().filter(|char| !char.is_control()).take(WARNING_CHARS).collect();
    lines.take(WARNINGS).map(shown).collect()
}

/// Where the machine's code of a stored module stands. It is made anew when the engine has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// Events that meet it wait for the compiler.
    Building,
    /// It runs.
    Ready,
    /// It could not be compiled: why. Events that meet it fail.
    Failed(String),
}

impl Artifact {
    /// Every name, in the order of the variants.
    pub const NAMES: [&str; 3] = ["building", "ready", "failed"];

    /// The stable name used in the API and the metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Building => Self::NAMES[0],
            Self::Ready => Self::NAMES[1],
            Self::Failed(_) => Self::NAMES[2],
        }
    }
}

/// One event as a guest sees it.
#[derive(Clone, Debug)]
pub struct GuestEvent {
    /// The event's id as text.
    pub id: Arc<str>,
    /// The event's type; may be empty.
    pub event_type: Arc<str>,
    /// The source's name; empty for published events.
    pub source: Arc<str>,
    /// RFC 3339.
    pub received_at: Arc<str>,
    /// Only those the version's manifest asks for; lower-case names.
    pub headers: Vec<(String, String)>,
    /// The media type of the payload.
    pub content_type: Arc<str>,
    /// The bytes of the payload.
    pub payload: Bytes,
}

/// One payload a step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Replaces the event's type for the delivery when given.
    pub event_type: Option<String>,
    /// Further headers of the delivery.
    pub headers: Vec<(String, String)>,
    /// The bytes to deliver.
    pub payload: Bytes,
    /// Deliveries with the same key keep their order.
    pub ordering_key: Option<String>,
}

/// What a step answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on with these payloads: none, one or many.
    Forward(Vec<Output>),
    /// Do not deliver; the reason is kept.
    Drop(String),
}

/// Whose fault a failed run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The plugin's: charged to its version, final for the event.
    Guest,
    /// The gateway's: the plan is tried again.
    Host,
}

/// Why a run gave no verdict. The text form is for people; `code` for programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The CPU or wall budget was used up.
    #[error("out of time: the plugin used more than {limit:?}")]
    OutOfTime {
        /// The budget that was exceeded.
        limit: Duration,
    },
    /// Memory or tables were not allowed to grow further.
    #[error("out of memory: the plugin wanted more than {limit_bytes} bytes")]
    OutOfMemory {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The guest trapped: a panic, an unreachable, a stack overflow, a bad pointer.
    #[error("trapped: {trap}")]
    Trapped {
        /// The trap in one line.
        trap: String,
        /// Demangled frames, innermost first, bounded.
        backtrace: Vec<String>,
    },
    /// The outputs were too many or too large.
    #[error("output too large: {detail}")]
    OutputTooLarge {
        /// Which limit, and what was seen.
        detail: String,
    },
    /// The plugin answered `err`: it refuses this event. Not retried.
    #[error("refused: {message}")]
    Refused {
        /// The plugin's own words, bounded.
        message: String,
    },
    /// The gateway could not run the guest.
    #[error("the gateway could not run the plugin: {detail}")]
    Host {
        /// What failed.
        detail: String,
    },
}

impl Fault {
    /// Whom to charge.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::OutOfTime { .. }
            | Self::OutOfMemory { .. }
            | Self::Trapped { .. }
            | Self::OutputTooLarge { .. }
            | Self::Refused { .. } => Blame::Guest,
            Self::Host { .. } => Blame::Host,
        }
    }

    /// The stable name used in the API, the log and the metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfTime { .. } => "out_of_time",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Trapped { .. } => "trapped",
            Self::OutputTooLarge { .. } => "output_too_large",
            Self::Refused { .. } => "refused",
            Self::Host { .. } => "host",
        }
    }
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, but handled.
    Warn,
    /// Wrong.
    Error,
}

/// One line a guest logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How loud.
    pub level: LogLevel,
    /// At most 1 KiB; longer ones are cut.
    pub message: String,
}

/// Limits of one call of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginLimits {
    /// CPU time of one call; for a batch, of each of its events.
    pub cpu: Duration,
    /// Wall time of one call, waiting for a slot not included.
    pub wall: Duration,
    /// Linear memory, bytes.
    pub memory_bytes: u64,
    /// All outputs of a call together, bytes.
    pub output_bytes: u64,
    /// Payloads one event may become.
    pub outputs: u32,
    /// Log lines kept of a call.
    pub log_lines: u32,
    /// Bytes kept of one log line.
    pub log_line_bytes: u32,
    /// Calls of one plugin at a time.
    pub in_flight: u32,
    /// Bytes of an uploaded component.
    pub module_bytes: u64,
}

/// What an operator lets each call of a plugin use, where that is less than the limits of its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginBudget {
    /// CPU time of one event, milliseconds.
    pub cpu_ms: Option<u64>,
    /// Linear memory, bytes.
    pub memory_bytes: Option<u64>,
    /// All outputs of an event together, bytes.
    pub output_bytes: Option<u64>,
    /// Calls at a time.
    pub in_flight: Option<u32>,
}

impl PluginBudget {
    /// The limits of one call under this budget; it never widens any.
    pub fn of(&self, limits: PluginLimits) -> PluginLimits {
        let least = |have: u64, own: Option<u64>| own.map_or(have, |own| own.min(have));
        PluginLimits {
            cpu: self.cpu_ms.map_or(limits.cpu, |own| Duration::from_millis(own).min(limits.cpu)),
            memory_bytes: least(limits.memory_bytes, self.memory_bytes),
            output_bytes: least(limits.output_bytes, self.output_bytes),
            in_flight: self.in_flight.map_or(limits.in_flight, |own| own.min(limits.in_flight)),
            ..limits
        }
    }
}

impl PluginLimits {
    /// For guests that bring an interpreter along: an event takes them milliseconds, and their
    /// engine alone has more bytes than most other modules.
    pub fn interpreted() -> Self {
        Self {
            cpu: Duration::from_millis(250),
            wall: Duration::from_secs(5),
            memory_bytes: 256 << 20,
            in_flight: 16,
            module_bytes: 32 << 20,
            ..Self::default()
        }
    }
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_millis(50),
            wall: Duration::from_secs(2),
            memory_bytes: 64 << 20,
            output_bytes: 4 << 20,
            outputs: 1000,
            log_lines: 100,
            log_line_bytes: 1024,
            in_flight: 64,
            module_bytes: 16 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_an_author_s_words() {
        let shown = |manifest: &str| warnings(&serde_json::from_str(manifest).unwrap());
        assert_eq!(shown("{}"), Vec::<String>::new());
        assert_eq!(shown(r#"{"x-warnings":"a"}"#), Vec::<String>::new());
        assert_eq!(shown(r#"{"x-warnings":["a\u001b[2J",1,"b"]}"#), ["a[2J", "b"]);
        let many = serde_json::json!({"x-warnings": vec!["é".repeat(1000); 100]});
        let many = warnings(&many);
        assert_eq!((many.len(), many[0].chars().count()), (WARNINGS, WARNING_CHARS));
    }

    #[test]
    fn a_budget_only_narrows() {
        let limits = PluginLimits::default();
        assert_eq!(PluginBudget::default().of(limits), limits);
        let wide = PluginBudget {
            cpu_ms: Some(1 << 40),
            memory_bytes: Some(1 << 40),
            output_bytes: Some(1 << 40),
            in_flight: Some(u32::MAX),
        };
        assert_eq!(wide.of(limits), limits);
        let narrow = PluginBudget {
            cpu_ms: Some(5),
            memory_bytes: Some(1 << 20),
            output_bytes: Some(100),
            in_flight: Some(1),
        };
        let under = narrow.of(limits);
        assert_eq!((under.cpu, under.memory_bytes), (Duration::from_millis(5), 1 << 20));
        assert_eq!((under.output_bytes, under.in_flight, under.wall), (100, 1, limits.wall));
    }
}
