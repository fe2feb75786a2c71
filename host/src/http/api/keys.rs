//! Keys as they are shown: in full once, afterwards by prefix and end.

use crate::control::resources::NewKey;
use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::id::KeyId;
use crate::domain::time::Timestamp;
use crate::http::form::Field;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::view::view;

/// How long an old key works beside the new one when the request does not say, milliseconds.
const GRACE_MS: u64 = 24 * 3600 * 1000;
/// Longest grace, milliseconds.
const GRACE_MS_MAX: u64 = 30 * 24 * 3600 * 1000;

/// Fields of a rotation.
pub(super) const ROTATION: &[Field] =
    &[field("grace", Shape::Duration, "How long the old one goes on working; 24h if not given.")];

view! {
    /// A key.
    KeyView {
        /// Its id.
        id: KeyId,
        /// The key itself; shown now and never again.
        ["Option::is_none"] secret: Option<String>,
        /// For people.
        name: String,
        /// What it begins with.
        prefix: String,
        /// Its last four characters.
        last4: String,
        /// What it may do; empty for a source's key.
        scopes: Vec<Scope>,
        /// When it was made.
        created_at: Timestamp,
        /// When it ends.
        expires_at: Option<Timestamp>,
    }
}

/// A key without its text.
pub(super) fn show(key: &ApiKey) -> KeyView {
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
pub(super) fn show_new(new: &NewKey) -> KeyView {
    KeyView { secret: Some(new.secret.expose().to_owned()), ..show(&new.key) }
}

/// Reads how long the old one goes on working.
pub(super) fn grace(object: &crate::http::form::Object<'_>) -> std::time::Duration {
    let millis = object.duration("grace").unwrap_or(GRACE_MS);
    if millis > GRACE_MS_MAX {
        object.fault("grace", "at most 30 days");
    }
    std::time::Duration::from_millis(millis)
}
