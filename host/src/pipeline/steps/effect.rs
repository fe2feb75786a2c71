//! What a step comes to: on one payload, on all payloads of an event, and how the run ends there. Not here: running one.

use std::time::Duration;

use tokio::time::Instant;

use crate::control::rollouts::StepFault;
use crate::domain::config::OnError;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::domain::plugin::LogLine;
use crate::pipeline::payload::Payload;
use crate::shape::difference::Outcome;
use crate::shape::difference::general;

/// How a run of the steps ended.
#[derive(Debug)]
pub(crate) enum RunEnd {
    /// These payloads go on.
    Forward(Vec<Payload>),
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
    pub(super) fn end(self, kind: StepKind) -> (StepTrace, RunEnd) {
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
pub(crate) struct StepEffect {
    pub(super) outputs: Vec<Payload>,
    pub(super) answer: StepAnswer,
    pub(super) logs: Vec<LogLine>,
    pub(super) cpu: Duration,
}

impl StepEffect {
    /// Whether it is a failure, whatever follows from it.
    pub(crate) fn is_error(&self) -> bool {
        matches!(self.answer, StepAnswer::Error { .. })
    }
}

/// One step's effect on all payloads it gets of one event.
#[derive(Default)]
pub(crate) struct StepEffects {
    outputs: Vec<Payload>,
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
    pub next: Vec<Payload>,
    /// How the run ends, if it ends here.
    pub end: Option<RunEnd>,
    /// The first of its faults, whatever followed from it.
    pub fault: Option<StepFault>,
    /// What plugins took.
    pub cpu: Duration,
}

impl StepEffects {
    /// Adds that on the next payload.
    pub(crate) fn add(&mut self, effect: StepEffect) {
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
        _ => Outcome::Forwarded(stepped.next.iter().cloned().map(Payload::into_bytes).collect()),
    }
}

/// What follows from a step that could not answer.
pub(super) fn error(
    on_error: OnError,
    code: &str,
    detail: String,
    guest: bool,
    input: Payload,
    logs: Vec<LogLine>,
) -> StepEffect {
    let (policy, outputs) = match on_error {
        OnError::Fail => ("fail", Vec::new()),
        OnError::Drop => ("drop", Vec::new()),
        OnError::Pass => ("pass", vec![input]),
    };
    StepEffect {
        outputs,
        answer: StepAnswer::Error { code: code.to_owned(), detail, guest, policy: policy.to_owned() },
        logs,
        cpu: Duration::ZERO,
    }
}

/// Since then, in microseconds.
pub(super) fn micros(started: Instant) -> u32 {
    u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)
}

/// The payload goes on.
pub(super) fn forward(carried: Payload) -> StepEffect {
    let answer = StepAnswer::Forward { outputs: 1 };
    StepEffect { outputs: vec![carried], answer, logs: Vec::new(), cpu: Duration::ZERO }
}
