//! Adds to compiled steps the version that is being tried on live events. Not here: running it (`pipeline::steps`).

use std::sync::Arc;

use crate::control::rollouts::Rollouts;
use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::control::snapshot::Documents;
use crate::control::snapshot::PluginStep;
use crate::control::snapshot::RolloutStep;
use crate::control::snapshot::loaded::Plugins;
use crate::domain::config::Connection;
use crate::domain::config::PluginConfig;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutKind;

/// What is tried in a step: its plugin, the rollout, and what the version may use there.
fn tried<'d>(
    documents: &'d Documents,
    workspace: WorkspaceId,
    step: &Step,
) -> Option<(&'d PluginConfig, &'d Rollout, Grants)> {
    let StepSpec::Plugin { name, version: VersionChoice::Active, grants, .. } = &step.kind else {
        return None;
    };
    let plugin = documents.plugins.find(workspace, name)?;
    let rollout = plugin.rollout.as_ref()?;
    let grants = match rollout.kind {
        RolloutKind::Canary(_) => grants.kinds(),
        // It only looks on.
        RolloutKind::Shadow => Grants::default(),
    };
    Some((plugin, rollout, grants))
}

/// The version that is tried in a step, to be loaded.
pub(super) fn digest_of(
    documents: &Documents,
    workspace: WorkspaceId,
    step: &Step,
) -> Option<(Digest, Grants)> {
    tried(documents, workspace, step).map(|(_, rollout, grants)| (rollout.version, grants))
}

/// Adds to the steps of a connection what is tried in them.
pub(super) fn attach(
    compiled: &mut [CompiledStep],
    connection: &Connection,
    documents: &Documents,
    plugins: &Plugins,
    rollouts: &Rollouts,
) {
    for (compiled, step) in compiled.iter_mut().zip(&connection.steps) {
        if let CompiledKind::Plugin(active) = &mut compiled.kind
            && let Some((plugin, rollout, grants)) = tried(documents, connection.workspace, step)
        {
            active.rollout = candidate(active, plugin, rollout, grants, plugins, rollouts).map(Arc::new);
        }
    }
}

fn candidate(
    active: &PluginStep,
    plugin: &PluginConfig,
    rollout: &Rollout,
    grants: Grants,
    plugins: &Plugins,
    rollouts: &Rollouts,
) -> Option<RolloutStep> {
    let version = |digest: Digest| plugin.versions.iter().find(|version| version.digest == digest);
    let found = version(rollout.version)?;
    let candidate = PluginStep {
        digest: rollout.version,
        plugin: plugins.of(plugin, found, grants),
        headers_wanted: found.headers_wanted.clone().into(),
        batch: found.batch,
        grants,
        ..active.clone()
    };
    let beside = match rollout.kind {
        RolloutKind::Canary(_) => version(active.digest)?,
        RolloutKind::Shadow => found,
    };
    Some(RolloutStep {
        rollout: rollout.clone(),
        plugin: plugin.id,
        workspace: plugin.workspace,
        candidate,
        is_compared: beside.needs().is_empty(),
        watch: rollouts.watch(rollout.id),
    })
}
