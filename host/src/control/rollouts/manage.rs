//! Begins and ends rollouts: by hand, or because a guard does not hold. Either way it is a change of the configuration
//! like any other. Not here: what is counted (`watch`), what a guard says (`rules::rollout`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::Principal;
use crate::control::plugins::consent;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::rollouts::RolloutDraft;
use crate::control::rollouts::RolloutSummary;
use crate::control::rollouts::Watch;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grants;
use crate::domain::id::PluginId;
use crate::domain::id::RolloutId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutEnd;
use crate::domain::rollout::RolloutKind;

/// Rollouts of a plugin that are over and remembered.
const KEPT_MAX: usize = 20;

impl Control {
    /// Begins to try a version on live events. `read` are faults found when the request was read.
    pub async fn start_rollout(
        &self,
        principal: &Principal,
        name: &str,
        draft: RolloutDraft,
        read: Vec<FieldFault>,
    ) -> Result<Arc<PluginConfig>, ManageError> {
        let _guard = self.write_guard().await;
        let documents = self.snapshot().documents.clone();
        let mut plugin = plugin_of(&documents, principal.workspace, name)?.as_ref().clone();
        if let Some(rollout) = &plugin.rollout {
            return Err(ManageError::Conflict(format!(
                "a {} of version {} is under way ({}); cancel or promote it first",
                rollout.kind.name(),
                rollout.version,
                rollout.id
            )));
        }
        let mut faults = Faults::of("rollout", read);
        let checked = draft.check(&mut faults);
        let version = find_version(&plugin, draft.version, &mut faults);
        if let (Some((kind, _)), Some((version, active))) = (&checked, version) {
            check_grants(&plugin, kind, version, active, &mut faults);
            self.check_followers(&documents, &plugin, version, &mut faults).await;
        }
        faults.done()?;
        let (Some((kind, share)), Some((version, active))) = (checked, version) else {
            return Err(ManageError::Conflict("the request is not complete".to_owned()));
        };
        let mut writes = match kind {
            RolloutKind::Canary(_) => {
                consent(&documents, &plugin, version, draft.accept).map_err(ManageError::Conflict)?
            }
            RolloutKind::Shadow => Vec::new(),
        };
        let id = RolloutId::from_bits(self.new_id());
        let (started_at, started_by) = (self.now(), principal.key);
        let rollout = Rollout { id, kind, version, active, share, started_at, started_by };
        plugin.rollout = Some(rollout.clone());
        writes.push(DocumentWrite::PutPlugin(plugin.clone()));
        self.write(writes).await?;
        self.observe_rollout_started(&plugin, &rollout);
        Ok(Arc::new(plugin))
    }

    /// The steps that would meet the version, and whether it takes their configuration.
    async fn check_followers(
        &self,
        documents: &Documents,
        plugin: &PluginConfig,
        version: Digest,
        faults: &mut Faults,
    ) {
        let mut followed = false;
        for connection in documents.connections.of(plugin.workspace) {
            let steps = with_version(connection, plugin, version);
            followed |= !steps.is_empty();
            for fault in self.check_plugin_configs(plugin.workspace, &steps).await {
                faults.add("/version", format!("in connection `{}`: {}", connection.name, fault.detail));
            }
        }
        if !followed {
            let detail = format!(
                "no connection has a step that runs the active version of `{}`, so no event would meet this one",
                plugin.name
            );
            faults.add("/version", detail);
        }
    }

    /// Ends a rollout; the active version stays.
    pub async fn cancel_rollout(
        &self,
        workspace: WorkspaceId,
        name: &str,
        id: RolloutId,
    ) -> Result<Arc<PluginConfig>, ManageError> {
        let _guard = self.write_guard().await;
        let mut plugin = self.running(workspace, name, id)?;
        let reason = "somebody ended it".to_owned();
        let seen = self.rollout_watch(id).counts().seen();
        self.end_rollout(&mut plugin, RolloutEnd::Cancelled, reason, seen).await?;
        Ok(Arc::new(plugin))
    }

    /// The version of a rollout that is under way. Made the active one, it ends the rollout.
    pub fn rollout_version(
        &self,
        workspace: WorkspaceId,
        name: &str,
        id: RolloutId,
    ) -> Result<Digest, ManageError> {
        let plugin = self.running(workspace, name, id)?;
        plugin.rollout.map(|rollout| rollout.version).ok_or_else(|| not_found(id))
    }

    fn running(
        &self,
        workspace: WorkspaceId,
        name: &str,
        id: RolloutId,
    ) -> Result<PluginConfig, ManageError> {
        let snapshot = self.snapshot();
        let plugin = plugin_of(&snapshot.documents, workspace, name)?;
        if plugin.rollout.as_ref().is_some_and(|rollout| rollout.id == id) {
            return Ok(plugin.as_ref().clone());
        }
        match plugin.rollouts.iter().find(|ended| ended.rollout.id == id) {
            Some(ended) => Err(ManageError::Conflict(format!("it is over already: {}", ended.end.name()))),
            None => Err(not_found(id)),
        }
    }

