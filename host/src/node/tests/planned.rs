//! Bytes leave only if they are the ones that were planned; otherwise the delivery is held, or fails as its steps do.

use serde_json::json;

use super::support::Flow;
use super::support::Planner;
use super::support::WORKSPACE;
use super::support::field;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::EventId;
use crate::domain::plan::Planned;
use crate::domain::plan::RouteEnd;
use crate::store::DeliverySummary;

/// An event whose delivery to `/1` is parked without bytes, since its destination is paused.
async fn parked(flow: &Flow, body: &serde_json::Value) -> (EventId, DeliverySummary) {
    flow.pause(1, FlowState::Paused).await;
    let event = flow.publish(body).await;
    let parked = async || {
        let items = flow.deliveries().await;
        let records =
            items.into_iter().filter(|one| one.id.event() == event && one.next_attempt_at.is_some());
        records.into_iter().next()
    };
    let parked = flow.until("a parked delivery", parked).await;
    (event, parked)
}

/// It is held, says why in two places, nothing was sent; it waits, and a restart changes nothing.
async fn held(flow: Flow, event: EventId, reason: &str) -> (Flow, DeliverySummary) {
    let summary = flow.delivery_in(event, DeliveryState::Held).await;
    let flow = flow.restart(Planner::Works).await;
    for _ in 0..5 {
        flow.pass().await;
    }
    let shown = flow.detail(&summary).await;
    assert_eq!((shown.summary.state, shown.summary.next_attempt_at), (DeliveryState::Held, None));
    let why = shown.held.unwrap();
    assert!(why.contains(reason) && why.contains("retry it"), "{why}");
    let told = flow.trace(event, "held").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].delivery, told[0].reason.as_ref()), (Some(summary.id), Some(&why)));
    assert_eq!(flow.bodies(1), Vec::<String>::new());
    (flow, summary)
}

/// A retry runs the steps of today, says so, and sends what they make under the same id.
async fn released(flow: &Flow, summary: &DeliverySummary, body: &str) {
    flow.delivery.retry(WORKSPACE, summary.id).await.unwrap();
    flow.delivery_in(summary.id.event(), DeliveryState::Delivered).await;
    assert_eq!(flow.bodies(1), [body]);
    assert_eq!(flow.receiver.hits().last().unwrap().id, summary.id.to_string());
    assert_eq!(flow.trace(summary.id.event(), "steps_again").await.len(), 1);
}

