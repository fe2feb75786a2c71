//! A plugin in a step, ready to run, and the version of it that is tried there. Not here: running them
//! (`pipeline::steps`), which events get which version (`rules::rollout`).

use std::fmt;
use std::sync::Arc;

use crate::control::rollouts::Watch;
use crate::control::snapshot::streak::Streak;
use crate::domain::grant::Grants;
use crate::domain::host::HostPattern;
use crate::domain::id::EventId;
use crate::domain::id::PluginId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutKind;
use crate::domain::secret::NamedSecrets;
use crate::rules::rollout::takes;
use crate::sandbox::Plugin;

/// A plugin at a version with its configuration.
#[derive(Clone)]
pub struct PluginStep {
    /// Its name.
    pub name: Arc<str>,
    /// The version.
    pub digest: Digest,
    /// The loaded component, or why there is none.
    pub plugin: Result<Plugin, Arc<str>>,
    /// JSON.
    pub config: Arc<str>,
    /// Headers it sees, lower case.
    pub headers_wanted: Arc<[String]>,
    /// Whether events that wait share an instance.
    pub batch: bool,
    /// What it may use here.
    pub grants: Grants,
    /// How its calls ended lately, here and elsewhere.
    pub streak: Arc<Streak>,
    /// Another version that is tried here; only in steps of connections, which events meet.
    pub rollout: Option<Arc<RolloutStep>>,
    /// Hosts its requests may go to.
    pub hosts: Arc<[HostPattern]>,
    /// Secrets it may read.
    pub secrets: NamedSecrets,
}

impl fmt::Debug for PluginStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginStep({} {})", self.name, self.digest)
    }
}

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
