//! Destinations as they are set up: what all have, and what only one kind has, one file each. Not here: what it means to
//! send to one (`control::resources::transport`, `delivery::transport`).

mod batch;
mod http;
mod inbox;
mod rate;
mod receiver;

pub use batch::BATCH_EVENTS_MAX;
pub use batch::BATCH_WAIT_MS_MAX;
pub use batch::BatchForm;
pub use batch::BatchRule;
pub use http::AuthHeader;
pub use http::DestinationAuth;
pub use http::HttpEndpoint;
pub use inbox::INBOX_BYTES_MAX;
pub use inbox::INBOX_REQUESTS_MAX;
pub use inbox::InboxRequest;
pub use rate::RATE_REQUESTS_MAX;
pub use rate::RatePeriod;
pub use rate::SendRate;
pub use receiver::ReceiverKind;

use serde::{Deserialize, Serialize};

use crate::domain::config::FlowState;
use crate::domain::event::Headers;
use crate::domain::id::DestinationId;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::signing::Signing;
use crate::domain::time::Timestamp;

/// Where payloads go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Active, or holding.
    pub state: FlowState,
    /// Whether it is refused to delete it.
    #[serde(default)]
    pub protect: bool,
    /// What it is, with what only that kind has.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// With every delivery.
    pub headers: Headers,
    /// How deliveries are signed.
    pub signing: Signing,
    /// When to try again.
    pub retry: RetryPolicy,
    /// Deliveries at a time.
    pub concurrency: u32,
    /// Requests in a time, if there is a bound.
    #[serde(default)]
    pub rate: Option<SendRate>,
    /// The JSON Schema of the payloads it takes, as it was written.
    #[serde(default)]
    pub payload_schema: Option<String>,
}

/// The kinds of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// A URL.
    Http,
    /// Keeps what it gets.
    Inbox,
    /// Makes rows of what it gets.
    Table,
}

/// What a destination is. Documents that say no kind are of the first one, which once was the only one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Endpoint {
    /// Keeps what it gets.
    Inbox,
    /// Makes rows of what it gets.
    Table {
        /// Of which table.
        table: TableId,
    },
    /// A URL.
    #[serde(untagged)]
    Http(Box<HttpEndpoint>),
}

impl DestinationKind {
    /// The names in the API, in the order of the kinds.
    pub const NAMES: [&'static str; 3] = ["http", "inbox", "table"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl Endpoint {
    /// Which kind it is.
    pub const fn kind(&self) -> DestinationKind {
        match self {
            Self::Http(_) => DestinationKind::Http,
            Self::Inbox => DestinationKind::Inbox,
            Self::Table { .. } => DestinationKind::Table,
        }
    }

    /// The table whose rows it makes.
    pub const fn table(&self) -> Option<TableId> {
        match self {
            Self::Table { table } => Some(*table),
            Self::Http(_) | Self::Inbox => None,
        }
    }

    /// What there is of a URL.
    pub fn http(&self) -> Option<&HttpEndpoint> {
        match self {
            Self::Http(http) => Some(http),
            Self::Inbox | Self::Table { .. } => None,
        }
    }

    /// The same, to be changed.
    pub const fn http_mut(&mut self) -> Option<&mut HttpEndpoint> {
        match self {
            Self::Http(http) => Some(http),
            Self::Inbox | Self::Table { .. } => None,
        }
    }
}
