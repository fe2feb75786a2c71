//! Nothing that is open has nobody who works on it: one read error is a matter of moments, and what was lost all the
//! same is found by the look, and counted.

use serde_json::json;

use super::support::Flow;
use super::support::Planner;
use super::support::WORKSPACE;
use super::support::destination_id;
use super::support::field;
use crate::delivery::queues::Removed;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::EventId;
use crate::observe::OpenKind;
use crate::observe::TextFormat;
use crate::store::failing::StoreCall;
use crate::worker::Unattended;

impl Flow {
    /// How many were taken up since the start.
    fn taken_up(&self, what: OpenKind) -> u64 {
        self.pipeline.observer().metrics.unattended_total(what)
    }
}

async fn is_delivered(flow: &Flow, event: EventId) {
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!(flow.bodies(1), [r#"{"a":1}"#]);
}

#[tokio::test]
async fn an_event_that_had_to_queue_is_planned_in_spite_of_a_read_error() {
    let flow = Flow::start_with(Planner::LosesEvents).await;
    flow.connect(1, &[field("a", true)]).await;
    let event = flow.publish(&json!({"a": 1})).await;
    let free = async || (!flow.pipeline.duties().has(event)).then_some(());
    flow.until("nobody has it", free).await;
    let duty = flow.pipeline.duties().take(event).unwrap();
    flow.faults.nth(StoreCall::Event, 1);
    flow.worker.clone().plan_queued(event, duty).await;
    is_delivered(&flow, event).await;
    assert_eq!(flow.faults.failed(), 1);
}

#[tokio::test]
async fn an_unfinished_event_is_recovered_in_spite_of_a_read_error() {
    for call in [StoreCall::Event, StoreCall::ConfigAt] {
        let flow = Flow::start_with(Planner::LosesEvents).await;
        flow.connect(1, &[field("a", true)]).await;
        let event = flow.publish(&json!({"a": 1, "b": 2})).await;
        flow.change_steps(1, &[field("b", true)]).await;
        flow.faults.nth(call, 1);
        let flow = flow.restart(Planner::Works).await;
        is_delivered(&flow, event).await;
        assert_eq!(flow.faults.failed(), 1, "{call:?}");
    }
}

#[tokio::test]
async fn a_parked_delivery_is_sent_in_spite_of_a_read_error() {
    for call in [StoreCall::Delivery, StoreCall::Event, StoreCall::DeliveryBytes, StoreCall::EventLog] {
        let flow = Flow::start().await;
        flow.connect(1, &[field("a", true)]).await;
        flow.pause(1, FlowState::Paused).await;
        let event = flow.publish(&json!({"a": 1})).await;
        let parked = async || flow.deliveries().await.into_iter().find(|one| one.next_attempt_at.is_some());
        flow.until("a parked delivery", parked).await;
        let flow = flow.restart(Planner::Works).await;
        flow.faults.nth(call, 1);
        flow.pause(1, FlowState::Active).await;
        is_delivered(&flow, event).await;
        assert_eq!(flow.faults.failed(), 1, "{call:?}");
    }
}

#[tokio::test]
async fn an_event_that_was_lost_is_found_at_the_second_look() {
    let flow = Flow::start_with(Planner::LosesEvents).await;
    flow.connect(1, &[field("a", true)]).await;
    let event = flow.publish(&json!({"a": 1})).await;
    let free = async || (!flow.pipeline.duties().has(event)).then_some(());
    flow.until("nobody has it", free).await;
    let mut seen = Unattended::default();
    flow.worker.look_for_unattended(&mut seen).await;
    flow.pass().await;
    assert_eq!((flow.taken_up(OpenKind::Event), flow.bodies(1)), (0, vec![]), "one look is not enough");
    flow.worker.look_for_unattended(&mut seen).await;
    is_delivered(&flow, event).await;
    for _ in 0..3 {
        flow.worker.look_for_unattended(&mut seen).await;
    }
    assert_eq!((flow.taken_up(OpenKind::Event), flow.taken_up(OpenKind::Delivery)), (1, 0));
    let text = flow.insight.metrics_text(TextFormat::Plain);
    assert!(text.contains(r#"hookmill_unattended_total{kind="event"} 1"#), "{text}");
}

#[tokio::test]
async fn a_planned_event_that_was_lost_sends_what_was_planned() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.receiver.hang(true);
    let event = flow.publish(&json!({"a": 1})).await;
    let sent = async || (flow.receiver.hits().len() == 1).then_some(());
    flow.until("it is on the wire", sent).await;
    // A second process on the same store: whoever had the event is gone.
    let flow = flow.restart_without_recovery().await;
    flow.receiver.hang(false);
    let mut seen = Unattended::default();
    for _ in 0..2 {
        flow.worker.look_for_unattended(&mut seen).await;
    }
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!((flow.bodies(1), flow.store.plans(event)), (vec![r#"{"a":1}"#.to_owned(); 2], 1));
}

#[tokio::test]
async fn a_delivery_that_was_lost_is_found_at_the_second_look() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.pause(1, FlowState::Paused).await;
    let event = flow.publish(&json!({"a": 1})).await;
    let parked = async || flow.deliveries().await.into_iter().find(|one| one.next_attempt_at.is_some());
    let parked = flow.until("a parked delivery", parked).await;
    let mut seen = Unattended::default();
    for _ in 0..3 {
        flow.worker.look_for_unattended(&mut seen).await;
    }
    assert_eq!(flow.taken_up(OpenKind::Delivery), 0, "it is in its lane");
    let lane = flow.delivery.lanes().of(destination_id(1));
    assert!(lane.lock().remove(parked.id).is_some());
    flow.pause(1, FlowState::Active).await;
    flow.worker.look_for_unattended(&mut seen).await;
    flow.worker.look_for_unattended(&mut seen).await;
    is_delivered(&flow, event).await;
    for _ in 0..3 {
        flow.worker.look_for_unattended(&mut seen).await;
    }
    assert_eq!((flow.taken_up(OpenKind::Event), flow.taken_up(OpenKind::Delivery)), (0, 1));
}

#[tokio::test]
async fn what_can_be_seen_before_it_is_in_its_lane_can_be_cancelled() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.pause(1, FlowState::Paused).await;
    flow.publish(&json!({"a": 1})).await;
    let parked = async || flow.deliveries().await.into_iter().find(|one| one.next_attempt_at.is_some());
    let seen = flow.until("a parked delivery", parked).await;
    // As it is between the commit that shows it and the lane.
    let lane = flow.delivery.lanes().of(destination_id(1));
    let Some(Removed::Parked(due, parked)) = lane.lock().remove(seen.id) else { panic!("it was parked") };
    let put = async { flow.delivery.park(seen.destination, due, seen.id, parked) };
    let (cancelled, ()) = tokio::join!(flow.delivery.cancel(WORKSPACE, seen.id), put);
    assert_eq!(cancelled.unwrap().state, DeliveryState::Cancelled);
}

#[tokio::test]
async fn a_look_that_fails_is_made_again() {
    let flow = Flow::start_with(Planner::LosesEvents).await;
    flow.connect(1, &[field("a", true)]).await;
    let event = flow.publish(&json!({"a": 1})).await;
    let free = async || (!flow.pipeline.duties().has(event)).then_some(());
    flow.until("nobody has it", free).await;
    let mut seen = Unattended::default();
    for call in [StoreCall::Flushed, StoreCall::OpenEvents, StoreCall::Claim] {
        flow.faults.nth(call, 1);
        flow.worker.look_for_unattended(&mut seen).await;
    }
    for _ in 0..2 {
        flow.worker.look_for_unattended(&mut seen).await;
    }
    is_delivered(&flow, event).await;
}
