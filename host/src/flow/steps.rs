//! Runs the steps of one connection over one event. The same function serves the live flow,
//! re-making bytes after a crash, and the preview. Not here: what a delivery is.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

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
use crate::flow::Gateway;
use crate::flow::body_view::BodyView;
use crate::flow::carried::Carried;
use crate::flow::kept::Kept;
pub(crate) use crate::flow::snapshot::CompiledKind;
use crate::flow::snapshot::CompiledStep;
use crate::flow::snapshot::PluginStep;
use crate::sandbox::Plugin;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Input;

/// The event as steps see it, with what all connections share.
#[derive(Debug)]
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
    /// Set where the run decides what becomes of the event: then calls count towards quarantine, and quarantine
    /// holds the event. Not set where something is made again or only looked at.
    pub live: Option<&'a Gateway>,
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
enum Stop {
    /// The gateway could not run it.
    Host(String),
    /// Its plugin is in quarantine.
    Held(String),
}

impl Stop {
    fn end(self, step: &CompiledStep) -> (StepTrace, RunEnd) {
        let (answer, end) = match self {
            Self::Held(reason) => (StepAnswer::Held { reason }, RunEnd::Held),
            Self::Host(detail) => {
                let (code, policy) = ("host".to_owned(), "fail".to_owned());
                (
                    StepAnswer::Error { code, detail: detail.clone(), guest: false, policy },
                    RunEnd::HostFault(detail),
                )
            }
        };
        (StepTrace { kind: kind_of(step), duration_us: 0, answer, logs: Vec::new() }, end)
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
}

/// One step's effect on all payloads it gets of one event.
#[derive(Default)]
pub(crate) struct Effects {
    outputs: Vec<Carried>,
    logs: Vec<LogLine>,
    first_no: Option<StepAnswer>,
}

impl Effects {
    /// Adds that on the next payload.
    pub(crate) fn add(&mut self, effect: Effect) {
        self.outputs.extend(effect.outputs);
        self.logs.extend(effect.logs);
        if !matches!(effect.answer, StepAnswer::Forward { .. }) && self.first_no.is_none() {
            self.first_no = Some(effect.answer);
        }
    }