#[tokio::test]
async fn a_retry_of_what_failed_for_a_required_field_sends_nothing() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let event = flow.publish(&json!({"card": "4242424242424242"})).await;
    let failed = flow.delivery_in(event, DeliveryState::FailedByGateway).await;
    assert_eq!(flow.detail(&failed).await.bytes, None);
    for times in 1..=2 {
        flow.delivery.retry(WORKSPACE, failed.id).await.unwrap();
        let again = async || (flow.trace(event, "steps_again").await.len() == times).then_some(());
        flow.until("the steps ran again", again).await;
        flow.delivery_in(event, DeliveryState::FailedByGateway).await;
        assert_eq!(flow.detail(&failed).await.bytes, None);
    }
    assert_eq!(flow.bodies(1), Vec::<String>::new());
    flow.change_steps(1, &[field("a", false)]).await;
    flow.delivery.retry(WORKSPACE, failed.id).await.unwrap();
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!(flow.bodies(1), [r#"{"a":null}"#]);
}

#[tokio::test]
async fn parked_without_bytes_they_are_made_again_and_are_the_same() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let (event, summary) = parked(&flow, &json!({"a": 1, "b": 2})).await;
    flow.change_steps(1, &[field("b", true)]).await;
    flow.pause(1, FlowState::Active).await;
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!(flow.bodies(1), [r#"{"a":1}"#], "the steps of then, not of now");
    let shown = flow.detail(&summary).await;
    assert_eq!((shown.proven, shown.held), (Some(true), None));
}

#[tokio::test]
async fn a_step_that_fails_on_the_way_to_make_them_again_holds_the_delivery() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let (event, _) = parked(&flow, &json!({"a": 1})).await;
    flow.store.change_event(event, r#"{"secret":"raw"}"#);
    flow.pause(1, FlowState::Active).await;
    let (flow, summary) = held(flow, event, "a step that made it fails now").await;
    flow.change_steps(1, &[field("a", false)]).await;
    released(&flow, &summary, r#"{"a":null}"#).await;
}

#[tokio::test]
async fn other_bytes_than_planned_hold_the_delivery() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let (event, _) = parked(&flow, &json!({"a": 1})).await;
    flow.store.change_event(event, r#"{"a":2}"#);
    flow.pause(1, FlowState::Active).await;
    let (flow, summary) = held(flow, event, "its steps make other bytes now than were planned").await;
    released(&flow, &summary, r#"{"a":2}"#).await;
}

#[tokio::test]
async fn a_held_delivery_can_be_cancelled() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let (event, _) = parked(&flow, &json!({"a": 1})).await;
    flow.store.change_event(event, r#"{"a":2}"#);
    flow.pause(1, FlowState::Active).await;
    let (flow, summary) = held(flow, event, "other bytes").await;
    flow.delivery.cancel(WORKSPACE, summary.id).await.unwrap();
    flow.delivery_in(event, DeliveryState::Cancelled).await;
    assert_eq!(flow.detail(&summary).await.held, None);
}

#[tokio::test]
async fn one_connections_payload_never_takes_the_place_of_anothers() {
    let flow = Flow::start().await;
    let has_a = ("filter", json!({"path": "$.a", "exists": true}));
    flow.connect(1, &[has_a, field("a", true)]).await;
    flow.connect(2, &[field("b", true)]).await;
    flow.pause(2, FlowState::Paused).await;
    let (event, _) = parked(&flow, &json!({"a": 1, "b": "secret of 2"})).await;
    // Now the first connection makes nothing, and the second one's payload is the first there is.
    flow.store.change_event(event, r#"{"b":"secret of 2"}"#);
    flow.pause(1, FlowState::Active).await;
    let (flow, _) = held(flow, event, "its steps drop the event now").await;
    flow.pause(2, FlowState::Active).await;
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!((flow.bodies(1), flow.bodies(2)), (vec![], vec![r#"{"b":"secret of 2"}"#.to_owned()]));
}

#[tokio::test]
async fn a_plan_that_says_another_connection_or_destination_holds_the_delivery() {
    for (what, reason) in [("connection", "another connection"), ("destination", "another destination")] {
        let flow = Flow::start().await;
        flow.connect(1, &[field("a", true)]).await;
        flow.connect(2, &[field("a", true)]).await;
        flow.pause(2, FlowState::Paused).await;
        let (event, _) = parked(&flow, &json!({"a": 1})).await;
        flow.store.change_plan(event, |plan| {
            let [one, two] = plan.routes.as_mut_slice() else { panic!("two routes") };
            if what == "connection" {
                std::mem::swap(&mut one.connection, &mut two.connection);
            } else {
                std::mem::swap(&mut one.destination, &mut two.destination);
            }
        });
        flow.pause(1, FlowState::Active).await;
        held(flow, event, reason).await;
    }
}

#[tokio::test]
async fn an_unfinished_event_is_not_planned_anew_and_sends_only_what_was_planned() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.connect(2, &[field("b", true)]).await;
    flow.receiver.hang(true);
    let event = flow.publish(&json!({"a": 1, "b": 2})).await;
    let planned = async || (flow.store.plans(event) == 1 && flow.receiver.hits().len() == 2).then_some(());
    flow.until("both are on the wire", planned).await;
    // The process dies with both on the wire; then one of them is made differently.
    flow.store.change_event(event, r#"{"a":"other","b":2}"#);
    let flow = flow.restart(Planner::Works).await;
    flow.receiver.hang(false);
    let held = flow.delivery_in(event, DeliveryState::Held).await;
    let delivered = flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!([held.id.slot(), delivered.id.slot()], [1, 2]);
    assert!(flow.detail(&held).await.held.unwrap().contains("other bytes"));
    assert_eq!(flow.store.plans(event), 1);
    assert_eq!(flow.bodies(1), [r#"{"a":1}"#], "once, before the crash");
    assert_eq!(flow.bodies(2), [r#"{"b":2}"#; 2], "the same bytes twice");
    flow.delivery.retry(WORKSPACE, held.id).await.unwrap();
    let both = async || {
        let items = flow.deliveries().await;
        items.iter().all(|one| one.state == DeliveryState::Delivered).then_some(())
    };
    flow.until("both are delivered", both).await;
    assert_eq!(flow.bodies(1), [r#"{"a":1}"#, r#"{"a":"other"}"#]);
}

#[tokio::test]
async fn a_delivery_that_a_receiver_saw_is_sent_again_as_it_was() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.receiver.answer("/1", &[500; 6]);
    let event = flow.publish(&json!({"a": 1, "b": 2})).await;
    let failed = flow.delivery_in(event, DeliveryState::Failed).await;
    flow.change_steps(1, &[field("b", true)]).await;
    flow.delivery.retry(WORKSPACE, failed.id).await.unwrap();
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!(flow.bodies(1), [r#"{"a":1}"#; 7]);
}

#[tokio::test]
async fn what_steps_made_of_one_event_goes_where_its_connection_leads_when_it_is_released() {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    flow.connect(2, &[field("b", true)]).await;
    let event = flow.publish(&json!({"b": 1})).await;
    let failed = flow.delivery_in(event, DeliveryState::FailedByGateway).await;
    flow.lead(1, 2, &[field("b", true)]).await;
    flow.delivery.retry(WORKSPACE, failed.id).await.unwrap();
    let both = async || (flow.bodies(2).len() == 2).then_some(());
    flow.until("it came to where its connection leads", both).await;
    assert_eq!(flow.bodies(1), Vec::<String>::new());
    let log = flow.pipeline.store();
    let log = crate::store::Store::event_log(log, event).await.unwrap();
    let ends = log.plan.unwrap().routes.into_iter().map(|route| route.end);
    assert!(ends.into_iter().all(|end| matches!(end, RouteEnd::Delivering(planned) if planned.len() == 1)));
}

#[tokio::test]
async fn one_of_several_takes_only_the_payload_at_its_own_place() {
    for first in [true, false] {
        let flow = Flow::start().await;
        flow.connect(1, &[field("a", true)]).await;
        let (event, parked) = parked(&flow, &json!({"a": 1})).await;
        flow.store.change_plan(event, |plan| {
            let RouteEnd::Delivering(planned) = &mut plan.routes[0].end else { panic!("a delivery") };
            let other = Planned { id: event.delivery(7), ..planned[0].clone() };
            planned.insert(usize::from(first), other);
        });
        flow.pause(1, FlowState::Active).await;
        if first {
            flow.delivery_in(event, DeliveryState::Delivered).await;
            assert_eq!(flow.bodies(1), [r#"{"a":1}"#]);
            continue;
        }
        let (flow, held) = held(flow, event, "its steps make 1 payloads now, and 2 were planned").await;
        assert_eq!(held.id, parked.id);
        flow.delivery.retry(WORKSPACE, held.id).await.unwrap();
        flow.delivery_in(event, DeliveryState::Dropped).await;
        assert_eq!(flow.bodies(1), Vec::<String>::new(), "the payload is the other one's");
    }
}
