//! What is told of rollouts: metrics, live lines, log lines.

use serde_json::json;

use crate::control::Control;
use crate::domain::config::PluginConfig;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutEnd;

impl Control {
    pub(crate) fn observe_rollout_started(&self, plugin: &PluginConfig, rollout: &Rollout) {
        let kind = rollout.kind.name();
        tracing::info!(plugin = plugin.name, version = %rollout.version, kind, share = %rollout.share, "a rollout began");
        self.observer().feed.tell(rollout.started_at, plugin.workspace, "rollout.started", || {
            json!({"plugin": plugin.name, "rollout": rollout.id, "kind": kind, "version": rollout.version,
                "percent": rollout.share.percent()})
        });
    }

    pub(crate) fn observe_rollout_ended(&self, plugin: &PluginConfig, ended: &EndedRollout) {
        let (rollout, kind, state) = (&ended.rollout, ended.rollout.kind.name(), ended.end.name());
        self.observer().metrics.rollout_ended(kind, state);
        let (name, version, reason) = (&plugin.name, rollout.version, &ended.reason);
        match ended.end {
            RolloutEnd::RolledBack => {
                tracing::warn!(plugin = name, %version, kind, reason, "a version was rolled back by its guards");
            }
            RolloutEnd::Promoted | RolloutEnd::Cancelled => {
                tracing::info!(plugin = name, %version, kind, state, reason, "a rollout is over");
            }
        }
        self.observer().feed.tell(ended.ended_at, plugin.workspace, "rollout.ended", || {
            json!({"plugin": plugin.name, "rollout": rollout.id, "kind": kind, "version": rollout.version,
                "state": state, "reason": ended.reason, "events": ended.figures.events})
        });
    }
}
