//! What documents mean where this configuration is in force: each is compared with the one of its name, and what has to
//! be written is noted. Nothing is written here.

use crate::control::Control;
use crate::control::FAULTS_MAX;
use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plans::PlannedChange;
use crate::control::plans::Wanted;
use crate::control::plans::WantedDraft;
use crate::control::plans::WantedSet;
use crate::control::plans::document::base;
use crate::control::resources::AskPlugins;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::resources::NewDestination;
use crate::control::resources::event_type;
use crate::control::room;
use crate::control::snapshot::Documents;
use crate::domain::config::PluginConfig;
use crate::domain::destination::DestinationKind;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::PluginBudget;

impl Control {
    /// What these documents come to in a workspace now. `ManageError::Invalid` has the faults of all of them, each at
    /// `/documents/{place}` and below. What would delete something protected, or be more than the workspace may have, is
    /// refused.
    pub async fn plan_config(
        &self,
        workspace: WorkspaceId,
        wanted: Vec<Wanted>,
        set: Option<&WantedSet>,
    ) -> Result<ConfigPlan, ManageError> {
        let snapshot = self.snapshot().clone();
        let plan = self.plan_from(&snapshot.documents, workspace, wanted, set, AskPlugins::Yes).await?;
        // What could not be carried out is no plan.
        room::check(&snapshot.documents, &plan.writes(&snapshot.documents))?;
        Ok(plan)
    }

    pub(super) async fn plan_from(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        wanted: Vec<Wanted>,
        set: Option<&WantedSet>,
        ask: AskPlugins,
    ) -> Result<ConfigPlan, ManageError> {
        let mut faults = Faults::of("configuration", Vec::new());
        let mut plan = ConfigPlan {
            changes: Vec::new(),
            deletes: Vec::new(),
            set: None,
            documents: documents.clone(),
            base: base(documents, workspace, &wanted),
        };
        let mut wanted: Vec<(usize, Wanted)> = wanted.into_iter().enumerate().collect();
        find_doubles(&wanted, &mut faults);
        wanted.sort_by_key(|(_, wanted)| wanted.draft.order());
        for (place, wanted) in wanted {
            // Nobody reads more.
            if faults.count() >= FAULTS_MAX {
                break;
            }
            let mut own = Faults::of("configuration", wanted.faults);
            let renamed = plan.take_over(workspace, &wanted.draft, wanted.was.as_deref(), &mut own);
            let change =
                self.change(&plan.documents, workspace, (place, wanted.draft), ask, &mut own).await?;
            faults.add_below(&format!("/documents/{place}"), own.into_inner());
            let Some(mut change) = change else { continue };
            change.before = renamed.or(change.before);
            plan.documents.change(change.after.write());
            plan.changes.push(change);
        }
        if let Some(set) = set {
            self.plan_set(&mut plan, workspace, set, &mut faults);
        }
        plan.check_groups(documents, workspace, &mut faults);
        plan.check_consent(&mut faults);
        faults.done()?;
        Ok(plan)
    }

    /// What this document would be if it said nothing but what it is.
    pub fn default_document(&self, document: &ConfigDocument) -> ConfigDocument {
        match document {
            ConfigDocument::Source(source) => ConfigDocument::Source(self.default_source(source).into()),
            ConfigDocument::Destination(found) => {
                let default = self.blank_destination(found.workspace, DestinationKind::Http);
                ConfigDocument::Destination(default.into())
            }
            ConfigDocument::Connection(found) => {
                ConfigDocument::Connection(self.blank_connection(found.workspace).into())
            }
            ConfigDocument::Table(found) => ConfigDocument::Table(self.blank_table(found.workspace).into()),
            ConfigDocument::EventType(found) => {
                ConfigDocument::EventType(self.blank_event_type(found.workspace).into())
            }
            ConfigDocument::Workspace(_) => {
                ConfigDocument::Workspace(self.blank_workspace(&self.snapshot().documents).into())
            }
            ConfigDocument::Secret(found) => ConfigDocument::Secret(found.clone()),
            ConfigDocument::Plugin(found) => {
                let (active, limits) = (None, PluginBudget::default());
                ConfigDocument::Plugin(PluginConfig { active, limits, ..found.as_ref().clone() }.into())
            }
        }
    }

