//! Runs the steps of one connection over one event. The same function serves the live flow,
//! re-making bytes after a crash, and the preview. Not here: what a delivery is, how filters and
//! mappings are evaluated (`declared`).

mod declared;
mod outcomes;
pub(crate) mod references;
pub(crate) mod rest;
mod tried;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::control::rollouts::StepFault;
pub(crate) use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::control::snapshot::PluginStep;
use crate::domain::config::OnError;
use crate::domain::event::Event;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::Verdict;
use crate::pipeline::Pipeline;
use crate::pipeline::host::kept::Kept;
use crate::pipeline::host::metering::Metered;
use crate::pipeline::payload::Carried;
use crate::pipeline::payload::body_view::BodyView;
pub(crate) use crate::pipeline::steps::declared::apply_declared;
use crate::pipeline::steps::outcomes::count_call;
use crate::sandbox::Failure;
use crate::sandbox::Plugin;
use crate::sandbox::Ran;
use crate::shape::Work;
use crate::shape::difference::Outcome;
use crate::shape::difference::general;

/// The event as steps see it, with what all connections share.
#[derive(Clone, Debug)]
pub(crate) struct StepContext<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its id as text.
    pub id: Arc<str>,
    /// Its source's name; empty for published events.
    pub source: Arc<str>,
    /// RFC 3339.
    pub received_at: Arc<str>,
    /// The body as JSON, parsed once for all connections.
    pub body: &'a BodyView<'a>,
    /// What plugins with grants get and leave.
    pub kept: &'a Kept,
    /// Set while it is decided what becomes of the event: then what runs is counted, and a quarantine holds the event.
    /// Not set where something is made again or only looked at.
    pub live: Option<Live<'a>>,
    /// Set together with that, and for a canary as well: whose calls are metered.
    pub metered: Option<Metered<'a>>,
}

/// For whom an event is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    /// The one that counts.
    pub pipeline: &'a Pipeline,
}

/// How a run of the steps ended.
#[derive(Debug)]
pub(crate) enum RunEnd {
    /// These payloads go on.
    Forward(Vec<Carried>),
    /// A step dropped it.
    Dropped,
    /// A step could not answer, and the connection says that fails the delivery.
    Failed,
    /// The gateway could not run a step; to be tried again.
    HostFault(String),
    /// A step's plugin is in quarantine; to be run when it can be.
    Held,
}

/// Why a step has no effect to tell of.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The gateway could not run it.
    Host(String),
    /// Its plugin is in quarantine.
    Held(String),
}

impl Stop {
    /// What the trace says, and how the run ends.
    fn end(self, kind: StepKind) -> (StepTrace, RunEnd) {
        match self {
            Self::Host(detail) => (host_fault(kind, detail.clone()), RunEnd::HostFault(detail)),
            Self::Held(reason) => {
                let answer = StepAnswer::Held { reason };
                (StepTrace { kind, duration_us: 0, answer, logs: Vec::new() }, RunEnd::Held)
            }
        }
    }
}

/// What a run of the steps came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// One per step that ran.
    pub traces: Vec<StepTrace>,
    /// How it ended.
    pub end: RunEnd,
}

/// One step's effect on one payload.
pub(crate) struct Effect {
    outputs: Vec<Carried>,
    answer: StepAnswer,
    logs: Vec<LogLine>,
    cpu: Duration,
}

impl Effect {
    /// Whether it is a failure, whatever follows from it.
    pub(crate) fn is_error(&self) -> bool {
        matches!(self.answer, StepAnswer::Error { .. })
    }
}

/// One step's effect on all payloads it gets of one event.
#[derive(Default)]
pub(crate) struct Effects {
    outputs: Vec<Carried>,
    logs: Vec<LogLine>,
    first_no: Option<StepAnswer>,
    fault: Option<StepFault>,
    cpu: Duration,
}

/// What a step came to on all payloads of one event.
pub(crate) struct Stepped {
    /// What is told of it.
    pub trace: StepTrace,
    /// What goes on.
    pub next: Vec<Carried>,
    /// How the run ends, if it ends here.
    pub end: Option<RunEnd>,
    /// The first of its faults, whatever followed from it.
    pub fault: Option<StepFault>,
    /// What plugins took.
    pub cpu: Duration,
}

