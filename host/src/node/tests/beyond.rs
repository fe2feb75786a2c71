//! What an event makes beyond the most deliveries that it may is told in its trace.

use serde_json::json;

use super::support::Flow;

/// As many deliveries as there may be in these tests.
const MOST: u128 = 100;

#[tokio::test]
async fn what_is_not_delivered_for_want_of_room_is_told() {
    let flow = Flow::start().await;
    for number in 1..=MOST + 2 {
        flow.connect(number, &[]).await;
    }
    let event = flow.publish(&json!({"a": 1})).await;
    let told = async || {
        let told = flow.trace(event, "filter").await;
        (!told.is_empty()).then_some(told)
    };
    let told = flow.until("the trace says so", told).await;
    assert_eq!(told.len(), 2, "{told:?}");
    for entry in told {
        assert_eq!(entry.code.as_deref(), Some("too_many_deliveries"));
        let reason = entry.reason.unwrap();
        assert!(
            reason.contains("1 payloads are not delivered") && reason.contains("at most 100"),
            "{reason}"
        );
    }
}
