//! The first start: a workspace and an admin key, so that there is somebody to let in.

use crate::control::Control;
use crate::control::key_hash;
use crate::control::random_token;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::config::Workspace;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::store::StoreError;

/// What generated admin keys begin with.
const ADMIN_PREFIX: &str = "hm_admin_";

impl Control {
    /// Sees to it that there is a workspace and an admin key. Answers the key's text when it was
    /// made now, or when it was given in the settings.
    pub async fn bootstrap(&self, given: Option<&Secret>) -> Result<Option<String>, StoreError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut writes = Vec::new();
        let workspace = match snapshot.documents.first_workspace() {
            Some(workspace) => workspace.id,
            None => {
                let id = WorkspaceId::from_bits(self.new_id());
                writes.push(DocumentWrite::PutWorkspace(Workspace {
                    id,
                    name: "default".into(),
                    created_at: self.now(),
                    tier: None,
                    limits: WorkspaceLimits::default(),
                }));
                id
            }
        };
        let any_admin = snapshot.documents.keys.all().any(|key| key.scopes.contains(&Scope::Admin));
        let text = match given {
            Some(secret) => Some(secret.expose().to_owned()),
            None if !any_admin => Some(random_token(ADMIN_PREFIX)),
            None => None,
        };
        if let Some(text) = &text
            && !snapshot.keys.contains_key(&key_hash(text))
        {
            writes.push(DocumentWrite::PutKey(self.admin_key(workspace, text)));
        }
        if !writes.is_empty() {
            self.write(writes).await?;
        }
        Ok(text)
    }

    fn admin_key(&self, workspace: WorkspaceId, text: &str) -> ApiKey {
        ApiKey {
            id: KeyId::from_bits(self.new_id()),
            workspace,
            name: "admin".into(),
            scopes: vec![Scope::Admin],
            source: None,
            hash: key_hash(text),
            prefix: ADMIN_PREFIX.into(),
            last4: Secret::new(text).last4().to_owned(),
            created_at: self.now(),
            expires_at: None,
        }
    }
}
