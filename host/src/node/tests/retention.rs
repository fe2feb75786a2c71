//! A workspace that keeps things for a day: what is older is gone for whoever asks, what waits stays until it is done, and
//! a neighbour that came in at the same time keeps everything.

use std::time::Duration;

use serde_json::json;

use super::support::Flow;
use super::support::WORKSPACE;
use super::support::destination_id;
use super::support::field;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::FlowState;
use crate::domain::config::Workspace;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::store::Store as _;
use crate::worker::Retention;

const NEIGHBOUR: WorkspaceId = WorkspaceId::from_bits(2);
const SERVER: Retention =
    Retention { events: Duration::from_secs(30 * 24 * 3600), log: Duration::from_secs(30 * 24 * 3600) };

fn workspace(id: WorkspaceId, retention_days: Option<u64>) -> DocumentWrite {
    DocumentWrite::PutWorkspace(Workspace {
        id,
        name: format!("w{}", id.bits()),
        created_at: Timestamp::default(),
        tier: None,
        limits: WorkspaceLimits { retention_days, ..WorkspaceLimits::default() },
    })
}

/// One event of each workspace, in one commit.
async fn accept_both(flow: &Flow) -> [EventId; 2] {
    let event = |workspace| NewEvent {
        workspace,
        source: None,
        event_type: "t".into(),
        content_type: "application/json".into(),
        headers: Headers::default(),
        request: RequestLine::default(),
        body: json!({"a": 1}).to_string().into(),
        received_at: flow.control.now(),
        revision: flow.control.snapshot().revision(),
        idempotency: None,
        verified_by: "test".into(),
    };
    let events = [WORKSPACE, NEIGHBOUR].map(event).to_vec();
    let accepted = flow.pipeline.store().accept(events).await.unwrap();
    [accepted[0].id, accepted[1].id]
}

/// Whether one delivery of an event is done, and the one to the second destination is not.
async fn waiting(flow: &Flow, event: EventId) -> bool {
    let items = flow.deliveries().await;
    let of_event = items.iter().filter(|one| one.id.event() == event);
    let (done, open): (Vec<_>, Vec<_>) = of_event.partition(|one| one.state.is_terminal());
    done.len() == 1 && open.len() == 1 && open[0].destination == destination_id(2)
}

/// As the sweep does it.
async fn sweep(flow: &Flow) {
    let expiry = flow.worker.expiry(SERVER, flow.control.now());
    flow.pipeline.store().expire(expiry).await.unwrap();
}

#[tokio::test]
async fn a_workspace_keeps_less_than_its_neighbour() {
    let flow = Flow::start().await;
    flow.write(vec![workspace(WORKSPACE, Some(1)), workspace(NEIGHBOUR, None)]).await.unwrap();
    flow.connect(1, &[field("a", true)]).await;
    let [done, neighbours] = accept_both(&flow).await;
    let delivered = flow.delivery_in(done, DeliveryState::Delivered).await;
    // The next one waits at a destination that is paused.
    flow.connect(2, &[field("a", true)]).await;
    flow.pause(2, FlowState::Paused).await;
    let waits = flow.publish(&json!({"a": 2})).await;
    flow.until("it waits", async || waiting(&flow, waits).await.then_some(())).await;
    flow.store.flushed().await.unwrap();
    sweep(&flow).await;
    assert!(flow.insight.trace(WORKSPACE, done).await.unwrap().is_some(), "it came just now");

    flow.pass_days(2);
    sweep(&flow).await;
    assert!(flow.insight.trace(WORKSPACE, done).await.unwrap().is_none());
    assert!(flow.insight.delivery_detail(WORKSPACE, delivered.id).await.unwrap().is_none());
    assert!(flow.insight.trace(NEIGHBOUR, neighbours).await.unwrap().is_some());
    assert!(flow.insight.trace(WORKSPACE, waits).await.unwrap().is_some());
    assert!(waiting(&flow, waits).await);

    flow.pause(2, FlowState::Active).await;
    flow.until("what waited is delivered", async || (flow.bodies(2).len() == 1).then_some(())).await;
    let gone = async || {
        sweep(&flow).await;
        flow.insight.trace(WORKSPACE, waits).await.unwrap().is_none().then_some(())
    };
    flow.until("it is gone", gone).await;
    assert!(flow.insight.trace(NEIGHBOUR, neighbours).await.unwrap().is_some());
}