    /// Ends a canary whose guards do not hold. What is kept is what was seen when that was found.
    pub(crate) async fn roll_back(
        &self,
        plugin: PluginId,
        id: RolloutId,
        watch: &Watch,
        (reason, seen): (String, RolloutSummary),
    ) {
        let _guard = self.write_guard().await;
        let found = self.snapshot().documents.plugins.get(plugin).cloned();
        let found = found.filter(|found| found.rollout.as_ref().is_some_and(|rollout| rollout.id == id));
        // Otherwise it is over: an event of an older configuration met it.
        let Some(found) = found else { return };
        let mut plugin = found.as_ref().clone();
        let ended = self.end_rollout(&mut plugin, RolloutEnd::RolledBack, reason, seen).await;
        if let Err(error) = ended {
            tracing::error!(%error, "could not roll a canary back");
            watch.goes_on();
        }
    }

    async fn end_rollout(
        &self,
        plugin: &mut PluginConfig,
        end: RolloutEnd,
        reason: String,
        seen: RolloutSummary,
    ) -> Result<(), ManageError> {
        let ended = self.close_rollout(plugin, end, reason, seen);
        self.write(vec![DocumentWrite::PutPlugin(plugin.clone())]).await?;
        if let Some(ended) = &ended {
            self.observe_rollout_ended(plugin, ended);
        }
        Ok(())
    }

    /// Moves the rollout of a plugin that is about to be written to those that are over.
    pub(crate) fn close_rollout(
        &self,
        plugin: &mut PluginConfig,
        end: RolloutEnd,
        reason: String,
        RolloutSummary { figures, examples }: RolloutSummary,
    ) -> Option<EndedRollout> {
        let rollout = plugin.rollout.take()?;
        let ended = EndedRollout { rollout, end, reason, ended_at: self.now(), figures, examples };
        plugin.rollouts.push(ended.clone());
        let excess = plugin.rollouts.len().saturating_sub(KEPT_MAX);
        plugin.rollouts.drain(..excess);
        Some(ended)
    }

    /// What is counted of a rollout.
    pub fn rollout_watch(&self, id: RolloutId) -> Arc<Watch> {
        self.compiler().rollouts.watch(id)
    }
}

fn plugin_of<'d>(
    documents: &'d Documents,
    workspace: WorkspaceId,
    name: &str,
) -> Result<&'d Arc<PluginConfig>, ManageError> {
    let found = documents.plugins.find(workspace, name);
    found.ok_or_else(|| ManageError::NotFound { what: "plugin", id: name.to_owned() })
}

fn not_found(id: RolloutId) -> ManageError {
    ManageError::NotFound { what: "rollout", id: id.to_string() }
}

/// The version to try and the active one.
fn find_version(
    plugin: &PluginConfig,
    wanted: Option<Digest>,
    faults: &mut Faults,
) -> Option<(Digest, Digest)> {
    let Some(wanted) = wanted else {
        faults.missing("/version", "say which version to try: its digest, such as `sha256:…`");
        return None;
    };
    if !plugin.versions.iter().any(|version| version.digest == wanted) {
        faults.add("/version", format!("plugin `{}` has no version {wanted}", plugin.name));
        return None;
    }
    match plugin.active {
        Some(active) if active == wanted => {
            faults.add("/version", "this version is the active one: every event gets it already");
            None
        }
        Some(active) => Some((wanted, active)),
        None => {
            faults
                .add("/version", format!("plugin `{}` has no active version to try it beside", plugin.name));
            None
        }
    }
}

fn needs_of(plugin: &PluginConfig, digest: Digest) -> Grants {
    let found = plugin.versions.iter().find(|version| version.digest == digest);
    found.map(PluginVersion::needs).unwrap_or_default()
}

/// What a version with grants cannot be tried with.
fn check_grants(
    plugin: &PluginConfig,
    kind: &RolloutKind,
    version: Digest,
    active: Digest,
    faults: &mut Faults,
) {
    let needs = |digest: Digest| needs_of(plugin, digest);
    match kind {
        RolloutKind::Shadow if !needs(version).is_empty() => faults.add(
            "/version",
            format!(
                "this version uses {}, and a shadow must leave no trace: it cannot be tried as one; start a canary",
                needs(version)
            ),
        ),
        RolloutKind::Canary(guards) if guards.changed_percent_max.is_some() && !needs(active).is_empty() => {
            faults.add(
                "/guards/changed_percent_max",
                format!(
                    "the active version uses {}, so it cannot be run beside the canary to compare; leave this out",
                    needs(active)
                ),
            );
        }
        RolloutKind::Shadow | RolloutKind::Canary(_) => {}
    }
}

/// The steps that follow the plugin's active version, with this one and what it needs.
fn with_version(connection: &Connection, plugin: &PluginConfig, digest: Digest) -> Vec<Step> {
    let mut steps = connection.steps.clone();
    steps.retain_mut(|step| match &mut step.kind {
        StepSpec::Plugin { name, version, grants, .. }
            if *name == plugin.name && *version == VersionChoice::Active =>
        {
            *version = VersionChoice::Pinned(digest);
            grants.add_plain(needs_of(plugin, digest));
            true
        }
        _ => false,
    });
    steps
}
