//! Workspaces. The oldest one is the operator's: its admin keys make and see the others; everybody
//! else sees their own.

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::Principal;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::resources::key::NewKey;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::Scope;
use crate::domain::config::Workspace;
use crate::domain::id::WorkspaceId;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::rules::tier;

/// What a request says about a workspace; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceDraft {
    /// Unique among all of them.
    pub name: Option<String>,
    /// A named set of limits.
    pub tier: Option<Option<String>>,
    /// Limits of its own.
    pub limits: Option<Option<WorkspaceLimits>>,
}

/// A workspace and the first key to it.
#[derive(Debug)]
pub struct NewWorkspace {
    /// The workspace.
    pub workspace: Workspace,
    /// An admin key of it.
    pub key: NewKey,
}

impl Control {
    /// Whether this key may make workspaces and see all of them.
    pub fn is_operator(&self, principal: &Principal) -> bool {
        let first = self.snapshot().documents.first_workspace().map(|first| first.id);
        principal.may(Scope::Admin) && first == Some(principal.home)
    }

    /// The workspaces this key may see, oldest first.
    pub fn workspaces(&self, principal: &Principal) -> Vec<Arc<Workspace>> {
        let operator = self.is_operator(principal);
        let snapshot = self.snapshot();
        let visible =
            snapshot.documents.workspaces.all().filter(|found| operator || found.id == principal.home);
        visible.cloned().collect()
    }

    /// The id of a workspace this key may act for, by id or name.
    pub(super) fn workspace_for(
        &self,
        documents: &Documents,
        principal: &Principal,
        wanted: &str,
    ) -> Option<WorkspaceId> {
        let found = documents.workspace(wanted)?.id;
        (found == principal.home || self.is_operator(principal)).then_some(found)
    }

    /// The workspace of that id or name, if this key may act for it.
    pub fn workspace_in_reach(&self, principal: &Principal, wanted: &str) -> Option<WorkspaceId> {
        self.workspace_for(&self.snapshot().documents, principal, wanted)
    }

    /// Makes a workspace and an admin key to it.
    pub async fn create_workspace(
        &self,
        principal: &Principal,
        draft: WorkspaceDraft,
        read: Vec<FieldFault>,
    ) -> Result<NewWorkspace, ManageError> {
        if !self.is_operator(principal) {
            let detail = "only an admin key of the first workspace makes workspaces";
            return Err(ManageError::Forbidden(detail.into()));
        }
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut faults = Faults::of("workspace", read);
        let mut workspace = self.blank_workspace(&snapshot.documents);
        apply_workspace(&snapshot.documents, &mut workspace, draft, &mut faults);
        faults.done()?;
        let key = self.first_key(&workspace);
        let writes =
            vec![DocumentWrite::PutWorkspace(workspace.clone()), DocumentWrite::PutKey(key.key.clone())];
        self.write(writes).await?;
        Ok(NewWorkspace { workspace, key })
    }

    /// One that says nothing. Its id is later than every other, also when the clock was set back: the oldest is the
    /// operator's.
    pub(in crate::control) fn blank_workspace(&self, documents: &Documents) -> Workspace {
        let last = documents.workspaces.all().next_back().map(|last| last.id.bits());
        let id = WorkspaceId::from_bits(last.map_or(0, |last| last.saturating_add(1)).max(self.new_id()));
        let (name, limits) = (String::new(), WorkspaceLimits::default());
        Workspace { id, name, created_at: self.now(), tier: None, limits }
    }

    /// The admin key that a new workspace is made with.
    pub(in crate::control) fn first_key(&self, workspace: &Workspace) -> NewKey {
        self.make_key(workspace.id, "admin", vec![Scope::Admin], None)
    }

    /// The workspace that a draft is in full, and the one of its name that is there.
    pub(in crate::control) fn whole_workspace(
        &self,
        documents: &Documents,
        draft: WorkspaceDraft,
        faults: &mut Faults,
    ) -> (Option<Arc<Workspace>>, Workspace) {
        let named = |name: &str| documents.workspaces.all().find(|found| found.name == name).cloned();
        let old = draft.name.as_deref().and_then(named);
        let mut workspace = self.blank_workspace(documents);
        if let Some(old) = &old {
            (workspace.id, workspace.created_at) = (old.id, old.created_at);
        }
        apply_workspace(documents, &mut workspace, draft, faults);
        (old, workspace)
    }

    /// Changes what the draft mentions. Limits are the operator's to set.
    pub async fn update_workspace(
        &self,
        principal: &Principal,
        which: &str,
        draft: WorkspaceDraft,
        read: Vec<FieldFault>,
    ) -> Result<Workspace, ManageError> {
        if (draft.tier.is_some() || draft.limits.is_some()) && !self.is_operator(principal) {
            let detail = "only an admin key of the first workspace sets tiers and limits";
            return Err(ManageError::Forbidden(detail.into()));
        }
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let found = self.workspace_for(&snapshot.documents, principal, which);
        let found = found.and_then(|id| snapshot.documents.workspaces.get(id));
        let found = found.ok_or_else(|| ManageError::NotFound { what: "workspace", id: which.to_owned() })?;
        let mut workspace = found.as_ref().clone();
        let name = draft.name.clone().or_else(|| Some(workspace.name.clone()));
        let mut faults = Faults::of("workspace", read);
        apply_workspace(&snapshot.documents, &mut workspace, WorkspaceDraft { name, ..draft }, &mut faults);
        faults.done()?;
        self.write(vec![DocumentWrite::PutWorkspace(workspace.clone())]).await?;
        Ok(workspace)
    }
}

/// Makes it what a draft mentions.
fn apply_workspace(
    documents: &Documents,
    workspace: &mut Workspace,
    draft: WorkspaceDraft,
    faults: &mut Faults,
) {
    workspace.name = workspace_name(documents, workspace.id, draft.name, faults);
    if let Some(tier) = draft.tier {
        if let Some(unknown) = tier.as_deref().filter(|name| tier::named(name).is_none()) {
            let names: Vec<&str> = tier::all().iter().map(|tier| tier.name).collect();
            faults.add("/tier", format!("there is no tier `{unknown}`; there are {}", names.join(", ")));
        }
        workspace.tier = tier;
    }
    if let Some(limits) = draft.limits {
        workspace.limits = limits.unwrap_or_default();
    }
}

/// Names of workspaces are unique among all of them.
fn workspace_name(
    documents: &Documents,
    own: WorkspaceId,
    name: Option<String>,
    faults: &mut Faults,
) -> String {
    let name = name.unwrap_or_default();
    let mut others = documents.workspaces.all().filter(|other| other.id != own);
    if name.is_empty() {
        faults.missing("/name", "a workspace needs a name");
    } else if let Err(detail) = fields::name_form(&name) {
        faults.add("/name", detail);
    } else if name.parse::<WorkspaceId>().is_ok() {
        faults.add("/name", "a name must not look like an id");
    } else if others.any(|other| other.name == name) {
        faults.add("/name", format!("another workspace has the name `{name}`; choose one that is free"));
    }
    name
}
