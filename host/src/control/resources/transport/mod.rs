//! Kinds of destination, one file each: what a request may say of one, how it is checked, how it is made ready to be
//! sent to. Not here: what all kinds have (`resources::destination`), the sending (`delivery::transport`).

mod http;
mod inbox;
mod table;

pub use http::AuthDraft;
pub use http::HttpDraft;
pub use http::HttpTransport;

use ::http::HeaderMap;

use crate::control::Limits;
use crate::control::resources::check::Faults;
use crate::domain::destination::DestinationKind;
use crate::domain::destination::Endpoint;
use crate::domain::destination::HttpEndpoint;
use crate::domain::id::TableId;
use crate::egress::Egress;

/// What a destination's deliveries go by, ready to be used.
#[derive(Clone, Debug)]
pub enum Transport {
    /// To a URL.
    Http(HttpTransport),
    /// Into the store.
    Inbox,
    /// As a row of a table.
    Table(TableId),
}

impl Transport {
    /// Makes ready what was set up. What is in the way says so when a delivery meets it.
    pub(crate) fn compile(endpoint: &Endpoint, egress: &Egress) -> Self {
        match endpoint {
            Endpoint::Http(endpoint) => Self::Http(HttpTransport::compile(endpoint, egress)),
            Endpoint::Inbox => Self::Inbox,
            Endpoint::Table { table } => Self::Table(*table),
        }
    }
}

/// One of that kind, with nothing said of it yet.
pub(crate) fn blank(kind: DestinationKind, limits: &Limits) -> Endpoint {
    match kind {
        DestinationKind::Http => Endpoint::Http(Box::new(HttpEndpoint {
            method: "POST".to_owned(),
            timeout_ms: limits.timeout_ms,
            ..HttpEndpoint::default()
        })),
        DestinationKind::Inbox => Endpoint::Inbox,
        DestinationKind::Table => Endpoint::Table { table: TableId::from_bits(0) },
    }
}

/// Changes what the draft mentions.
pub(crate) fn apply(endpoint: &mut Endpoint, draft: HttpDraft, egress: &Egress, faults: &mut Faults) {
    match endpoint {
        Endpoint::Http(endpoint) => http::apply(endpoint, draft, egress, faults),
        Endpoint::Inbox => inbox::apply(&draft, faults),
        Endpoint::Table { .. } => table::apply(&draft, faults),
    }
}

/// Credentials, as headers that every delivery has.
pub(crate) fn credentials(endpoint: &Endpoint) -> HeaderMap {
    match endpoint {
        Endpoint::Http(endpoint) => http::credentials(&endpoint.auth),
        Endpoint::Inbox | Endpoint::Table { .. } => HeaderMap::new(),
    }
}
