//! What the flow tells operators, in one place: metrics, live lines, log lines. A failure is
//! logged once, where it is handled, and that is where these are called from.

use bytes::Bytes;
use serde_json::json;

use crate::domain::config::PluginConfig;
use crate::domain::config::Quarantine;
use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Plan;
use crate::domain::plan::Rejection;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plugin::Digest;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutEnd;
use crate::flow::Gateway;
use crate::flow::control::snapshot::SourceRuntime;
use crate::flow::error::AcceptError;
use crate::flow::pipeline::job::Job;
use crate::observe;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store;
use crate::store::StoreError;

/// Bytes of a refused body that are kept.
const REJECTED_BODY_MAX: usize = 16 << 10;

impl Gateway {
    pub(crate) fn observe_received(&self, event: &Event) {
        self.metrics().received(1);
        match event.data.source {
            Some(source) => self.seen().received(source, event.data.received_at),
            None => self.seen().publish(event.data.workspace),
        }
        self.live().tell(event.data.received_at, event.data.workspace, "event.received", || {
            json!({"event": event.id, "source": event.data.source, "type": event.data.event_type, "bytes": event.data.body.len()})
        });
    }

    pub(crate) fn observe_plan(&self, event: &Event, plan: &Plan) {
        self.metrics().planned(!plan.routes.is_empty());
        for step in plan.routes.iter().flat_map(|route| &route.steps) {
            self.metrics().step(step_kind(&step.kind), step_verdict(&step.answer));
        }
        for route in &plan.routes {
            if matches!(route.end, RouteEnd::Failed(_)) {
                self.metrics().delivery(DeliveryState::FailedByGateway);
            }
        }
        self.live().tell(plan.at, plan.workspace, "event.planned", || {
            let routes: Vec<_> = plan
                .routes
                .iter()
                .map(|route| {
                    let (end, deliveries) = match &route.end {
                        RouteEnd::Delivering(made) => ("delivering", made.len()),
                        RouteEnd::Dropped => ("dropped", 0),
                        RouteEnd::Failed(_) => ("failed", 1),
                        RouteEnd::Held(_) => ("held", 1),
                    };
                    json!({"connection": route.connection, "end": end, "deliveries": deliveries})
                })
                .collect();
            json!({"event": event.id, "routes": routes})
        });
    }

    pub(crate) fn observe_attempt(&self, job: &Job, attempt: &Attempt) {
        let error = attempt.error_code();
        self.metrics().attempt(error);
        self.metrics().delivery(attempt.state);
        self.seen().attempted(job.destination, attempt.state);
        if attempt.id.number() == 1 && error.is_none() {
            let took = self.now().since(job.received_at);
            self.metrics().end_to_end(took.as_secs_f64());
            self.seen().latencies(job.workspace).record(attempt.at, took);
        }
        self.live().tell(attempt.at, job.workspace, "delivery.attempted", || {
            json!({
                "delivery": job.id, "event": job.id.event(), "connection": job.connection,
                "destination": job.destination, "attempt": attempt.id.number(),
                "status": attempt.outcome.as_ref().ok().map(|response| response.status),
                "error": error.map(|code| code.name()),
                "state": attempt.state, "next_attempt_at": attempt.next_attempt_at,
                "duration_us": attempt.timings.total_us,
            })
        });
    }

    pub(crate) fn observe_host_fault(&self, connection: ConnectionId, detail: &str) {
        tracing::warn!(connection.id = %connection, error = detail, "could not run a step; trying again");
    }

    pub(crate) fn observe_unattended(&self, what: observe::Open, id: &str) {
        tracing::error!(id, ?what, "it was open and nobody worked on it; taken up");
        self.metrics().unattended(what);
    }

    pub(crate) fn observe_unplanned(&self, event: EventId, reason: &str) {
        tracing::warn!(%event, error = reason, "could not plan an event; trying again");
    }

    pub(crate) fn observe_unmade(&self, delivery: DeliveryId, reason: &str) {
        tracing::warn!(%delivery, error = reason, "could not make a delivery's bytes again; trying again");
    }

    pub(crate) fn observe_held(&self, record: &DeliveryRecord, reason: &str) {
        let delivery = record.id;
        tracing::warn!(%delivery, error = reason, "a delivery is held: what was planned cannot be sent");
        self.metrics().delivery(record.state);
        self.live().tell(self.now(), record.workspace, "delivery.held", || {
            json!({
                "delivery": delivery, "event": delivery.event(), "connection": record.connection,
                "destination": record.destination, "state": record.state, "reason": reason,
            })
        });
    }

