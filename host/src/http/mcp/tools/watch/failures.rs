//! `watch` for deliveries that fail. A list of those that have failed has the newest event's first, and what fails now may
//! be of an old one: so the live lines say which to look at, and nothing else is taken from them. What is shown is asked of
//! the API, with the caller's key.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use crate::domain::id::WorkspaceId;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::tools::explain::outcome;
use crate::http::mcp::words;
use crate::observe::LiveEvent;

/// Deliveries and events that are looked at.
const LOOKED_AT_MAX: usize = 20;

/// What has failed since it began to watch.
pub(super) struct Failures {
    lines: broadcast::Receiver<Arc<LiveEvent>>,
    workspace: WorkspaceId,
    /// Told to have failed. A line may come before the list has it.
    deliveries: BTreeSet<String>,
    /// Those of which a step has failed: no line names their deliveries.
    events: BTreeSet<String>,
    missed: bool,
}

impl Failures {
    /// From now on.
    pub(super) fn begin(caller: &ToolCaller) -> Self {
        let lines = caller.site.doors.insight.watch();
        let workspace = caller.principal.workspace;
        Self { lines, workspace, deliveries: BTreeSet::new(), events: BTreeSet::new(), missed: false }
    }

    /// Whether some may be left out.
    pub(super) fn missed(&self) -> bool {
        self.missed
    }

    /// Those that have failed by now.
    pub(super) async fn look(&mut self, caller: &ToolCaller) -> Result<Vec<Value>, ToolRefusal> {
        self.hear();
        let mut found = Vec::new();
        for id in &self.deliveries {
            // One that is not there yet is looked at again.
            found.extend(caller.get(&format!("/v1/deliveries/{}", segment(id))).await.ok());
        }
        for event in &self.events {
            let query = [("event", event.as_str()), ("state", "failed_by_gateway")];
            let page = caller.find("/v1/deliveries", &query).await?;
            found.extend(page["items"].as_array().into_iter().flatten().cloned());
        }
        let names = ResourceNames::of(caller);
        let failed = found.iter().filter(|delivery| is_failure(&delivery["state"]));
        Ok(failed.map(|delivery| show(&names, delivery)).collect())
    }

    /// Takes what was told since the last time.
    fn hear(&mut self) {
        loop {
            let line = match self.lines.try_recv() {
                Ok(line) => line,
                Err(TryRecvError::Lagged(_)) => {
                    self.missed = true;
                    continue;
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            };
            if line.workspace == self.workspace {
                self.take(line.kind, &line.data);
            }
        }
    }

    fn take(&mut self, kind: &str, data: &Value) {
        let (into, id) = match kind {
            "delivery.attempted" if is_failure(&data["state"]) => (&mut self.deliveries, &data["delivery"]),
            "event.planned" if has_failed_route(data) => (&mut self.events, &data["event"]),
            _ => return,
        };
        match id.as_str() {
            Some(id) if into.len() < LOOKED_AT_MAX => drop(into.insert(id.to_owned())),
            _ => self.missed = true,
        }
    }
}

fn is_failure(state: &Value) -> bool {
    matches!(state.as_str(), Some("failed" | "failed_by_gateway"))
}

fn has_failed_route(plan: &Value) -> bool {
    plan["routes"].as_array().is_some_and(|routes| routes.iter().any(|route| route["end"] == "failed"))
}

fn show(names: &ResourceNames, delivery: &Value) -> Value {
    let mut shown = outcome(names, delivery);
    shown["event"] = delivery["event"].clone();
    shown["event_type"] = words::foreign(delivery["event_type"].as_str().unwrap_or_default()).into();
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::time::Timestamp;

    fn failures(sender: &broadcast::Sender<Arc<LiveEvent>>) -> Failures {
        Failures {
            lines: sender.subscribe(),
            workspace: WorkspaceId::from_bits(1),
            deliveries: BTreeSet::new(),
            events: BTreeSet::new(),
            missed: false,
        }
    }

    fn tell(sender: &broadcast::Sender<Arc<LiveEvent>>, workspace: u128, kind: &'static str, data: Value) {
        let workspace = WorkspaceId::from_bits(workspace);
        sender.send(Arc::new(LiveEvent { at: Timestamp::default(), workspace, kind, data })).unwrap();
    }

    #[test]
    fn only_failures_of_the_own_workspace_are_heard() {
        let sender = broadcast::Sender::new(16);
        let mut failures = failures(&sender);
        tell(&sender, 1, "delivery.attempted", json!({"delivery": "d1", "state": "failed"}));
        tell(&sender, 1, "delivery.attempted", json!({"delivery": "d2", "state": "retrying"}));
        tell(&sender, 2, "delivery.attempted", json!({"delivery": "d3", "state": "failed"}));
        tell(&sender, 1, "event.planned", json!({"event": "e1", "routes": [{"end": "failed"}]}));
        tell(&sender, 1, "event.planned", json!({"event": "e2", "routes": [{"end": "dropped"}]}));
        tell(&sender, 1, "event.received", json!({"event": "e3"}));
        failures.hear();
        assert_eq!((failures.deliveries.len(), failures.events.len()), (1, 1));
        assert!(failures.deliveries.contains("d1") && failures.events.contains("e1") && !failures.missed());
    }

    #[test]
    fn what_was_missed_is_known() {
        let sender = broadcast::Sender::new(2);
        let mut behind = failures(&sender);
        for at in 0..5 {
            tell(&sender, 1, "delivery.attempted", json!({"delivery": format!("d{at}"), "state": "failed"}));
        }
        behind.hear();
        assert!(behind.missed() && behind.deliveries.len() == 2);

        let sender = broadcast::Sender::new(64);
        let mut crowded = failures(&sender);
        for at in 0..30 {
            tell(&sender, 1, "delivery.attempted", json!({"delivery": format!("d{at}"), "state": "failed"}));
        }
        crowded.hear();
        assert!(crowded.missed() && crowded.deliveries.len() == LOOKED_AT_MAX);
    }
}
