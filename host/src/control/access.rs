//! Who may use the API: a key's text leads to whose it is and what it may. Not here: keys of sources
//! (`pipeline::accept`), making keys (`resources::key`).

use sha2::Digest as _;
use sha2::Sha256;

use crate::control::Control;
use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;

/// Who asks: a key of the API.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Which key.
    pub key: KeyId,
    /// Its workspace.
    pub home: WorkspaceId,
    /// The workspace it acts in: its own, or for an operator any.
    pub workspace: WorkspaceId,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Principal {
    fn of(key: &ApiKey) -> Self {
        Self { key: key.id, home: key.workspace, workspace: key.workspace, scopes: key.scopes.clone() }
    }

    /// Whether the key has that scope; `admin` has all.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

/// The hash a key is known by: SHA-256, hex. Keys have 256 random bits, so no salt is needed.
pub(crate) fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

impl Control {
    /// Who has this token; `None` if nobody has, or it has expired, or it is a source's key.
    pub fn authenticate(&self, token: &str) -> Option<Principal> {
        let snapshot = self.snapshot();
        let key = snapshot.keys.get(&key_hash(token))?;
        let expired = key.expires_at.is_some_and(|end| end <= self.now());
        let usable = key.source.is_none() && !expired;
        usable.then(|| Principal::of(key))
    }

    /// The same one, acting in the workspace of that id or name; `None` if it may not, or there is none.
    pub fn acting_in(&self, principal: Principal, wanted: &str) -> Option<Principal> {
        let workspace = self.workspace_in_reach(&principal, wanted)?;
        Some(Principal { workspace, ..principal })
    }

    /// Whether a key that was let in would be let in now with that scope: not once it was deleted, has expired, or
    /// may less.
    pub fn still_may(&self, principal: &Principal, scope: Scope) -> bool {
        let snapshot = self.snapshot();
        let key = snapshot.documents.keys.get(principal.key);
        let key = key.filter(|key| key.workspace == principal.home && key.source.is_none());
        let live = key.filter(|key| key.expires_at.is_none_or(|end| self.now() < end));
        let live = live.map(|key| Principal::of(key)).filter(|live| live.may(scope));
        live.is_some_and(|live| principal.workspace == live.home || self.is_operator(&live))
    }
}
