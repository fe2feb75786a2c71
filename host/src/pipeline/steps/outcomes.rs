//! What a call of a plugin for a live event means for its version: too many faults in a row, or a guard of a canary that
//! does not hold, are reported. Counts are in memory: after a restart they begin anew. Not here: what follows from a
//! report (`control`), what a guard says (`rules::rollout`).

use crate::control::reports::Report;
use crate::control::rollouts::RolloutStep;
use crate::control::snapshot::PluginStep;
use crate::domain::config::Quarantine;
use crate::domain::event::Event;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::rollout::RolloutKind;
use crate::pipeline::Pipeline;
use crate::rules::rollout::judge;

/// Counts how a call for a live event ended; with too many faults in a row the version goes into quarantine. Refusals
/// do not count: they are answers.
pub(super) fn count_call(pipeline: &Pipeline, step: &PluginStep, event: &Event, fault: Option<&Fault>) {
    let fault = match fault {
        None | Some(Fault::Refused { .. }) => return step.streak.answered(),
        Some(fault) if fault.blame() == Blame::Host => return,
        Some(fault) => fault,
    };
    let Some(faults) = step.streak.faulted(pipeline.limits().faults_in_row_max) else { return };
    let quarantine = Quarantine {
        since: pipeline.now(),
        faults,
        code: fault.code().to_owned(),
        detail: fault.to_string(),
        event: event.id,
    };
    let workspace = event.data.workspace;
    pipeline.observe_quarantine(workspace, &step.name, step.digest, &quarantine);
    let (plugin, version) = (step.name.clone(), step.digest);
    pipeline.reports().send(Report::Quarantined { workspace, plugin, version, quarantine });
}

/// Reports a canary whose guards do not hold. Of all events that find so, one does it. Events that are under way go on
/// being counted: what is kept is what was seen now.
pub(super) fn check_guards(pipeline: &Pipeline, tried: &RolloutStep) {
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
