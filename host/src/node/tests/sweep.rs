//! The nth call of each kind fails, for each kind and several n: every accepted event is delivered all the same, with
//! the bytes that were planned, and nobody is left alone.

use serde_json::json;

use super::support::Flow;
use super::support::Ground;
use super::support::Planner;
use super::support::field;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::EventId;
use crate::store::failing::StoreCall;
use crate::worker::Unattended;

/// How many of the first calls of each kind fail, one in each run.
const NTH_MAX: u64 = 4;

/// Everything an event can meet: a first attempt, a retry, a place in the queue without bytes, a crash in between.
async fn life(flow: Flow, fail: impl Fn(&Flow)) -> (Flow, Vec<EventId>) {
    flow.connect(1, &[field("a", true)]).await;
    flow.connect(2, &[field("b", true)]).await;
    fail(&flow);
    let mut events = vec![flow.publish(&json!({"a": 0, "b": 0})).await];
    flow.receiver.answer("/1", &[500, 503]);
    for number in 1..4 {
        events.push(flow.publish(&json!({"a": number, "b": number})).await);
    }
    while flow.try_pause(2, FlowState::Paused).await.is_err() {}
    events.push(flow.publish(&json!({"a": 4, "b": 4})).await);
    for _ in 0..3 {
        flow.pass().await;
    }
    // The configuration has changed by the time what is parked and unfinished is made again.
    while flow.try_change_steps(1, &[field("c", true)]).await.is_err() {}
    let flow = flow.restart(Planner::Works).await;
    while flow.try_pause(2, FlowState::Active).await.is_err() {}
    (flow, events)
}

async fn all_arrive(flow: Flow, fail: impl Fn(&Flow), what: &str) {
    let (flow, events) = life(flow, fail).await;
    let mut seen = Unattended::default();
    for _ in 0..10_000 {
        let items = flow.deliveries().await;
        let delivered = items.iter().filter(|one| one.state == DeliveryState::Delivered).count();
        if delivered == 2 * events.len() {
            break;
        }
        flow.worker.look_for_unattended(&mut seen).await;
        flow.pass().await;
    }
    let items = flow.deliveries().await;
    assert!(items.iter().all(|one| one.state == DeliveryState::Delivered), "{what}: {items:?}");
    assert_eq!(items.len(), 2 * events.len(), "{what}");
    for (number, name) in [(1, "a"), (2, "b")] {
        for (at, event) in events.iter().enumerate() {
            let id = items.iter().find(|one| one.id.event() == *event && one.id.slot() == number).unwrap().id;
            let hits = flow.receiver.hits();
            let hits: Vec<_> = hits.iter().filter(|hit| hit.id == id.to_string()).collect();
            assert!(!hits.is_empty(), "{what}: {name} {at} never came");
            let body = format!(r#"{{"{name}":{at}}}"#);
            let good = hits.iter().all(|hit| hit.path == format!("/{number}") && hit.body == body);
            assert!(good, "{what}: {name} {at}: {hits:?}");
        }
    }
}

#[tokio::test]
async fn without_faults() {
    all_arrive(Flow::start().await, |_| {}, "no fault").await;
}

#[tokio::test]
async fn the_nth_call_of_each_kind_fails() {
    let ground = Ground::new();
    for call in StoreCall::ALL {
        for nth in 1..=NTH_MAX {
            let what = format!("{call:?} {nth}");
            let flow = Flow::start_on(&ground, Planner::Works).await;
            all_arrive(flow, |flow| flow.faults.nth(call, nth), &what).await;
        }
    }
}

#[tokio::test]
async fn the_first_calls_of_every_kind_fail() {
    let all = |flow: &Flow| {
        for call in StoreCall::ALL {
            flow.faults.nth(call, 1);
            flow.faults.nth(call, 2);
        }
    };
    all_arrive(Flow::start().await, all, "all kinds").await;
}
