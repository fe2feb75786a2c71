//! A configuration that cannot be read is a fault that may pass, and then a reason to hold; never is another one taken
//! in its place.

use serde_json::json;

use super::support::Flow;
use super::support::Planner;
use super::support::WORKSPACE;
use super::support::field;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::store::failing::StoreCall;

/// A gateway that has just started on two revisions, the first of which makes `a` of an event and the second `b`.
async fn two_revisions() -> (Flow, u64) {
    let flow = Flow::start().await;
    flow.connect(1, &[field("a", true)]).await;
    let first = flow.control.snapshot().revision();
    flow.change_steps(1, &[field("b", true)]).await;
    (flow.restart(Planner::Works).await, first)
}

#[tokio::test]
async fn an_event_waits_for_its_configuration() {
    let (flow, first) = two_revisions().await;
    flow.faults.nth(StoreCall::ConfigAt, 1);
    flow.faults.nth(StoreCall::ConfigAt, 2);
    let event = flow.publish_at(first, &json!({"a": 1, "b": 2})).await;
    flow.delivery_in(event, DeliveryState::Delivered).await;
    assert_eq!((flow.bodies(1), flow.faults.failed()), (vec![r#"{"a":1}"#.to_owned()], 2));
}

#[tokio::test]
async fn an_event_whose_configuration_stays_unreadable_is_held_and_can_be_released() {
    for lost in [true, false] {
        let (flow, first) = two_revisions().await;
        if lost {
            flow.store.lose_config(first);
        } else {
            flow.faults.always(StoreCall::ConfigAt);
        }
        let event = flow.publish_at(first, &json!({"a": 1, "b": 2})).await;
        let held = flow.delivery_in(event, DeliveryState::Held).await;
        let why = flow.detail(&held).await.held.unwrap();
        assert!(why.contains(&format!("configuration revision {first} cannot be read")), "{why}");
        assert_eq!(flow.trace(event, "held").await[0].reason.as_ref(), Some(&why));
        let unknown = flow.trace(event, "not_routed").await;
        assert!(unknown[0].reason.as_ref().unwrap().contains("not known"), "{unknown:?}");
        let flow = flow.restart(Planner::Works).await;
        for _ in 0..5 {
            flow.pass().await;
        }
        assert_eq!(flow.bodies(1), Vec::<String>::new());
        flow.delivery.retry(WORKSPACE, held.id).await.unwrap();
        flow.delivery_in(event, DeliveryState::Delivered).await;
        assert_eq!(flow.bodies(1), [r#"{"b":2}"#]);
        let again = flow.trace(event, "steps_again").await;
        assert!(again[0].reason.as_ref().unwrap().contains(&format!("came in under {first}")), "{again:?}");
    }
}

#[tokio::test]
async fn an_event_that_nothing_takes_today_says_why_nothing_came_of_it() {
    let flow = Flow::start().await;
    flow.pause(1, FlowState::Active).await;
    let first = flow.control.snapshot().revision();
    flow.pause(2, FlowState::Active).await;
    let flow = flow.restart(Planner::Works).await;
    flow.store.lose_config(first);
    let event = flow.publish_at(first, &json!({"a": 1})).await;
    let told = async || flow.trace(event, "held").await.pop();
    let told = flow.until("the trace says why", told).await;
    assert!(told.reason.unwrap().contains("replay it"));
}

#[tokio::test]
async fn a_parked_delivery_waits_for_its_configuration_and_is_held_in_the_end() {
    for passes in [true, false] {
        let flow = Flow::start().await;
        flow.connect(1, &[field("a", true)]).await;
        flow.pause(1, FlowState::Paused).await;
        let event = flow.publish(&json!({"a": 1, "b": 2})).await;
        let parked = async || flow.deliveries().await.into_iter().find(|one| one.next_attempt_at.is_some());
        flow.until("a parked delivery", parked).await;
        flow.change_steps(1, &[field("b", true)]).await;
        let flow = flow.restart(Planner::Works).await;
        flow.faults.always(StoreCall::ConfigAt);
        flow.pause(1, FlowState::Active).await;
        let failed = async || (flow.faults.failed() > 0).then_some(());
        flow.until("its configuration could not be read", failed).await;
        if passes {
            flow.faults.none();
            flow.delivery_in(event, DeliveryState::Delivered).await;
            assert_eq!(flow.bodies(1), [r#"{"a":1}"#]);
            continue;
        }
        let held = flow.delivery_in(event, DeliveryState::Held).await;
        assert_eq!(flow.faults.failed(), 4, "one try and three more");
        assert!(flow.detail(&held).await.held.unwrap().contains("cannot be read"));
        assert_eq!(flow.bodies(1), Vec::<String>::new());
        flow.delivery.retry(WORKSPACE, held.id).await.unwrap();
        flow.delivery_in(event, DeliveryState::Delivered).await;
        assert_eq!(flow.bodies(1), [r#"{"b":2}"#]);
    }
}
