//! A version that is tried in a plugin's step, ready to run. Not here: running it (`pipeline::steps`), which events get
//! which version (`rules::rollout`).

use std::fmt;
use std::sync::Arc;

use crate::control::rollouts::Watch;
use crate::control::snapshot::PluginStep;
use crate::domain::id::EventId;
use crate::domain::id::PluginId;
use crate::domain::id::WorkspaceId;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutKind;
use crate::rules::rollout::takes;

/// The version that is tried in a step, ready to run.
pub struct RolloutStep {
    /// What was asked for.
    pub rollout: Rollout,
    /// Whose version it is.
    pub plugin: PluginId,
    /// Whose plugin.
    pub workspace: WorkspaceId,
    /// The version with the step's configuration.
    pub candidate: PluginStep,
    /// Whether what it makes can be compared: the version that is run beside the path of events needs no grant.
    pub is_compared: bool,
    /// Where it is counted.
    pub watch: Arc<Watch>,
}

impl fmt::Debug for RolloutStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RolloutStep({} {:?})", self.rollout.id, self.candidate)
    }
}

impl RolloutStep {
    /// Whether it makes what is delivered of this event.
    pub(crate) fn delivers(&self, event: EventId) -> bool {
        matches!(self.rollout.kind, RolloutKind::Canary(_)) && self.takes(event)
    }

    /// Whether it gets this event.
    pub(crate) fn takes(&self, event: EventId) -> bool {
        takes(self.rollout.share, self.plugin, event)
    }
}
