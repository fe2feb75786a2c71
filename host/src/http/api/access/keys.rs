//! Keys as they are shown: in full once, afterwards by prefix and end.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::control::resources::NewKey;
use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::id::KeyId;
use crate::domain::time::Timestamp;
use crate::http::request::RequestFaults;
use crate::http::request::Wait;

/// How long an old key works beside the new one when the request does not say, milliseconds.
const GRACE_MS: u64 = 24 * 3600 * 1000;
/// Longest grace, milliseconds.
const GRACE_MS_MAX: u64 = 30 * 24 * 3600 * 1000;

/// How one key follows another.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationBody {
    /// How long the old one goes on working; 24h if not given, at most 30 days.
    #[schema(nullable = false)]
    grace: Option<Wait>,
}

impl RotationBody {
    /// How long the old one goes on working.
    pub(in crate::http::api) fn grace(self, faults: &mut RequestFaults) -> Duration {
        grace(self.grace, faults)
    }
}

/// How long the old one goes on working.
pub(in crate::http::api) fn grace(given: Option<Wait>, faults: &mut RequestFaults) -> Duration {
    let millis = given.map_or(GRACE_MS, |grace| grace.0);
    if millis > GRACE_MS_MAX {
        faults.add("/grace", "at most 30 days");
    }
    Duration::from_millis(millis)
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// The key itself; shown now and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
    /// For people.
    pub name: String,
    /// What it begins with.
    pub prefix: String,
    /// Its last four characters.
    pub last4: String,
    /// What it may do; empty for a source's key.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(required = true)]
    pub expires_at: Option<Timestamp>,
}

/// A key without its text.
pub(in crate::http::api) fn show(key: &ApiKey) -> KeyView {
    KeyView {
        id: key.id,
        secret: None,
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        last4: key.last4.clone(),
        scopes: key.scopes.clone(),
        created_at: key.created_at,
        expires_at: key.expires_at,
    }
}

/// A new key with its text.
pub(in crate::http::api) fn show_new(new: &NewKey) -> KeyView {
    KeyView { secret: Some(new.secret.expose().to_owned()), ..show(&new.key) }
}
