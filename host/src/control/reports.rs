//! What became of events that changes the configuration: a version of a plugin that must not run any more, a canary
//! whose guards do not hold, a receiver that said it is gone. Whoever finds it reports it and goes on; here it is
//! written down. Each is found once, so that there are never more of them than plugins and destinations. Not here:
//! finding it (`pipeline`, `delivery`).

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::control::Control;
use crate::control::rollouts::RolloutSummary;
use crate::control::rollouts::Watch;
use crate::domain::config::Quarantine;
use crate::domain::id::DestinationId;
use crate::domain::id::PluginId;
use crate::domain::id::RolloutId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;

/// See the head of this file.
#[derive(Debug)]
pub enum Report {
    /// A version faulted too often in a row. It is in quarantine already, and that is to be written down.
    Quarantined {
        /// Whose plugin.
        workspace: WorkspaceId,
        /// Its name.
        plugin: Arc<str>,
        /// The version.
        version: Digest,
        /// Since when and why.
        quarantine: Quarantine,
    },
    /// A guard of a canary does not hold.
    GuardBroken {
        /// Whose version is tried.
        plugin: PluginId,
        /// The canary.
        rollout: RolloutId,
        /// Where it is counted.
        watch: Arc<Watch>,
        /// Which guard, in words.
        reason: String,
        /// What was counted when it was found.
        seen: RolloutSummary,
    },
    /// A receiver said 410 Gone.
    Gone(DestinationId),
}

/// Where reports are handed in.
#[derive(Clone, Debug)]
pub struct Reports(mpsc::UnboundedSender<Report>);

/// Reports that are to be acted on.
#[derive(Debug)]
pub struct Reported(mpsc::UnboundedReceiver<Report>);

/// Both ends.
pub fn channel() -> (Reports, Reported) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Reports(sender), Reported(receiver))
}

impl Reports {
    /// Hands one in.
    pub fn send(&self, report: Report) {
        // Nobody is there when the server goes down; whoever finds it again after the start reports it again.
        let _stopped = self.0.send(report);
    }
}

/// Acts on reports until nobody can make any more. None waits for another, since one may take a while: the store may
/// be away.
pub async fn run(control: Control, mut reported: Reported) {
    while let Some(report) = reported.0.recv().await {
        let own = control.clone();
        control.spawn(async move { act(&own, report).await });
    }
}

async fn act(control: &Control, report: Report) {
    match report {
        Report::Quarantined { workspace, plugin, version, quarantine } => {
            control.write_quarantine(workspace, &plugin, version, quarantine).await;
        }
        Report::GuardBroken { plugin, rollout, watch, reason, seen } => {
            control.roll_back(plugin, rollout, &watch, (reason, seen)).await;
        }
        Report::Gone(destination) => control.pause_gone(destination).await,
    }
}
