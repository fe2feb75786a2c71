//! What a connection may give a plugin beyond its events, and what a plugin keeps by it. Not here: how a guest gets
//! at it (`sandbox`), where it is kept (`store`).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::id::WorkspaceId;

/// One thing a plugin may be given; in the contract an interface of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// The time.
    Clock,
    /// Requests to the hosts that a connection names.
    Http,
    /// Values kept from one event to the next.
    Kv,
    /// Random numbers.
    Random,
    /// The secrets that a connection names.
    Secrets,
}

impl Grant {
    /// Every one, in the order of their names.
    pub const ALL: [Self; 5] = [Self::Clock, Self::Http, Self::Kv, Self::Random, Self::Secrets];

    /// Whether its name says all about it; the others come with hosts or names.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Clock | Self::Kv | Self::Random)
    }

    /// Its name in the contract and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Http => "http",
            Self::Kv => "kv",
            Self::Random => "random",
            Self::Secrets => "secrets",
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no grant of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `clock`, `http`, `kv`, `random` or `secrets`")]
pub struct UnknownGrant;

impl FromStr for Grant {
    type Err = UnknownGrant;

    fn from_str(text: &str) -> Result<Self, UnknownGrant> {
        Self::ALL.into_iter().find(|grant| grant.name() == text).ok_or(UnknownGrant)
    }
}

/// A set of grants; in JSON a list of names, sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Vec<Grant>", into = "Vec<Grant>")]
pub struct Grants(u8);

impl Grants {
    /// All there are.
    pub fn all() -> Self {
        Grant::ALL.into_iter().collect()
    }

    /// Those among the names of a version's imports; names that are no grants do not count.
    pub fn among(imports: &[String]) -> Self {
        imports.iter().filter_map(|name| name.parse::<Grant>().ok()).collect()
    }

    /// Whether it is one of them.
    pub const fn has(self, grant: Grant) -> bool {
        self.0 & 1 << grant as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are not among `others`.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of both.
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those whose name says all about them.
    pub fn plain(self) -> Self {
        self.iter().filter(|grant| grant.is_plain()).collect()
    }

    /// In the order of their names.
    pub fn iter(self) -> impl Iterator<Item = Grant> {
        Grant::ALL.into_iter().filter(move |grant| self.has(*grant))
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Self(grants.into_iter().fold(0, |bits, grant| bits | 1 << grant as u8))
    }
}

impl From<Vec<Grant>> for Grants {
    fn from(grants: Vec<Grant>) -> Self {
        grants.into_iter().collect()
    }
}

impl From<Grants> for Vec<Grant> {
    fn from(grants: Grants) -> Self {
        grants.iter().collect()
    }
}

/// As `clock, kv`.
impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, grant) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{grant}")?;
        }
        Ok(())
    }
}

/// Whose values: all versions of a plugin share them, no other plugin and no other workspace sees them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KvSpace {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The plugin's name.
    pub plugin: Arc<str>,
}

/// Keys from one on and before another, in one direction. Neither has a zero byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvRange {
    /// The first one that may be in it.
    pub from: String,
    /// None from this one on.
    pub to: String,
    /// Whether the last one comes first.
    pub backward: bool,
}

/// One key and its new value; `None` forgets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvWrite {
    /// Whose.
    pub space: KvSpace,
    /// The key: no control characters.
    pub key: String,
    /// The value.
    pub value: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_grants() {
        let both: Grants = [Grant::Kv, Grant::Clock].into_iter().collect();
        assert_eq!(both.to_string(), "clock, kv");
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"["clock","kv"]"#);
        assert_eq!(serde_json::from_str::<Grants>(r#"["kv","clock","kv"]"#).unwrap(), both);
        assert!(serde_json::from_str::<Grants>(r#"["files"]"#).is_err());
        let kv = Grants::among(&["log".to_owned(), "kv".to_owned()]);
        assert!(kv.has(Grant::Kv) && !kv.has(Grant::Clock) && !kv.is_empty());
        assert_eq!(both.without(kv).to_string(), "clock");
        assert_eq!(kv.with(both), both);
        assert!(kv.without(Grants::all()).is_empty());
        for grant in Grant::ALL {
            assert_eq!(grant.name().parse(), Ok(grant));
        }
        assert!(Grant::ALL.is_sorted_by_key(|grant| grant.name()));
    }
}
