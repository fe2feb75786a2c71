//! Runs the other version on events that went their way already, and compares: the active one for events that a canary
//! got, the shadow for the others. On a thread that gives way to everything else; what it has no room for is not
//! compared, and counted as skipped. No event waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::control::rollouts::RolloutStep;
use crate::control::snapshot::PluginStep;
use crate::domain::config::OnError;
use crate::domain::id::EventId;
use crate::domain::plugin::GuestEvent;
use crate::domain::rollout::RolloutKind;
use crate::pipeline::Pipeline;
use crate::pipeline::payload::Carried;
use crate::pipeline::steps;
use crate::pipeline::steps::Effects;
use crate::pipeline::steps::StepContext;
use crate::pipeline::steps::Stepped;
use crate::pipeline::steps::outcomes::check_guards;
use crate::pipeline::steps::rest::Rest;
use crate::shape::difference::Outcome;

/// Events that wait to be compared, and bytes of their payloads.
const WAITING_MAX: usize = 512;
const BYTES_MAX: usize = 16 << 20;
/// Nothing came for so long: the thread ends, and the next event starts another.
const IDLE: Duration = Duration::from_secs(10);

/// One event to run another version on.
#[derive(Debug)]
pub(super) struct Reference {
    tried: Arc<RolloutStep>,
    event: EventId,
    /// The version to run; the other has run.
    runs: PluginStep,
    inputs: Vec<(GuestEvent, Carried)>,
    /// What the version came to that has run.
    made: Outcome,
    bytes: usize,
}

impl Reference {
    /// The active version ran; the shadow is to follow.
    pub(super) fn shadow(
        tried: &Arc<RolloutStep>,
        context: &StepContext<'_>,
        inputs: Vec<Carried>,
        made: &Stepped,
    ) -> Self {
        Self::of(tried, tried.candidate.clone(), context, inputs, made)
    }

    /// The canary ran; the active version is to follow.
    pub(super) fn canary(
        tried: &Arc<RolloutStep>,
        active: &PluginStep,
        context: &StepContext<'_>,
        inputs: Vec<Carried>,
        made: &Stepped,
    ) -> Self {
        Self::of(tried, active.clone(), context, inputs, made)
    }

    fn of(
        tried: &Arc<RolloutStep>,
        runs: PluginStep,
        context: &StepContext<'_>,
        inputs: Vec<Carried>,
        made: &Stepped,
    ) -> Self {
        let bytes = inputs.iter().chain(&made.next).map(|carried| carried.payload.len()).sum();
        let event = |input: Carried| (steps::guest_event(&runs, context, &input), input);
        let inputs = inputs.into_iter().map(event).collect();
        let (event, tried) = (context.event.id, tried.clone());
        Self { tried, event, runs, inputs, made: steps::outcome(made), bytes }
    }
}

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct References {
    queue: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    waiting: VecDeque<Reference>,
    bytes: usize,
    /// Whether somebody works.
    working: bool,
}

impl References {
    fn queue(&self) -> MutexGuard<'_, Waiting> {
        self.queue.lock()
    }

    /// Has an event compared, if there is room.
    pub(super) fn offer(&self, pipeline: &Pipeline, reference: Reference) {
        let mut queue = self.queue();
        if queue.waiting.len() == WAITING_MAX || queue.bytes + reference.bytes > BYTES_MAX {
            reference.tried.watch.counts().skipped();
            return;
        }
        queue.bytes += reference.bytes;
        queue.waiting.push_back(reference);
        let begins = !std::mem::replace(&mut queue.working, true);
        drop(queue);
        self.more.notify_one();
        if begins {
            pipeline.spawn_background(work(pipeline.clone()));
        }
    }

    fn next(&self) -> Option<Reference> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front()?;
        queue.bytes -= next.bytes;
        Some(next)
    }

    /// Whether the worker may go: still nothing waits.
    fn rests(&self) -> bool {
        let mut queue = self.queue();
        queue.working = !queue.waiting.is_empty();
        !queue.working
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
        let waited = tokio::time::timeout(IDLE, pipeline.references().more.notified()).await;
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
    let other = steps::outcome(&stepped);
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
    check_guards(pipeline, &tried);
}

/// `None`: the gateway could not run it, which says nothing of the version.
async fn run(plugin: &PluginStep, inputs: Vec<(GuestEvent, Carried)>) -> Option<Stepped> {
    let loaded = steps::loaded(plugin).ok()?;
    let mut effects = Effects::default();
    for (event, input) in inputs {
        let ran = loaded.run_here(plugin.config.clone(), event).await;
        effects.add(steps::effect_of_run(ran, OnError::Fail, input).ok()?);
    }
    Some(effects.close(steps::plugin_kind(plugin), 0))
}