    async fn change(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        (place, draft): (usize, WantedDraft),
        ask: AskPlugins,
        faults: &mut Faults,
    ) -> Result<Option<PlannedChange>, ManageError> {
        Ok(Some(match draft {
            WantedDraft::Workspace(draft) => {
                let (old, workspace) = self.whole_workspace(documents, *draft, faults);
                let key = old.is_none().then(|| self.first_key(&workspace));
                let before = old.map(ConfigDocument::Workspace);
                let after = ConfigDocument::Workspace(workspace.into());
                PlannedChange { place, before, after, key, secret: None }
            }
            WantedDraft::Plugin(draft) => {
                let found = self.whole_plugin(documents, workspace, draft, ask, faults).await?;
                let Some((old, plugin)) = found else { return Ok(None) };
                let (before, after) =
                    (Some(ConfigDocument::Plugin(old)), ConfigDocument::Plugin(plugin.into()));
                PlannedChange { place, before, after, key: None, secret: None }
            }
            WantedDraft::Secret(draft) => {
                let Some((old, secret)) = self.whole_secret(documents, workspace, &draft, faults) else {
                    return Ok(None);
                };
                let before = old.map(ConfigDocument::Secret);
                PlannedChange {
                    place,
                    before,
                    after: ConfigDocument::Secret(secret),
                    key: None,
                    secret: None,
                }
            }
            WantedDraft::Source(draft) => {
                let (old, source) = self.whole_source(documents, workspace, *draft, faults);
                let key = old
                    .is_none()
                    .then(|| self.make_key(workspace, &source.name, Vec::new(), Some(source.id)));
                let before = old.map(ConfigDocument::Source);
                PlannedChange {
                    place,
                    before,
                    after: ConfigDocument::Source(source.into()),
                    key,
                    secret: None,
                }
            }
            WantedDraft::Destination(draft, given) => {
                let (old, new) = self.whole_destination(documents, workspace, *draft, given, faults);
                let NewDestination { destination, secret } = new;
                let before = old.map(ConfigDocument::Destination);
                let after = ConfigDocument::Destination(destination.into());
                PlannedChange { place, before, after, key: None, secret }
            }
            WantedDraft::Connection(draft) => {
                let (old, connection) =
                    self.whole_connection(documents, workspace, *draft, ask, faults).await?;
                let before = old.map(ConfigDocument::Connection);
                let after = ConfigDocument::Connection(connection.into());
                PlannedChange { place, before, after, key: None, secret: None }
            }
            WantedDraft::EventType(draft) => {
                let (old, event_type) = self.whole_event_type(documents, workspace, *draft, faults)?;
                let before = old.map(ConfigDocument::EventType);
                let after = ConfigDocument::EventType(event_type.into());
                PlannedChange { place, before, after, key: None, secret: None }
            }
            WantedDraft::Table(draft) => {
                let (old, table) = self.whole_table(documents, workspace, *draft, faults).await?;
                let before = old.map(ConfigDocument::Table);
                PlannedChange {
                    place,
                    before,
                    after: ConfigDocument::Table(table.into()),
                    key: None,
                    secret: None,
                }
            }
        }))
    }
}

impl ConfigPlan {
    /// A group that a connection takes must be there when all is done; what was without before may stay so.
    fn check_groups(&self, before: &Documents, workspace: WorkspaceId, faults: &mut Faults) {
        let was = event_type::missing_groups(before, workspace);
        for missing in event_type::missing_groups(&self.documents, workspace) {
            if was.contains(&missing) {
                continue;
            }
            let place = self.changes.iter().find(|change| match &change.after {
                ConfigDocument::Connection(connection) => connection.name == missing.connection,
                _ => false,
            });
            let pointer = match place {
                Some(change) => format!("/documents/{}/event_groups", change.place),
                None => "/documents".to_owned(),
            };
            faults.add(pointer, missing.to_string());
        }
    }
}

/// Two documents of one kind and name contradict each other.
fn find_doubles(wanted: &[(usize, Wanted)], faults: &mut Faults) {
    let mut first = std::collections::HashMap::new();
    for (place, wanted) in wanted {
        let Some(name) = wanted.draft.name() else { continue };
        if let Some(earlier) = first.insert((wanted.draft.order(), name), *place) {
            let detail = format!("/documents/{earlier} has this name already; put them together");
            faults.add(format!("/documents/{place}/name"), detail);
        }
    }
}
