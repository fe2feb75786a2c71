//! What this room tells of events: metrics, live lines, log lines. A failure is logged once, where it is handled, and
//! that is where these are called from.

use serde_json::json;

use crate::domain::config::Quarantine;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::ConnectionId;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Plan;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plugin::Digest;
use crate::observe;
use crate::pipeline::Pipeline;
use crate::rules::alert::AlertMessage;

impl Pipeline {
    pub(crate) fn observe_received(&self, event: &Event) {
        self.observer().metrics.received(1);
        match event.data.source {
            Some(source) => self.observer().counters.received(source, event.data.received_at),
            None => self.observer().counters.publish(event.data.workspace),
        }
        self.observer().feed.tell(event.data.received_at, event.data.workspace, "event.received", || {
            json!({"event": event.id, "source": event.data.source, "type": event.data.event_type, "bytes": event.data.body.len()})
        });
    }

    pub(crate) fn observe_plan(&self, event: &Event, plan: &Plan) {
        self.alert_of_plan(plan);
        self.observer().metrics.planned(!plan.routes.is_empty());
        for step in plan.routes.iter().flat_map(|route| &route.steps) {
            self.observer().metrics.step(step_kind(&step.kind), step_verdict(&step.answer));
        }
        for route in &plan.routes {
            if matches!(route.end, RouteEnd::Failed(_)) {
                self.observer().metrics.delivery(DeliveryState::FailedByGateway);
            }
        }
        self.observer().feed.tell(plan.at, plan.workspace, "event.planned", || {
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

    pub(crate) fn observe_host_fault(&self, connection: ConnectionId, detail: &str) {
        tracing::warn!(connection.id = %connection, error = detail, "could not run a step; trying again");
    }

    pub(crate) fn observe_unattended(&self, what: observe::OpenKind, id: &str) {
        tracing::error!(id, ?what, "it was open and nobody worked on it; taken up");
        self.observer().metrics.unattended(what);
    }

    pub(crate) fn observe_unplanned(&self, event: EventId, reason: &str) {
        tracing::warn!(%event, error = reason, "could not plan an event; trying again");
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
        self.observer().metrics.quarantined(plugin);
        self.observer().feed.tell(*since, workspace, "plugin.quarantined", || {
            json!({"plugin": plugin, "version": version, "faults": faults, "code": code, "detail": detail, "event": event})
        });
    }

    pub(crate) fn observe_alert(&self, workspace: WorkspaceId, message: &AlertMessage) {
        let (alert, kind, says) = (message.id, message.kind, message.says.as_str());
        let live = match message.recovered_at {
            None => {
                tracing::warn!(%alert, kind, says, "an alert is raised");
                "alert.raised"
            }
            Some(_) => {
                tracing::info!(%alert, kind, says, "an alert has recovered");
                "alert.recovered"
            }
        };
        self.observer().feed.tell(self.now(), workspace, live, || json!(message));
    }

    pub(crate) fn observe_held(&self, record: &DeliveryRecord, reason: &str) {
        let delivery = record.id;
        tracing::warn!(%delivery, error = reason, "a delivery is held: what was planned cannot be sent");
        self.observer().metrics.delivery(record.state);
        self.observer().feed.tell(self.now(), record.workspace, "delivery.held", || {
            json!({
                "delivery": delivery, "event": delivery.event(), "connection": record.connection,
                "destination": record.destination, "state": record.state, "reason": reason,
            })
        });
    }
}

fn step_kind(kind: &StepKind) -> observe::StepLabel {
    match kind {
        StepKind::Filter => observe::StepLabel::Filter,
        StepKind::Mapping => observe::StepLabel::Mapping,
        StepKind::Plugin { .. } => observe::StepLabel::Plugin,
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