impl Effects {
    /// Adds that on the next payload.
    pub(crate) fn add(&mut self, effect: Effect) {
        self.outputs.extend(effect.outputs);
        self.logs.extend(effect.logs);
        self.cpu += effect.cpu;
        if let (None, StepAnswer::Error { code, detail, .. }) = (&self.fault, &effect.answer) {
            self.fault = Some(StepFault { code: code.clone(), detail: detail.clone() });
        }
        if !matches!(effect.answer, StepAnswer::Forward { .. }) && self.first_no.is_none() {
            self.first_no = Some(effect.answer);
        }
    }

    /// What all of it comes to.
    pub(crate) fn close(self, kind: StepKind, duration_us: u32) -> Stepped {
        let failed = matches!(&self.first_no, Some(StepAnswer::Error { policy, .. }) if policy == "fail");
        let outputs = u32::try_from(self.outputs.len()).unwrap_or(u32::MAX);
        // A step that let some of several payloads through shows that; one that let none
        // through, or failed, shows why.
        let answer = match self.first_no {
            Some(StepAnswer::Error { code, detail, guest, policy }) => {
                StepAnswer::Error { code, detail, guest, policy }
            }
            Some(no) if self.outputs.is_empty() => no,
            _ => StepAnswer::Forward { outputs },
        };
        let trace = StepTrace { kind, duration_us, answer, logs: self.logs };
        let dropped = !matches!(trace.answer, StepAnswer::Forward { .. }) && self.outputs.is_empty();
        let end = match (failed, dropped) {
            (true, _) => Some(RunEnd::Failed),
            (false, true) => Some(RunEnd::Dropped),
            (false, false) => None,
        };
        Stepped { trace, next: self.outputs, end, fault: self.fault, cpu: self.cpu }
    }
}

/// Runs `steps` in order; `watch` sees each step's trace and what goes on after it.
pub(crate) async fn run(
    steps: &[CompiledStep],
    context: &StepContext<'_>,
    watch: impl FnMut(&StepTrace, &[Carried]),
) -> Run {
    run_within(steps, context, &mut Work::of_run(), watch).await
}

/// The same, where filters and mappings may cost so much together.
pub(crate) async fn run_within(
    steps: &[CompiledStep],
    context: &StepContext<'_>,
    work: &mut Work,
    mut watch: impl FnMut(&StepTrace, &[Carried]),
) -> Run {
    let mut carried = vec![Carried::of(context.event)];
    let mut traces = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        context.kept.at_step(at);
        let Stepped { trace, next, end, .. } = match take(step, context, carried, work, &mut traces).await {
            Ok(stepped) => stepped,
            Err(stop) => {
                let (trace, end) = stop.end(kind_of(step));
                traces.push(trace);
                return Run { traces, end };
            }
        };
        watch(&trace, &next);
        traces.push(trace);
        if let Some(end) = end {
            return Run { traces, end };
        }
        carried = next;
    }
    Run { traces, end: RunEnd::Forward(carried) }
}

/// One step on all payloads of an event; `Err` where it has no effect. A canary that failed in it is told in
/// `traces`.
async fn take(
    step: &CompiledStep,
    context: &StepContext<'_>,
    inputs: Vec<Carried>,
    work: &mut Work,
    traces: &mut Vec<StepTrace>,
) -> Result<Stepped, Stop> {
    match &step.kind {
        CompiledKind::Plugin(plugin) => match &plugin.rollout {
            None => take_plugin(plugin, step.on_error, context, inputs).await,
            Some(tried) => {
                // Rare and large: the future of every other step need not have room for it.
                let tried = Box::pin(tried::run(tried, plugin, step.on_error, context, inputs)).await?;
                traces.extend(tried.failed);
                Ok(tried.stepped)
            }
        },
        CompiledKind::Filter(_) | CompiledKind::Mapping(_) => {
            let (started, mut effects) = (Instant::now(), Effects::default());
            inputs.into_iter().for_each(|input| effects.add(apply_declared(step, context, work, input)));
            Ok(effects.close(kind_of(step), micros(started)))
        }
    }
}

/// One version of a plugin on all payloads of an event; `Err` where it has no effect.
pub(crate) async fn take_plugin(
    plugin: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    inputs: Vec<Carried>,
) -> Result<Stepped, Stop> {
    let (started, mut effects) = (Instant::now(), Effects::default());
    for input in inputs {
        effects.add(run_plugin(plugin, on_error, context, input).await?);
    }
    Ok(effects.close(plugin_kind(plugin), micros(started)))
}

