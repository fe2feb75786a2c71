//! What planning an event came to: the decisions of each connection, kept for the trace.
//! Not here: planning itself (`pipeline::plan`).

use serde::{Deserialize, Serialize};

use crate::domain::event::Headers;
use crate::domain::id::{
    BatchId, ConnectionId, DeliveryId, DestinationId, EventId, RejectionId, SourceId, WorkspaceId,
};
use crate::domain::plugin::{Digest, LogLine};
use crate::domain::time::Timestamp;

/// Everything decided about one event when its steps ran. An event without a route has an empty
/// list: that, too, is a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which event.
    pub event: EventId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// When the steps had run.
    pub at: Timestamp,
    /// One per connection that takes this event, in the order of their ids.
    pub routes: Vec<Route>,
}

/// What one connection made of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Which connection.
    pub connection: ConnectionId,
    /// Its destination then.
    pub destination: DestinationId,
    /// The steps that ran, in order; fewer than the connection has when one ended the run.
    pub steps: Vec<StepTrace>,
    /// How it ended.
    pub end: RouteEnd,
}

/// How the steps of one connection ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RouteEnd {
    /// These deliveries were made, none if the last step forwarded nothing.
    Delivering(Vec<Planned>),
    /// A step dropped it.
    Dropped,
    /// A step failed and the connection's error policy is `fail`: this delivery stands for it.
    Failed(DeliveryId),
    /// A plugin is in quarantine: this delivery stands for what its steps will make when they can run.
    Held(DeliveryId),
}

impl RouteEnd {
    /// The deliveries that came of it, or stand for it.
    pub fn deliveries(&self) -> impl Iterator<Item = DeliveryId> {
        let (made, other) = match self {
            Self::Delivering(planned) => (planned.as_slice(), None),
            Self::Dropped => (&[][..], None),
            Self::Failed(id) | Self::Held(id) => (&[][..], Some(*id)),
        };
        made.iter().map(|planned| planned.id).chain(other)
    }
}

/// A delivery as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its id.
    pub id: DeliveryId,
    /// Bytes of its body.
    pub payload_bytes: u32,
    /// The first 64 bits of a SHA-256 of its body and all else that steps say about it, to prove one that was made
    /// again the same. In rows of earlier versions: of its body alone.
    pub payload_hash: u64,
}

/// Stands as the policy of a canary that failed: the active version ran instead, and has the next trace.
pub const FELL_BACK: &str = "active";

/// One step's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTrace {
    /// Which kind of step.
    pub kind: StepKind,
    /// How long it ran, microseconds.
    pub duration_us: u32,
    /// What it answered.
    pub answer: StepAnswer,
    /// What a plugin logged.
    pub logs: Vec<LogLine>,
}

impl StepTrace {
    /// Whether this is a canary that failed, so that the active version ran instead.
    pub fn fell_back(&self) -> bool {
        matches!(&self.answer, StepAnswer::Error { policy, .. } if policy == FELL_BACK)
    }
}

/// The three kinds of steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// A filter.
    Filter,
    /// A mapping.
    Mapping,
    /// A plugin, at the version that ran.
    Plugin {
        /// Its name.
        name: String,
        /// The version.
        digest: Digest,
    },
}

impl StepKind {
    /// The name in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Mapping => "mapping",
            Self::Plugin { .. } => "plugin",
        }
    }
}

/// What a step answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepAnswer {
    /// Goes on with that many payloads.
    Forward {
        /// How many.
        outputs: u32,
    },
    /// Dropped, with the reason and, for filters, what decided.
    Drop {
        /// In words.
        reason: String,
        /// JSON pointer of the clause that decided.
        clause: Option<String>,
        /// The path it looked at.
        path: Option<String>,
        /// The value it saw, as JSON text, bounded.
        seen: Option<String>,
    },
    /// Could not answer.
    Error {
        /// `mapping_failed`, `filter_failed`, or the code of a plugin's fault.
        code: String,
        /// In words.
        detail: String,
        /// Whether the plugin or the configuration is to blame (true) or the gateway.
        guest: bool,
        /// What followed from it: `fail`, `drop`, `pass`, or [`FELL_BACK`].
        policy: String,
    },
    /// Was not run: its plugin is in quarantine.
    Held {
        /// In words.
        reason: String,
    },
}

/// Something that befell an event after its steps ran and outside its attempts, for its trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which event.
    pub event: EventId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// When.
    pub at: Timestamp,
    /// To which of its deliveries; `None`: to the event, of which nothing was delivered.
    pub delivery: Option<NotedDelivery>,
    /// What.
    pub what: Noted,
}

/// Which delivery a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// By which connection.
    pub connection: ConnectionId,
    /// Where to.
    pub destination: DestinationId,
}

/// What befell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Noted {
    /// It is held until somebody releases it.
    Held {
        /// Why, in words.
        reason: String,
    },
    /// Its steps ran again, as somebody asked or because their plugin may run again.
    StepsRan {
        /// The configuration they ran under.
        revision: u64,
        /// The one its event was planned under.
        planned: u64,
    },
    /// What its receiver answered is no event, although its destination says that answers are; or names members that
    /// its batch does not have.
    AnswerIgnored {
        /// Why, in words.
        reason: String,
    },
    /// It was sent with others, in one request.
    Batched {
        /// What the receiver knows that request by.
        batch: BatchId,
        /// How many it had.
        members: u32,
    },
}

/// A request turned away at a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Its id.
    pub id: RejectionId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Where it came in.
    pub source: SourceId,
    /// When.
    pub at: Timestamp,
    /// The status it got.
    pub status: u16,
    /// A stable name: `bad_signature`, `missing_signature`, `bad_key`, `too_large`, ….
    pub code: String,
    /// In words.
    pub detail: String,
    /// The request's headers, without credentials.
    pub headers: Headers,
    /// The body, as much as was read, at most 16 KiB.
    pub body: bytes::Bytes,
}
