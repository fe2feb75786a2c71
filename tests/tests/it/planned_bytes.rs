//! Nothing leaves but what was planned: what the gateway could not make is not sent in another form when somebody
//! asks for it again. The cases that need a store that fails are in `node/tests`.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

use crate::delivery::delivery_in;

fn mapping(required: bool) -> Value {
    let last4 = match required {
        true => json!({"$path": "$.card.last4", "$required": true}),
        false => json!({"$path": "$.card.last4", "$default": null}),
    };
    json!([{"mapping": {"version": 1, "output": {"card": last4}}}])
}

/// How often the trace tells that steps ran again, once that is as often as wanted.
async fn ran_again(client: &Client, event: &str, times: usize) -> Vec<Value> {
    eventually(&format!("the steps of {event} ran again {times} times"), || async {
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
        let entries = trace["entries"].as_array().unwrap();
        let again: Vec<Value> =
            entries.iter().filter(|entry| entry["stage"] == "steps_again").cloned().collect();
        (again.len() == times).then_some(again)
    })
    .await
}

#[tokio::test]
async fn a_retry_of_what_no_step_could_make_sends_nothing_until_one_can() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::new("cards", &sink.url("/cards")).steps(mapping(true)).make(&client).await;
    let event = pipeline.accept(&client, &json!({"card": {"number": "4242424242424242"}})).await;
    let failed = delivery_in(&client, &event, "failed_by_gateway").await;
    let id = failed["id"].as_str().unwrap();
    let path = format!("/v1/deliveries/{id}");
    for times in [1, 2] {
        client.act(&format!("{path}/retry")).await.expect(200);
        let again = ran_again(&client, &event, times).await;
        assert!(again.iter().all(|entry| entry["delivery"] == id), "{again:?}");
        delivery_in(&client, &event, "failed_by_gateway").await;
        let shown = client.get(&path).await.expect(200);
        assert_eq!(shown["request"], Value::Null, "nothing was made, so nothing is shown: {shown}");
    }
    pipeline.accept(&client, &json!({"card": {"last4": "4242"}})).await;
    let hits = sink.wait_for("/cards", 1).await;
    assert_eq!(hits[0].json(), json!({"card": "4242"}), "the one that came after it is the first there");

    let connection = format!("/v1/connections/{}", pipeline.connection);
    client.patch(&connection, &json!({"steps": mapping(false)})).await.expect(200);
    client.act(&format!("{path}/retry")).await.expect(200);
    delivery_in(&client, &event, "delivered").await;
    let hits = sink.wait_for("/cards", 2).await;
    assert_eq!((hits[1].json(), hits[1].header("webhook-id")), (json!({"card": null}), id));
    let again = ran_again(&client, &event, 3).await;
    let reason = again[2]["reason"].as_str().unwrap();
    assert!(reason.contains("its event came in under"), "another configuration than then: {reason}");
    assert_eq!(sink.hits().len(), 2);
}
