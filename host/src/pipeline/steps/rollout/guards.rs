//! Whether a canary's guards hold. Counts are in memory: after a restart they begin anew. Not here: what a guard says
//! (`rules::rollout`), what follows when one does not hold (`control`).

use crate::control::reports::Report;
use crate::control::snapshot::RolloutStep;
use crate::domain::rollout::RolloutKind;
use crate::pipeline::Pipeline;
use crate::rules::rollout::judge;

/// Reports a canary whose guards do not hold. Of all events that find so, one does it. Events that are under way go on
/// being counted: what is kept is what was seen now.
pub(super) fn check(pipeline: &Pipeline, tried: &RolloutStep) {
    let RolloutKind::Canary(guards) = &tried.rollout.kind else { return };
    let (reason, seen) = {
        let counts = tried.watch.counts();
        let Some(breach) = judge(guards, &counts.measured()) else { return };
        (breach.to_string(), counts.seen())
    };
    if !tried.watch.ends() {
        return;
    }
    let (plugin, rollout, watch) = (tried.plugin, tried.rollout.id, tried.watch.clone());
    pipeline.reports().send(Report::GuardBroken { plugin, rollout, watch, reason, seen });
}
