//! The plugin kind: a call of guest code for each payload, and what follows from its answer. Not here: what a guest may
//! do (`sandbox`), a version that is tried beside another (`rollout`).

use std::time::Duration;

use tokio::time::Instant;

use crate::control::reports::Report;
use crate::control::snapshot::PluginStep;
use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::config::OnError;
use crate::domain::config::Quarantine;
use crate::domain::event::Event;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::Verdict;
use crate::pipeline::Pipeline;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::effect::StepEffect;
use crate::pipeline::steps::effect::StepEffects;
use crate::pipeline::steps::effect::Stepped;
use crate::pipeline::steps::effect::Stop;
use crate::pipeline::steps::effect::error;
use crate::pipeline::steps::effect::micros;
use crate::rules::alert::detail;
use crate::sandbox::Failure;
use crate::sandbox::Plugin;
use crate::sandbox::Ran;

/// One version of a plugin on all payloads of an event; `Err` where it has no effect.
pub(super) async fn run(
    plugin: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    inputs: Vec<Payload>,
) -> Result<Stepped, Stop> {
    let (started, mut effects) = (Instant::now(), StepEffects::default());
    for input in inputs {
        effects.add(run_one(plugin, on_error, context, input).await?);
    }
    Ok(effects.close(kind(plugin), micros(started)))
}

/// The kind of a plugin's step.
pub(super) fn kind(plugin: &PluginStep) -> StepKind {
    StepKind::Plugin { name: plugin.name.as_ref().to_owned(), digest: plugin.digest }
}

async fn run_one(
    step: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    input: Payload,
) -> Result<StepEffect, Stop> {
    if context.live.is_some() && step.streak.is_quarantined() {
        return Err(Stop::Held(format!("plugin {} {} is in quarantine", step.name, step.digest)));
    }
    let plugin = loaded(step).map_err(Stop::Host)?;
    let given = context.kept.given(step);
    // Whoever only looks shares no instance with events that are on their way.
    let alone = context.live.is_none().then(|| plugin.in_batches(false));
    let plugin = alone.as_ref().unwrap_or(plugin);
    let mut ran = plugin.run_with(given, step.config.clone(), guest_event(step, context, &input)).await;
    if let Some(metered) = &context.metered {
        metered.count(step, context.event, &ran);
    }
    match &mut ran {
        Ok(ran) => {
            context.kept.keep(step, std::mem::take(&mut ran.cost.kv));
            context.kept.fetched(std::mem::take(&mut ran.cost.fetches));
        }
        Err(failure) => context.kept.fetched(std::mem::take(&mut failure.cost.fetches)),
    }
    if let Some(live) = context.live {
        count_call(live.pipeline, step, context.event, ran.as_ref().err().map(|failure| &failure.fault));
    }
    effect_of_run(ran, on_error, input).map_err(Stop::Host)
}

/// Counts how a call for a live event ended; with too many faults in a row the version goes into quarantine. Refusals
/// do not count: they are answers.
fn count_call(pipeline: &Pipeline, step: &PluginStep, event: &Event, fault: Option<&Fault>) {
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
    if let Some(plugin) = pipeline.snapshot().documents.plugins.find(workspace, &step.name) {
        let cause = AlertCause::PluginQuarantined(plugin.id, step.digest);
        pipeline.alert(workspace, cause, || AlertEvidence {
            event: Some(event.id),
            error: Some(quarantine.code.clone()),
            detail: detail(&quarantine.detail),
            ..AlertEvidence::default()
        });
    }
    let (plugin, version) = (step.name.clone(), step.digest);
    pipeline.reports().send(Report::Quarantined { workspace, plugin, version, quarantine });
}
/// What follows from a run; `Err` is a fault of the gateway.
pub(super) fn effect_of_run(
    ran: Result<Ran, Failure>,
    on_error: OnError,
    input: Payload,
) -> Result<StepEffect, String> {
    let (answered, cost) = match ran {
        Ok(ran) => (Ok(ran.verdict), ran.cost),
        Err(failure) => (Err(failure.fault), failure.cost),
    };
    Ok(StepEffect { cpu: cost.cpu, ..effect_of(answered, cost.log, on_error, input)? })
}

/// The step's plugin, or why it is not there, which is the gateway's fault.
pub(crate) fn loaded(step: &PluginStep) -> Result<&Plugin, String> {
    let missing = |detail| format!("plugin {} {} is not loaded: {detail}", step.name, step.digest);
    step.plugin.as_ref().map_err(missing)
}

/// A payload as a plugin sees it.
pub(crate) fn guest_event(step: &PluginStep, context: &StepContext<'_>, input: &Payload) -> GuestEvent {
    GuestEvent {
        id: context.id.clone(),
        event_type: input.event_type.clone(),
        source: context.source.clone(),
        received_at: context.received_at.clone(),
        headers: context.event.data.headers.asked_for(&step.headers_wanted, &context.event.data.request),
        content_type: input.content_type.clone(),
        payload: input.payload.clone(),
    }
}

/// What follows from a plugin's answer; `Err` is a fault of the gateway.
pub(crate) fn effect_of(
    answered: Result<Verdict, Fault>,
    logs: Vec<LogLine>,
    on_error: OnError,
    input: Payload,
) -> Result<StepEffect, String> {
    match answered {
        Ok(Verdict::Forward(outputs)) => {
            let count = u32::try_from(outputs.len()).unwrap_or(u32::MAX);
            let outputs = outputs.into_iter().map(|output| input.after_plugin(output)).collect();
            Ok(StepEffect {
                outputs,
                answer: StepAnswer::Forward { outputs: count },
                logs,
                cpu: Duration::ZERO,
            })
        }
        Ok(Verdict::Drop(reason)) => {
            let answer = StepAnswer::Drop { reason, clause: None, path: None, seen: None };
            Ok(StepEffect { outputs: Vec::new(), answer, logs, cpu: Duration::ZERO })
        }
        Err(fault) if fault.blame() == Blame::Host => Err(fault.to_string()),
        Err(fault) => Ok(error(on_error, fault.code(), fault.to_string(), true, input, logs)),
    }
}