fn micros(started: Instant) -> u32 {
    u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)
}

/// The trace of a step that the gateway could not run.
pub(crate) fn host_fault(kind: StepKind, detail: String) -> StepTrace {
    let answer = StepAnswer::Error { code: "host".into(), detail, guest: false, policy: "fail".into() };
    StepTrace { kind, duration_us: 0, answer, logs: Vec::new() }
}

/// What a step came to, to be compared with what another version came to.
pub(crate) fn outcome(stepped: &Stepped) -> Outcome {
    match (&stepped.fault, &stepped.trace.answer) {
        (Some(fault), _) => Outcome::Failed(fault.code.clone()),
        (None, StepAnswer::Drop { reason, .. }) => Outcome::Dropped(general(reason)),
        _ => Outcome::Forwarded(stepped.next.iter().cloned().map(Carried::into_bytes).collect()),
    }
}

/// The kind of a compiled step.
pub(crate) fn kind_of(step: &CompiledStep) -> StepKind {
    match &step.kind {
        CompiledKind::Filter(_) => StepKind::Filter,
        CompiledKind::Mapping(_) => StepKind::Mapping,
        CompiledKind::Plugin(plugin) => plugin_kind(plugin),
    }
}

/// The kind of a plugin's step.
pub(crate) fn plugin_kind(plugin: &PluginStep) -> StepKind {
    StepKind::Plugin { name: plugin.name.as_ref().to_owned(), digest: plugin.digest }
}

/// What follows from a step that could not answer.
fn error(
    on_error: OnError,
    code: &str,
    detail: String,
    guest: bool,
    input: Carried,
    logs: Vec<LogLine>,
) -> Effect {
    let (policy, outputs) = match on_error {
        OnError::Fail => ("fail", Vec::new()),
        OnError::Drop => ("drop", Vec::new()),
        OnError::Pass => ("pass", vec![input]),
    };
    Effect {
        outputs,
        answer: StepAnswer::Error { code: code.to_owned(), detail, guest, policy: policy.to_owned() },
        logs,
        cpu: Duration::ZERO,
    }
}

async fn run_plugin(
    step: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    input: Carried,
) -> Result<Effect, Stop> {
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

/// What follows from a run; `Err` is a fault of the gateway.
pub(crate) fn effect_of_run(
    ran: Result<Ran, Failure>,
    on_error: OnError,
    input: Carried,
) -> Result<Effect, String> {
    let (answered, cost) = match ran {
        Ok(ran) => (Ok(ran.verdict), ran.cost),
        Err(failure) => (Err(failure.fault), failure.cost),
    };
    Ok(Effect { cpu: cost.cpu, ..effect_of(answered, cost.log, on_error, input)? })
}

/// The step's plugin, or why it is not there, which is the gateway's fault.
pub(crate) fn loaded(step: &PluginStep) -> Result<&Plugin, String> {
    let missing = |detail| format!("plugin {} {} is not loaded: {detail}", step.name, step.digest);
    step.plugin.as_ref().map_err(missing)
}

/// A payload as a plugin sees it.
pub(crate) fn guest_event(step: &PluginStep, context: &StepContext<'_>, input: &Carried) -> GuestEvent {
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
    input: Carried,
) -> Result<Effect, String> {
    match answered {
        Ok(Verdict::Forward(outputs)) => {
            let count = u32::try_from(outputs.len()).unwrap_or(u32::MAX);
            let outputs = outputs.into_iter().map(|output| input.after_plugin(output)).collect();
            Ok(Effect { outputs, answer: StepAnswer::Forward { outputs: count }, logs, cpu: Duration::ZERO })
        }
        Ok(Verdict::Drop(reason)) => {
            let answer = StepAnswer::Drop { reason, clause: None, path: None, seen: None };
            Ok(Effect { outputs: Vec::new(), answer, logs, cpu: Duration::ZERO })
        }
        Err(fault) if fault.blame() == Blame::Host => Err(fault.to_string()),
        Err(fault) => Ok(error(on_error, fault.code(), fault.to_string(), true, input, logs)),
    }
}
