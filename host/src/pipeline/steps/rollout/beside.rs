//! Runs the other version on events that went their way already, and compares: the active one for events that a canary
//! got, the shadow for the others. On a thread that gives way to everything else; no event waits for it. Not here: what
//! waits (`references`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::control::snapshot::PluginStep;
use crate::control::snapshot::RolloutStep;
use crate::domain::config::OnError;
use crate::domain::plugin::GuestEvent;
use crate::domain::rollout::RolloutKind;
use crate::pipeline::Pipeline;
use crate::pipeline::payload::Payload;
use crate::pipeline::rest::Rest;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::effect::StepEffects;
use crate::pipeline::steps::effect::Stepped;
use crate::pipeline::steps::effect::outcome;
use crate::pipeline::steps::plugin;
use crate::pipeline::steps::rollout::guards;
use crate::pipeline::steps::rollout::references::Reference;

/// Nothing came for so long: the thread ends, and the next event starts another.
const IDLE: Duration = Duration::from_secs(10);

/// Has an event run by `runs` as well, after another version made this of it, if there is room.
pub(super) fn offer(
    pipeline: &Pipeline,
    tried: &Arc<RolloutStep>,
    runs: &PluginStep,
    context: &StepContext<'_>,
    inputs: Vec<Payload>,
    made: &Stepped,
) {
    let bytes = inputs.iter().chain(&made.next).map(|carried| carried.payload.len()).sum();
    let event = |input: Payload| (plugin::guest_event(runs, context, &input), input);
    let inputs = inputs.into_iter().map(event).collect();
    let (event, tried, made) = (context.event.id, tried.clone(), outcome(made));
    let reference = Reference { tried, event, runs: runs.clone(), inputs, made, bytes };
    if pipeline.references().offer(reference) {
        pipeline.spawn_background(work(pipeline.clone()));
    }
}

/// Compares what waits until nothing does for a while.
async fn work(pipeline: Pipeline) {
    let mut rest = Rest::default();
    while !pipeline.is_stopping() {
        if let Some(reference) = pipeline.references().next() {
            let began = Instant::now();
            compare(&pipeline, reference).await;
            rest.after(began.elapsed()).await;
            continue;
        }
        let waited = tokio::time::timeout(IDLE, pipeline.references().more()).await;
        if waited.is_err() && pipeline.references().rests() {
            return;
        }
    }
}

async fn compare(pipeline: &Pipeline, reference: Reference) {
    let Reference { tried, event, runs, inputs, made, .. } = reference;
    let Some(stepped) = run(&runs, inputs).await else {
        tried.watch.counts().skipped();
        return;
    };
    let other = outcome(&stepped);
    let mut counts = tried.watch.counts();
    match tried.rollout.kind {
        RolloutKind::Canary(_) => {
            counts.active_ran(stepped.cpu);
            counts.compared(event, &other, &made);
        }
        RolloutKind::Shadow => match &stepped.fault {
            Some(fault) => counts.failed(event, fault, stepped.cpu, &made),
            None => {
                counts.ran(stepped.cpu);
                counts.compared(event, &made, &other);
            }
        },
    }
    drop(counts);
    guards::check(pipeline, &tried);
}

/// `None`: the gateway could not run it, which says nothing of the version.
async fn run(runs: &PluginStep, inputs: Vec<(GuestEvent, Payload)>) -> Option<Stepped> {
    let loaded = plugin::loaded(runs).ok()?;
    let mut effects = StepEffects::default();
    for (event, input) in inputs {
        let ran = loaded.run_here(runs.config.clone(), event).await;
        effects.add(plugin::effect_of_run(ran, OnError::Fail, input).ok()?);
    }
    Some(effects.close(plugin::kind(runs), 0))
}
