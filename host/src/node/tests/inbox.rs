//! Inboxes in one process: they have an end however fast requests come, forget what is old or was for a destination that
//! is gone, and two nodes on one store keep no more together than one.

use serde_json::json;

use super::support::Flow;
use super::support::WORKSPACE;
use super::support::connection_id;
use super::support::destination_id;
use super::support::field;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::Workspace;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::Destination;
use crate::domain::destination::Endpoint;
use crate::domain::destination::INBOX_REQUESTS_MAX;
use crate::domain::time::Timestamp;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::store::Expiry;
use crate::store::Store as _;

/// Leads what is published into an inbox.
async fn with_inbox(flow: &Flow) {
    flow.connect(1, &[field("a", true)]).await;
    let inbox = Destination { endpoint: Endpoint::Inbox, ..flow.destination(1) };
    let workspace = Workspace {
        id: WORKSPACE,
        name: "default".to_owned(),
        created_at: Timestamp::default(),
        tier: None,
        limits: WorkspaceLimits::default(),
    };
    flow.write(vec![DocumentWrite::PutDestination(inbox), DocumentWrite::PutWorkspace(workspace)])
        .await
        .unwrap();
}

/// How many requests the inbox has, and the newest.
async fn kept(flow: &Flow) -> (usize, Option<String>) {
    let page = flow.delivery.inbox(WORKSPACE, destination_id(1), None, 10_000).await.unwrap();
    let newest = page.items.first().map(|item| String::from_utf8_lossy(&item.payload).into_owned());
    (page.items.len(), newest)
}

async fn publish(flow: &Flow, number: usize) {
    let event = flow.publish(&json!({"a": number})).await;
    flow.delivery_in(event, DeliveryState::Delivered).await;
}

/// What came before now.
fn old(flow: &Flow) -> Expiry {
    Expiry::of_all(flow.control.now(), Timestamp::default())
}

#[tokio::test]
async fn two_nodes_keep_no_more_together_than_one() {
    let first = Flow::start().await;
    with_inbox(&first).await;
    publish(&first, 0).await;
    let second = first.beside(2).await;
    publish(&second, 1).await;
    // Neither knows of what the other one gets from here on.
    for number in 2..2 + INBOX_REQUESTS_MAX {
        publish(if number % 2 == 0 { &first } else { &second }, number).await;
    }
    let (count, _) = kept(&first).await;
    assert_eq!(count, INBOX_REQUESTS_MAX + 2, "nobody looked yet");
    first.delivery.expire_inboxes(&Expiry::default()).await.unwrap();
    first.store.flushed().await.unwrap();
    let newest = format!(r#"{{"a":{}}}"#, INBOX_REQUESTS_MAX + 1);
    assert_eq!(kept(&second).await, (INBOX_REQUESTS_MAX, Some(newest)));
}

#[tokio::test]
async fn what_is_old_goes_and_what_its_destination_left() {
    let flow = Flow::start().await;
    with_inbox(&flow).await;
    publish(&flow, 0).await;
    flow.delivery.expire_inboxes(&old(&flow)).await.unwrap();
    assert_eq!(kept(&flow).await.0, 1, "it came just now");
    flow.pass().await;
    flow.delivery.expire_inboxes(&old(&flow)).await.unwrap();
    flow.store.flushed().await.unwrap();
    assert_eq!(kept(&flow).await.0, 0, "it is old");

    publish(&flow, 1).await;
    let gone = vec![
        DocumentWrite::DeleteConnection(connection_id(1)),
        DocumentWrite::DeleteDestination(destination_id(1)),
    ];
    flow.write(gone).await.unwrap();
    assert_eq!(kept(&flow).await.0, 1);
    flow.delivery.expire_inboxes(&Expiry::default()).await.unwrap();
    flow.store.flushed().await.unwrap();
    assert_eq!(kept(&flow).await.0, 0, "its destination is gone");
}
