//! How deliveries are signed, as data. Not here: making a signature (`rules::sign`).

use serde::{Deserialize, Serialize};

use crate::domain::secret::StoredSecret;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;

/// A destination's signing: a profile and its secrets, newest first. During a rotation every
/// secret that has not expired signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signing {
    /// Which headers, over what.
    pub profile: SigningProfile,
    /// Newest first; empty only for `none`.
    pub secrets: Vec<SigningSecret>,
}

/// A signing secret and how long it still signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SigningSecret {
    /// The secret's text, such as `whsec_…`.
    pub secret: StoredSecret,
    /// Unix milliseconds after which it no longer signs; `None` for the current one.
    pub expires_at: Option<crate::domain::time::Timestamp>,
}

/// Which headers a delivery is signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningProfile {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…` (Standard Webhooks 1.0).
    StandardWebhooks,
    /// The same with the names `svix-id`, `svix-timestamp`, `svix-signature`.
    Svix,
    /// One header with an HMAC.
    Hmac(HmacProfile),
    /// Not signed; `webhook-id` and `webhook-timestamp` are still sent.
    None,
}

/// A generic HMAC signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HmacProfile {
    /// The header that carries it, lower case.
    pub header: String,
    /// One of the three HMACs.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// The header's value with `{signature}` and `{timestamp}`, such as `sha256={signature}`.
    pub value: String,
    /// What is signed, with `{id}`, `{timestamp}`, `{body}`.
    pub signed: String,
    /// A header that carries the timestamp, if wanted, with its format.
    pub timestamp_header: Option<String>,
    /// Whether that timestamp (and `{timestamp}`) is ISO text instead of unix seconds.
    pub timestamp_iso: bool,
    /// A header that carries the event's type, if wanted.
    pub event_header: Option<String>,
}
