//! Name and password of basic authentication, as they are given and as they are stored.

use crate::control::resources::check::error::Faults;
use crate::domain::config::Basic;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;

/// Name and password.
#[derive(Clone, Debug)]
pub struct BasicDraft {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Name and password as stored.
pub(in crate::control::resources) fn checked(basic: BasicDraft, pointer: &str, faults: &mut Faults) -> Basic {
    if basic.username.contains(':') || basic.username.chars().any(char::is_control) {
        faults.add(
            format!("{pointer}/username"),
            "a name for basic authentication has no colon and no control characters",
        );
    }
    if basic.password.expose().is_empty() {
        faults.add(format!("{pointer}/password"), "a password must not be empty");
    }
    Basic { username: basic.username, password: StoredSecret(basic.password) }
}
