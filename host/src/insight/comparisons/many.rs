//! Steps over many events at once: what `pipeline::steps::run` does with one, step by step, with the
//! payloads that meet a plugin handed to it in batches. Not here: which steps, which events.

use std::collections::HashSet;
use std::sync::Arc;

use crate::control::snapshot::CompiledStep;
use crate::control::snapshot::PluginStep;
use crate::control::snapshot::RolloutStep;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Verdict;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps;
use crate::pipeline::steps::RunEnd;
use crate::pipeline::steps::StepContext;
use crate::pipeline::steps::StepEffect;
use crate::pipeline::steps::StepEffects;
use crate::pipeline::steps::Stepped;
use crate::sandbox::Plugin;
use crate::shape::Work;
use crate::shape::difference::Outcome;
use crate::shape::difference::general;

/// Payloads of one batch, and bytes of all of them: enough that making the instance costs little,
/// little enough that one which fails is not much to do again.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 512 << 10;

/// The code of what the gateway could not run.
const HOST: &str = "host";

/// How plugins are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Several events in one instance.
    Batched,
    /// Each in an instance of its own, as the live flow does.
    Single,
}

/// An event on its way.
enum Going {
    With(Vec<Payload>),
    Ended(Outcome),
}

/// A payload before a step, and the place of its event.
type Placed = (usize, Payload);

