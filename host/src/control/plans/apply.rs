//! Carries a plan out: what it was made from is still so, or nothing happens.

use crate::control::Control;
use crate::control::plans::ConfigPlan;
use crate::control::plans::Wanted;
use crate::control::plans::WantedSet;
use crate::control::plans::document::base;
use crate::control::resources::AskPlugins;
use crate::control::resources::ManageError;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::id::WorkspaceId;

impl ConfigPlan {
    /// What is written when it is carried out.
    pub(super) fn writes(&self, documents: &Documents) -> Vec<DocumentWrite> {
        let mut writes: Vec<DocumentWrite> = Vec::new();
        for change in self.changes.iter().filter(|change| change.differs()) {
            writes.push(change.after.write());
            writes.extend(change.key.iter().map(|made| DocumentWrite::PutKey(made.key.clone())));
        }
        writes.extend(self.deletes.iter().flat_map(|gone| gone.delete(documents)));
        writes.extend(self.set.clone().map(DocumentWrite::PutSet));
        writes
    }
}

impl Control {
    /// Makes what is there what is wanted, in one write, if the configuration is still the one that `base` is the digest
    /// of; else `Stale`.
    pub async fn apply_config(
        &self,
        workspace: WorkspaceId,
        wanted: Vec<Wanted>,
        set: Option<&WantedSet>,
        base: [u8; 32],
    ) -> Result<ConfigPlan, ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        if self::base(&snapshot.documents, workspace, &wanted) != base {
            return Err(ManageError::Stale);
        }
        // Nobody else can change anything meanwhile; the plugins were asked when the plan was made.
        let plan = self.plan_from(&snapshot.documents, workspace, wanted, set, AskPlugins::No).await?;
        let writes = plan.writes(&snapshot.documents);
        if !writes.is_empty() {
            self.write_within(writes).await?;
        }
        Ok(plan)
    }
}
