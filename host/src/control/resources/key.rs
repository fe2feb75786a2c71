//! Keys of the API and of sources: made, rotated, deleted. A key's text leaves this file once and
//! is kept only as its hash.

use std::time::Duration;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::Principal;
use crate::control::key_hash;
use crate::control::random_token;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::resources::check::find;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::id::KeyId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

const ADMIN_PREFIX: &str = "hm_admin_";
const API_PREFIX: &str = "hm_key_";
const SOURCE_PREFIX: &str = "hm_in_";
/// Keys one source may have, old ones in their grace period included.
const SOURCE_KEYS_MAX: usize = 20;

/// A key and its text, which is shown now and never again.
#[derive(Debug)]
pub struct NewKey {
    /// As it is stored.
    pub key: ApiKey,
    /// What its holder sends.
    pub secret: Secret,
}

/// What a request says about a key of the API.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyDraft {
    /// For people.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Option<Vec<Scope>>,
    /// Another workspace than the caller's, by id or name.
    pub workspace: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Control {
    /// A key that is not stored yet.
    pub(in crate::control) fn make_key(
        &self,
        workspace: WorkspaceId,
        name: &str,
        scopes: Vec<Scope>,
        source: Option<SourceId>,
    ) -> NewKey {
        let prefix = match source {
            Some(_) => SOURCE_PREFIX,
            None if scopes.contains(&Scope::Admin) => ADMIN_PREFIX,
            None => API_PREFIX,
        };
        let secret = Secret::new(random_token(prefix));
        let key = ApiKey {
            id: KeyId::from_bits(self.new_id()),
            workspace,
            name: name.to_owned(),
            scopes,
            source,
            hash: key_hash(secret.expose()),
            prefix: prefix.to_owned(),
            last4: secret.last4().to_owned(),
            created_at: self.now(),
            expires_at: None,
        };
        NewKey { key, secret }
    }

    /// Makes a key of the API.
    pub async fn create_api_key(
        &self,
        principal: &Principal,
        draft: ApiKeyDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewKey, ManageError> {
        let mut faults = Faults::of("API key", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let workspace = match &draft.workspace {
            None => principal.workspace,
            Some(wanted) => match self.workspace_for(&snapshot.documents, principal, wanted) {
                Some(found) => found,
                None => {
                    faults.add(
                        "/workspace",
                        format!("there is no workspace `{wanted}` that this key may make keys for"),
                    );
                    principal.workspace
                }
            },
        };
        match &draft.name {
            Some(name) => {
                if let Err(detail) = fields::name_form(name) {
                    faults.add("/name", detail);
                }
            }
            None => faults.missing("/name", "a key needs a name, so that people know whose it is"),
        }
        let scopes = draft.scopes.unwrap_or_default();
        if scopes.is_empty() {
            faults.missing("/scopes", "name what the key may do: any of read, write, ingest, admin");
        }
        if draft.expires_at.is_some_and(|end| end <= self.now()) {
            faults.add("/expires_at", "this moment has passed");
        }
        faults.done()?;
        let mut made = self.make_key(workspace, &draft.name.unwrap_or_default(), scopes, None);
        made.key.expires_at = draft.expires_at;
        self.write(vec![DocumentWrite::PutKey(made.key.clone())]).await?;
        Ok(made)
    }

    /// The workspace of a key of the API that this principal may act for: its own, or for an operator any. A key that
    /// nobody knows is looked for in its own.
    pub fn workspace_of_key(&self, principal: &Principal, key: &str) -> WorkspaceId {
        let snapshot = self.snapshot();
        let documents = &snapshot.documents;
        let found = key.parse().ok().and_then(|id| documents.keys.get(id));
        found
            .and_then(|key| self.workspace_for(documents, principal, &key.workspace.to_string()))
            .unwrap_or(principal.workspace)
    }

    /// Makes one more key of a source.
    pub async fn create_source_key(
        &self,
        workspace: WorkspaceId,
        source: &str,
        name: Option<String>,
        read: Vec<FieldFault>,
    ) -> Result<NewKey, ManageError> {
        let mut faults = Faults::of("key", read);
        if let Some(Err(detail)) = name.as_deref().map(fields::name_form) {
            faults.add("/name", detail);
        }
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let found = find::source(&snapshot.documents, workspace, source)?;
        faults.done()?;
        if keys_of(&snapshot.documents, found.id).count() >= SOURCE_KEYS_MAX {
            let detail = format!("a source has at most {SOURCE_KEYS_MAX} keys; delete one first");
            return Err(ManageError::Conflict(detail));
        }
        let made =
            self.make_key(workspace, name.as_deref().unwrap_or(&found.name), Vec::new(), Some(found.id));
        self.write(vec![DocumentWrite::PutKey(made.key.clone())]).await?;
        Ok(made)
    }

    /// Makes a new key in the place of an old one, which ends after `grace`.
    pub async fn rotate_key(
        &self,
        workspace: WorkspaceId,
        source: Option<&str>,
        key: &str,
        grace: Duration,
    ) -> Result<NewKey, ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut old = find(&snapshot.documents, workspace, source, key)?;
        let mut made = self.make_key(workspace, &old.name, old.scopes.clone(), old.source);
        made.key.expires_at = old.expires_at;
        let end = self.now().plus(grace);
        old.expires_at = Some(old.expires_at.map_or(end, |earlier| earlier.min(end)));
        self.write(vec![DocumentWrite::PutKey(made.key.clone()), DocumentWrite::PutKey(old)]).await?;
        Ok(made)
    }

    /// Deletes a key: of a source if one is named, else of the API. The last admin key of a
    /// workspace stays.
    pub async fn delete_key(
        &self,
        workspace: WorkspaceId,
        source: Option<&str>,
        key: &str,
    ) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let old = find(&snapshot.documents, workspace, source, key)?;
        let is_admin = |key: &ApiKey| key.scopes.contains(&Scope::Admin) && key.expires_at.is_none();
        let mut admins = snapshot.documents.keys.of(workspace).filter(|other| is_admin(other));
        if is_admin(&old) && admins.all(|other| other.id == old.id) {
            let detail = "this is the workspace's last admin key that does not expire; make another first";
            return Err(ManageError::Conflict(detail.into()));
        }
        self.write(vec![DocumentWrite::DeleteKey(old.id)]).await?;
        Ok(())
    }
}

/// The keys of a source, oldest first.
pub(in crate::control) fn keys_of(documents: &Documents, source: SourceId) -> impl Iterator<Item = &ApiKey> {
    documents.keys.all().map(AsRef::as_ref).filter(move |key| key.source == Some(source))
}

/// Names of keys are not unique, so a key is found by its id alone.
fn find(
    documents: &Documents,
    workspace: WorkspaceId,
    source: Option<&str>,
    key: &str,
) -> Result<ApiKey, ManageError> {
    let source = source.map(|source| find::source(documents, workspace, source)).transpose()?;
    let found = key.parse().ok().and_then(|id| documents.keys.get(id));
    let found =
        found.filter(|found| found.workspace == workspace && found.source == source.map(|source| source.id));
    let found = found.ok_or_else(|| ManageError::NotFound { what: "key", id: key.to_owned() })?;
    Ok(found.as_ref().clone())
}