/// What the steps make of each event, in their order.
pub(super) async fn run(
    compiled: &[CompiledStep],
    contexts: &[&StepContext<'_>],
    calls: Calls,
) -> Vec<Outcome> {
    let mut going: Vec<Going> =
        contexts.iter().map(|context| Going::With(vec![Payload::of(context.event)])).collect();
    for (number, step) in compiled.iter().enumerate() {
        let inputs = take_inputs(&mut going);
        if inputs.is_empty() {
            break;
        }
        let effects = match step.kind.plugin() {
            Some(plugin) => match &plugin.rollout {
                None => call(plugin, step, contexts, inputs, calls).await,
                Some(tried) => call_both(tried, plugin, step, contexts, inputs, calls).await,
            },
            None => inputs
                .into_iter()
                .map(|(at, input)| (at, Ok(steps::apply(step, contexts[at], &mut Work::of_run(), input))))
                .collect(),
        };
        close_step(&mut going, number, step, effects);
    }
    going.into_iter().map(outcome).collect()
}

/// The payloads of events still going, in order; they go on as nothing until the step is closed.
fn take_inputs(going: &mut [Going]) -> Vec<Placed> {
    let mut inputs = Vec::with_capacity(going.len());
    for (at, one) in going.iter_mut().enumerate() {
        if let Going::With(carried) = one {
            inputs.extend(std::mem::take(carried).into_iter().map(|carried| (at, carried)));
        }
    }
    inputs
}

/// Brings together what a step did to the payloads of each event.
fn close_step(
    going: &mut [Going],
    number: usize,
    step: &CompiledStep,
    effects: Vec<(usize, Result<StepEffect, String>)>,
) {
    let mut effects = effects.into_iter().peekable();
    while let Some((at, _)) = effects.peek() {
        let at = *at;
        let (mut all, mut unable) = (StepEffects::default(), false);
        while let Some((_, effect)) = effects.next_if(|(next, _)| *next == at) {
            match effect {
                Ok(effect) => all.add(effect),
                Err(_) => unable = true,
            }
        }
        let Stepped { trace, next, end, .. } = all.close(steps::kind_of(step), 0);
        going[at] = match end {
            _ if unable => Going::Ended(Outcome::Failed(HOST.to_owned())),
            None => Going::With(next),
            Some(end) => Going::Ended(ended(&end, number, &trace)),
        };
    }
}

fn outcome(going: Going) -> Outcome {
    match going {
        Going::With(carried) => Outcome::Forwarded(carried.into_iter().map(Payload::into_bytes).collect()),
        Going::Ended(outcome) => outcome,
    }
}

fn ended(end: &RunEnd, number: usize, trace: &StepTrace) -> Outcome {
    match end {
        RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held => Outcome::Failed(failure_code(Some(trace))),
        RunEnd::Dropped | RunEnd::Forward(_) => Outcome::Dropped(drop_reason(number, Some(trace))),
    }
}

/// The code of the step that failed.
pub(super) fn failure_code(last: Option<&StepTrace>) -> String {
    match last.map(|trace| &trace.answer) {
        Some(StepAnswer::Error { code, .. }) => code.clone(),
        _ => HOST.to_owned(),
    }
}

/// Why the step with that number dropped an event, without the values that only this event had.
pub(super) fn drop_reason(number: usize, last: Option<&StepTrace>) -> String {
    let Some(trace) = last else { return "nothing was made of it".to_owned() };
    let step = match &trace.kind {
        StepKind::Plugin { name, .. } => format!("{name} (step {number})"),
        kind => format!("{} (step {number})", kind.name()),
    };
    match &trace.answer {
        StepAnswer::Drop { clause: Some(clause), path, .. } => {
            let on = path.as_ref().map(|path| format!(" on {path}")).unwrap_or_default();
            let clause = if clause.is_empty() { "its only clause" } else { clause.as_str() };
            format!("{step}: {clause}{on}")
        }
        StepAnswer::Drop { reason, .. } => format!("{step}: {}", general(reason)),
        StepAnswer::Error { code, .. } => format!("{step}: {code}"),
        StepAnswer::Forward { .. } => format!("{step}: nothing was made of it"),
        StepAnswer::Held { reason } => format!("{step}: {reason}"),
    }
}

/// Calls the version that each event got then: a canary, where there was one that did not fail, or the active one.
async fn call_both(
    tried: &RolloutStep,
    active: &PluginStep,
    step: &CompiledStep,
    contexts: &[&StepContext<'_>],
    inputs: Vec<Placed>,
    calls: Calls,
) -> Vec<(usize, Result<StepEffect, String>)> {
    let (chosen, mut others): (Vec<Placed>, Vec<Placed>) =
        inputs.into_iter().partition(|(at, _)| tried.delivers(contexts[*at].event.id));
    let mut effects = call(&tried.candidate, step, contexts, chosen.clone(), calls).await;
    let failed = |effect: &Result<StepEffect, String>| effect.as_ref().map_or(true, StepEffect::is_error);
    let fell_back: HashSet<usize> =
        effects.iter().filter(|(_, effect)| failed(effect)).map(|(at, _)| *at).collect();
    effects.retain(|(at, _)| !fell_back.contains(at));
    others.extend(chosen.into_iter().filter(|(at, _)| fell_back.contains(at)));
    effects.extend(call(active, step, contexts, others, calls).await);
    effects.sort_by_key(|(at, _)| *at);
    effects
}

/// Calls a plugin for each payload.
async fn call(
    plugin: &PluginStep,
    step: &CompiledStep,
    contexts: &[&StepContext<'_>],
    inputs: Vec<Placed>,
    calls: Calls,
) -> Vec<(usize, Result<StepEffect, String>)> {
    let loaded = match steps::loaded(plugin) {
        Ok(loaded) => loaded,
        Err(detail) => return inputs.into_iter().map(|(at, _)| (at, Err(detail.clone()))).collect(),
    };
    let mut effects = Vec::with_capacity(inputs.len());
    let mut inputs = inputs.into_iter().peekable();
    while inputs.peek().is_some() {
        let batch = next_batch(&mut inputs, calls);
        let events: Vec<GuestEvent> =
            batch.iter().map(|(at, input)| steps::guest_event(plugin, contexts[*at], input)).collect();
        let answers = answers(loaded, &plugin.config, events).await;
        for ((at, input), answer) in batch.into_iter().zip(answers) {
            effects.push((at, steps::effect_of(answer, Vec::new(), step.on_error, input)));
        }
    }
    effects
}

fn next_batch(inputs: &mut std::iter::Peekable<impl Iterator<Item = Placed>>, calls: Calls) -> Vec<Placed> {
    let most = if calls == Calls::Batched { BATCH } else { 1 };
    let (mut batch, mut bytes) = (Vec::with_capacity(most), 0);
    while batch.len() < most
        && let Some((at, input)) = inputs.next_if(|(_, input)| {
            bytes += input.payload.len();
            bytes <= BATCH_BYTES
        })
    {
        batch.push((at, input));
    }
    // One that is larger than a batch may be is a batch.
    if batch.is_empty() {
        batch.extend(inputs.next());
    }
    batch
}

/// The plugin's answers. A batch that fails says nothing of any single event: then each is asked
/// about alone.
async fn answers(plugin: &Plugin, config: &Arc<str>, events: Vec<GuestEvent>) -> Vec<Result<Verdict, Fault>> {
    if events.len() > 1
        && let Ok(ran) = plugin.run_batch_here(config.clone(), events.clone()).await
    {
        return ran.results;
    }
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        let ran = plugin.run_here(config.clone(), event).await;
        answers.push(ran.map(|ran| ran.verdict).map_err(Fault::from));
    }
    answers
}
