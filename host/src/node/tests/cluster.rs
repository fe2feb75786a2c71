//! Two nodes on one store: what one accepted and did not see through is delivered by the other, and a node that was
//! taken over writes nothing any more.

use serde_json::json;

use super::support::Flow;
use super::support::Planner;
use super::support::field;
use crate::domain::delivery::DeliveryState;
use crate::store::Store as _;
use crate::store::StoreError;

#[tokio::test]
async fn what_a_dead_node_had_accepted_is_delivered_by_another() {
    // It loses what it reads from the feed: all of it is acknowledged, and nothing is planned.
    let first = Flow::start_with(Planner::LosesEvents).await;
    first.connect(1, &[field("a", true)]).await;
    let mut events = Vec::new();
    for number in 0..5 {
        events.push(first.publish(&json!({"a": number})).await);
    }
    let second = first.beside(2).await;
    second.worker.renew().await.unwrap();
    assert!(second.bodies(1).is_empty(), "the other one's lease runs");
    first.freeze();
    second.let_leases_end();
    second.worker.renew().await.unwrap();
    for event in events {
        second.delivery_in(event, DeliveryState::Delivered).await;
    }
    let mut bodies = second.bodies(1);
    bodies.sort();
    let expected: Vec<String> = (0..5).map(|number| format!(r#"{{"a":{number}}}"#)).collect();
    assert_eq!(bodies, expected, "each once");
}

#[tokio::test]
async fn a_node_that_was_taken_over_writes_nothing() {
    let first = Flow::start_with(Planner::LosesEvents).await;
    first.connect(1, &[field("a", true)]).await;
    first.publish(&json!({"a": 1})).await;
    let second = first.beside(2).await;
    second.let_leases_end();
    second.worker.renew().await.unwrap();
    let renewed = first.worker.renew().await;
    assert!(matches!(renewed, Err(StoreError::Fenced { .. })), "{renewed:?}");
    let flushed = first.store.flushed().await;
    assert!(matches!(flushed, Err(StoreError::Fenced { .. })), "{flushed:?}");
}
