//! A destination that is a URL.

use serde::{Deserialize, Serialize};

use crate::domain::config::Basic;
use crate::domain::destination::BatchRule;
use crate::domain::destination::ReceiverKind;
use crate::domain::secret::StoredSecret;

/// What only this kind has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HttpEndpoint {
    /// http(s), without userinfo; checked when saved.
    pub url: String,
    /// POST, PUT or PATCH.
    pub method: String,
    /// Credentials.
    pub auth: DestinationAuth,
    /// Milliseconds until an attempt counts as failed.
    pub timeout_ms: u64,
    /// The type of the event that a 2xx answer is published as, if any is.
    #[serde(default)]
    pub answer_type: Option<String>,
    /// The service behind it, which takes bodies of one form only.
    #[serde(default)]
    pub receiver: Option<ReceiverKind>,
    /// Several deliveries go in one request.
    #[serde(default)]
    pub batch: Option<BatchRule>,
}

/// Credentials a destination wants; any combination.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DestinationAuth {
    /// `Authorization: Basic …`.
    pub basic: Option<Basic>,
    /// `Authorization: Bearer …`.
    pub bearer: Option<StoredSecret>,
    /// A key in a header of the destination's choice.
    pub header: Option<AuthHeader>,
}

/// A header with a secret value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthHeader {
    /// Its name, lower case.
    pub name: String,
    /// Its value.
    pub value: StoredSecret,
}
