//! Credentials and signatures of destinations. Not here: which of them a product means.

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::shared::draft::Draft;

/// How a destination is told who sends.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct Auth {
    /// The document's `auth`; null where there is none.
    pub(in crate::import) auth: Value,
    /// The document's `signing`.
    pub(in crate::import) signing: Value,
    /// Whether something is missing without which the receiver refuses.
    pub(in crate::import) unknown: bool,
}

impl Auth {
    /// Nothing.
    pub(in crate::import) fn none() -> Self {
        Self { auth: Value::Null, signing: json!({"profile": "none"}), unknown: false }
    }

    fn of(auth: Value) -> Self {
        Self { auth, ..Self::none() }
    }

    /// Something that is not here; said with why.
    pub(in crate::import) fn unknown(at: &str, why: &str, draft: &mut Draft) -> Self {
        let detail = format!("{why}: the destination is paused; set its `auth` or `headers`, then resume it");
        draft.note(at, ImportFate::Impossible, detail);
        Self { unknown: true, ..Self::none() }
    }
}

/// Name and password; where the file does not have the name, it is elsewhere, too.
pub(in crate::import) fn basic(username: &str, at: &str, whose: &str, draft: &mut Draft) -> Auth {
    if username.contains(':') || username.chars().any(char::is_control) {
        return Auth::unknown(
            at,
            "a name for basic authentication has no colon and no control characters",
            draft,
        );
    }
    let name = match username.is_empty() {
        true => draft.secret(at, whose, "basic username"),
        false => username.into(),
    };
    let password = draft.secret(at, whose, "basic password");
    Auth::of(json!({"basic": {"username": name, "password": password}}))
}

/// A token, sent as `Authorization: Bearer`.
pub(in crate::import) fn token(at: &str, whose: &str, draft: &mut Draft) -> Auth {
    let token = draft.secret(at, whose, "bearer token");
    Auth::of(json!({ "bearer": token }))
}

/// A key in a header of its own.
pub(in crate::import) fn key(header: &str, at: &str, whose: &str, draft: &mut Draft) -> Auth {
    let key = draft.secret(at, whose, "API key");
    Auth::of(json!({"header": {"name": header, "value": key}}))
}
