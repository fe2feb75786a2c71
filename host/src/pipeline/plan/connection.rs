//! One connection and one event: which connections take it, what their steps see of it, and running them. Not here: what
//! follows from that (`plan`).

use std::sync::Arc;
use std::time::Duration;

use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::Snapshot;
use crate::domain::config::Origin;
use crate::domain::event::Event;
use crate::domain::grant::KvWrite;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::pipeline::Pipeline;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::host::metering::Metered;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::steps;
use crate::pipeline::steps::Live;
use crate::pipeline::steps::RunEnd;
use crate::pipeline::steps::StepContext;
use crate::rules::route;

/// How often the gateway tries again to run steps that failed through its own fault.
const HOST_FAULT_TRIES: u32 = 6;
/// The first wait before such a try; doubled each time.
const HOST_FAULT_WAIT: Duration = Duration::from_millis(50);

/// The connections that take this event, in the order of their ids.
pub(crate) fn connections<'a>(
    snapshot: &'a Snapshot,
    event: &'a Event,
) -> impl Iterator<Item = &'a Arc<ConnectionRuntime>> {
    let origin = event.data.source.map_or(Origin::Published, Origin::Source);
    let (kind, group) =
        (&event.data.event_type, snapshot.group_of(event.data.workspace, &event.data.event_type));
    snapshot
        .connections_from(event.data.workspace, origin)
        .iter()
        .filter(move |connection| route::takes(&connection.connection, kind, group))
}

/// What the steps see of the event.
pub(crate) fn context<'a>(
    snapshot: &Snapshot,
    event: &'a Event,
    body: &'a BodyView<'a>,
    kept: &'a EventContext,
) -> StepContext<'a> {
    let source = event.data.source.and_then(|id| snapshot.documents.sources.get(id));
    StepContext {
        event,
        id: event.id.to_string().into(),
        source: source.map_or("", |source| source.name.as_str()).into(),
        received_at: event.data.received_at.to_string().into(),
        body,
        kept,
        live: None,
        metered: None,
    }
}

/// The same where it is decided what becomes of the event in a connection.
pub(super) fn live<'a>(
    pipeline: &'a Pipeline,
    connection: &ConnectionRuntime,
    context: StepContext<'a>,
) -> StepContext<'a> {
    let metered = Metered {
        metering: pipeline.metering(),
        metrics: &pipeline.observer().metrics,
        clock: pipeline.clock(),
        connection: connection.connection.id,
    };
    StepContext { live: Some(Live { pipeline }), metered: Some(metered), ..context }
}

/// What one connection's steps came to.
pub(crate) struct ConnectionRun {
    /// One per step that ran.
    pub steps: Vec<StepTrace>,
    /// How it ended.
    pub end: RunEnd,
    /// What its plugins keep if that counts.
    pub kv: Vec<KvWrite>,
}

/// Runs the steps of one connection for an event that has been planned before.
pub(crate) async fn run_one(
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    connection: &ConnectionRuntime,
    event: &Event,
) -> ConnectionRun {
    let json = json_text(&event.data.content_type, &event.data.body);
    let body = BodyView::new(&json, pipeline.limits().json());
    let kept = EventContext::new(pipeline, event.data.workspace, Purpose::First);
    let context = live(pipeline, connection, context(snapshot, event, &body, &kept));
    let (steps, end) = run_connection(pipeline, connection, &context).await;
    ConnectionRun { steps, end, kv: kept.into_writes() }
}

/// Runs a connection's steps, again if the gateway was at fault.
pub(super) async fn run_connection(
    pipeline: &Pipeline,
    connection: &ConnectionRuntime,
    context: &StepContext<'_>,
) -> (Vec<StepTrace>, RunEnd) {
    let compiled = match &connection.steps {
        Ok(compiled) => compiled,
        Err(detail) => return (vec![uncompiled(detail.clone())], RunEnd::Failed),
    };
    context.kept.at_connection(connection.connection.id);
    let mut wait = HOST_FAULT_WAIT;
    for try_number in 1.. {
        let mark = context.kept.mark();
        let run = steps::run(compiled, context, |_, _| {}).await;
        if matches!(run.end, RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held) {
            // What a plugin wrote counts only together with what became of the event.
            context.kept.back_to(mark);
        }
        let RunEnd::HostFault(detail) = run.end else { return (run.traces, run.end) };
        pipeline.observe_host_fault(connection.connection.id, &detail);
        if try_number == HOST_FAULT_TRIES {
            return (run.traces, RunEnd::HostFault(detail));
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    unreachable!("the loop above only ends by returning")
}

/// Steps that were saved by another version and no longer compile.
fn uncompiled(detail: String) -> StepTrace {
    let answer = StepAnswer::Error { code: "host".into(), detail, guest: false, policy: "fail".into() };
    StepTrace { kind: StepKind::Filter, duration_us: 0, answer, logs: Vec::new() }
}