    /// The step's trace, what goes on, and how the run ends if it ends here.
    pub(crate) fn close(
        self,
        step: &CompiledStep,
        duration_us: u32,
    ) -> (StepTrace, Vec<Carried>, Option<RunEnd>) {
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
        let trace = StepTrace { kind: kind_of(step), duration_us, answer, logs: self.logs };
        let dropped = !matches!(trace.answer, StepAnswer::Forward { .. }) && self.outputs.is_empty();
        let end = match (failed, dropped) {
            (true, _) => Some(RunEnd::Failed),
            (false, true) => Some(RunEnd::Dropped),
            (false, false) => None,
        };
        (trace, self.outputs, end)
    }
}

/// Runs `steps` in order; `watch` sees each step's trace and what goes on after it.
pub(crate) async fn run(
    steps: &[CompiledStep],
    context: &StepContext<'_>,
    mut watch: impl FnMut(&StepTrace, &[Carried]),
) -> Run {
    let mut carried = vec![Carried::of(context.event)];
    let mut traces = Vec::with_capacity(steps.len());
    for step in steps {
        let started = Instant::now();
        let mut effects = Effects::default();
        for input in carried {
            match apply(step, context, input).await {
                Ok(effect) => effects.add(effect),
                Err(stop) => {
                    let (trace, end) = stop.end(step);
                    traces.push(trace);
                    return Run { traces, end };
                }
            }
        }
        let duration_us = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        let (trace, next, end) = effects.close(step, duration_us);
        watch(&trace, &next);
        traces.push(trace);
        if let Some(end) = end {
            return Run { traces, end };
        }
        carried = next;
    }
    Run { traces, end: RunEnd::Forward(carried) }
}

fn kind_of(step: &CompiledStep) -> StepKind {
    match &step.kind {
        CompiledKind::Filter(_) => StepKind::Filter,
        CompiledKind::Mapping(_) => StepKind::Mapping,
        CompiledKind::Plugin(plugin) => {
            StepKind::Plugin { name: plugin.name.as_ref().to_owned(), digest: plugin.digest }
        }
    }
}

/// Applies one step to one payload.
async fn apply(step: &CompiledStep, context: &StepContext<'_>, input: Carried) -> Result<Effect, Stop> {
    match &step.kind {
        CompiledKind::Plugin(plugin) => run_plugin(plugin, step.on_error, context, input).await,
        CompiledKind::Filter(_) | CompiledKind::Mapping(_) => Ok(apply_declared(step, context, input)),
    }
}

/// A filter or a mapping: synchronous, over the shared parse while the payload is the event's own.
pub(crate) fn apply_declared(step: &CompiledStep, context: &StepContext<'_>, input: Carried) -> Effect {
    if input.original {
        return match context.body.document() {
            Ok(document) => evaluate(step, context, document, input),
            Err(detail) => error(step.on_error, "not_json", detail.to_owned(), true, input, Vec::new()),
        };
    }
    let payload = input.payload.clone();
    match Document::parse(&payload) {
        Ok(document) => evaluate(step, context, &document, input),
        Err(fault) => {
            let detail = format!("the payload of the step before is not JSON: {fault}");
            error(step.on_error, "not_json", detail, true, input, Vec::new())
        }
    }
}

fn evaluate(
    step: &CompiledStep,
    context: &StepContext<'_>,
    document: &Document<'_>,
    mut carried: Carried,
) -> Effect {
    let event_type = carried.event_type.clone();
    let input = Input {
        document,
        headers: &context.event.data.headers.0,
        id: &context.id,
        event_type: &event_type,
        source: &context.source,
        received_at: &context.received_at,
    };
    let mut budget = Budget::default();
    match &step.kind {
        CompiledKind::Filter(filter) => match filter.test(&input, &mut budget) {
            Ok(decision) if decision.pass => forward(carried),
            Ok(decision) => Effect {
                outputs: Vec::new(),
                answer: StepAnswer::Drop {
                    reason: decision.reason(),
                    clause: Some(decision.clause.to_owned()),
                    path: decision.path.map(str::to_owned),
                    seen: decision.seen.map(std::borrow::Cow::into_owned),
                },
                logs: Vec::new(),
            },
            Err(fault) => error(step.on_error, "filter_failed", fault.to_string(), true, carried, Vec::new()),
        },
        CompiledKind::Mapping(mapping) => {
            let mut output = Vec::with_capacity(512);
            match mapping.apply(&input, &mut budget, &mut output) {
                Ok(mapped) => {
                    carried.payload = Bytes::from(output);
                    carried.original = false;
                    carried.content_type = "application/json".into();
                    carried.headers.extend(mapped.headers);
                    if let Some(given) = mapped.event_type {
                        carried.event_type = given.into();
                    }
                    carried.method = mapped.method.or(carried.method);
                    carried.path = mapped.path.or(carried.path);
                    forward(carried)
                }
                Err(fault) => {
                    error(step.on_error, "mapping_failed", fault.to_string(), true, carried, Vec::new())
                }
            }
        }
        CompiledKind::Plugin(_) => forward(carried),
    }
}

fn forward(carried: Carried) -> Effect {
    Effect { outputs: vec![carried], answer: StepAnswer::Forward { outputs: 1 }, logs: Vec::new() }
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
    let ran = plugin.run_with(given, step.config.clone(), guest_event(step, context, &input)).await;
    if let Some(gateway) = context.live {
        gateway.count_call(step, context.event, ran.as_ref().err().map(|failure| &failure.fault));
    }
    let effect = match ran {
        Ok(ran) => {
            context.kept.keep(step, ran.cost.kv);
            effect_of(Ok(ran.verdict), ran.cost.log, on_error, input)
        }
        Err(failure) => effect_of(Err(failure.fault), failure.cost.log, on_error, input),
    };
    effect.map_err(Stop::Host)
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
        headers: wanted_headers(&step.headers_wanted, &context.event.data.headers.0),
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
            Ok(Effect { outputs, answer: StepAnswer::Forward { outputs: count }, logs })
        }
        Ok(Verdict::Drop(reason)) => {
            let answer = StepAnswer::Drop { reason, clause: None, path: None, seen: None };
            Ok(Effect { outputs: Vec::new(), answer, logs })
        }
        Err(fault) if fault.blame() == Blame::Host => Err(fault.to_string()),
        Err(fault) => Ok(error(on_error, fault.code(), fault.to_string(), true, input, logs)),
    }
}

fn wanted_headers(wanted: &[String], headers: &[(String, String)]) -> Vec<(String, String)> {
    if wanted.is_empty() {
        return Vec::new();
    }
    headers.iter().filter(|(name, _)| wanted.contains(name)).cloned().collect()
}