    pub(crate) fn observe_quarantine(
        &self,
        workspace: WorkspaceId,
        plugin: &str,
        version: Digest,
        quarantine: &Quarantine,
    ) {
        let Quarantine { since, faults, code, detail, event } = quarantine;
        tracing::warn!(
            plugin, %version, faults, code, %event,
            error = detail,
            "a plugin is in quarantine: its events are held until the version is released or replaced"
        );
        self.metrics().quarantined(plugin);
        self.live().tell(*since, workspace, "plugin.quarantined", || {
            json!({"plugin": plugin, "version": version, "faults": faults, "code": code, "detail": detail, "event": event})
        });
    }

    pub(crate) fn observe_rollout_started(&self, plugin: &PluginConfig, rollout: &Rollout) {
        let kind = rollout.kind.name();
        tracing::info!(plugin = plugin.name, version = %rollout.version, kind, share = %rollout.share, "a rollout began");
        self.live().tell(rollout.started_at, plugin.workspace, "rollout.started", || {
            json!({"plugin": plugin.name, "rollout": rollout.id, "kind": kind, "version": rollout.version,
                "percent": rollout.share.percent()})
        });
    }

    pub(crate) fn observe_rollout_ended(&self, plugin: &PluginConfig, ended: &EndedRollout) {
        let (rollout, kind, state) = (&ended.rollout, ended.rollout.kind.name(), ended.end.name());
        self.metrics().rollout_ended(kind, state);
        let (name, version, reason) = (&plugin.name, rollout.version, &ended.reason);
        match ended.end {
            RolloutEnd::RolledBack => {
                tracing::warn!(plugin = name, %version, kind, reason, "a version was rolled back by its guards");
            }
            RolloutEnd::Promoted | RolloutEnd::Cancelled => {
                tracing::info!(plugin = name, %version, kind, state, reason, "a rollout is over");
            }
        }
        self.live().tell(ended.ended_at, plugin.workspace, "rollout.ended", || {
            json!({"plugin": plugin.name, "rollout": rollout.id, "kind": kind, "version": rollout.version,
                "state": state, "reason": ended.reason, "events": ended.figures.events})
        });
    }

    pub(crate) fn observe_store_error(&self, doing: &str, error: &StoreError) {
        tracing::error!(%error, "could not {doing}");
    }

    /// Records a refused request with its cause: what `accept` refused, and what the server
    /// refused before (`too_large`, `slow`).
    pub(crate) fn record_rejection(
        &self,
        source: &SourceRuntime,
        error: &AcceptError,
        headers: Headers,
        body: Bytes,
    ) {
        let status = match error {
            AcceptError::Unverified { status, .. } => *status,
            AcceptError::TooLarge { .. } => 413,
            AcceptError::MethodNotAllowed { .. } => 405,
            AcceptError::UnknownEncoding { .. } => 415,
            AcceptError::BadEncoding { .. } => 400,
            AcceptError::Paused { .. } | AcceptError::Store(_) => 503,
            AcceptError::UnknownSource(_) => 404,
            AcceptError::MissingKey { .. } | AcceptError::BadKey | AcceptError::BadBasic => 401,
        };
        self.reject(source, error.code(), status, error.to_string(), headers, body);
    }

    /// Records a request that was turned away at a source; beyond so many a second they are only
    /// counted.
    pub fn reject(
        &self,
        source: &SourceRuntime,
        code: &'static str,
        status: u16,
        detail: String,
        headers: Headers,
        body: Bytes,
    ) {
        self.metrics().rejected(code);
        self.seen().rejected(source.source.id, code);
        let at = self.now();
        let settings = &source.source;
        self.live().tell(
            at,
            settings.workspace,
            "request.rejected",
            || json!({"source": settings.id, "code": code, "status": status, "detail": detail}),
        );
        if !self.may_record_rejection() {
            return;
        }
        let rejection = Rejection {
            id: RejectionId::from_bits(self.new_id()),
            workspace: settings.workspace,
            source: settings.id,
            at,
            status,
            code: code.to_owned(),
            detail,
            headers: source.hide.headers(&headers),
            body: body.slice(..body.len().min(REJECTED_BODY_MAX)),
        };
        self.store().note(Change { log: vec![LogEntry::Rejection(rejection)], ..Change::default() });
    }
}

fn step_kind(kind: &StepKind) -> observe::StepKind {
    match kind {
        StepKind::Filter => observe::StepKind::Filter,
        StepKind::Mapping => observe::StepKind::Mapping,
        StepKind::Plugin { .. } => observe::StepKind::Plugin,
    }
}

fn step_verdict(answer: &StepAnswer) -> observe::StepVerdict {
    match answer {
        StepAnswer::Forward { .. } => observe::StepVerdict::Forward,
        StepAnswer::Drop { .. } => observe::StepVerdict::Drop,
        StepAnswer::Error { .. } => observe::StepVerdict::Fault,
        StepAnswer::Held { .. } => observe::StepVerdict::Held,
    }
}
