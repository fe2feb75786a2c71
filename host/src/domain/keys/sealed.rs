//! Secrets of a workspace that plugins may be given, as they are stored: sealed. Not here: sealing and opening
//! (`rules::seal`), where they go (`secret::NamedSecrets`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::id::{SecretId, WorkspaceId};
use crate::domain::time::Timestamp;

/// Longest name of a secret.
const NAME_MAX: usize = 64;

/// A secret's name: 1 to 64 letters, digits, `-`, `_` and `.`, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// It cannot be a secret's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be a secret's name; use up to {NAME_MAX} letters, digits, `-`, `_` and `.`, a letter first"
)]
pub struct BadSecretName(String);

impl SecretName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = BadSecretName;

    fn from_str(text: &str) -> Result<Self, BadSecretName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let good = text.len() <= NAME_MAX
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(fits);
        if good { Ok(Self(text.to_owned())) } else { Err(BadSecretName(text.chars().take(100).collect())) }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SecretName {
    type Error = BadSecretName;

    fn try_from(text: String) -> Result<Self, BadSecretName> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

/// A secret of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// Its id.
    pub id: SecretId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: SecretName,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Eight hexadecimal digits that change with the value.
    pub fingerprint: String,
    /// Nonce and sealed value, Base64.
    pub sealed: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, good) in
            [("a", true), ("API_key-2.old", true), ("", false), ("1a", false), ("a b", false), ("é", false)]
        {
            assert_eq!(name.parse::<SecretName>().is_ok(), good, "{name}");
        }
        assert!("a".repeat(65).parse::<SecretName>().is_err());
    }
}
