//! Chains: what a receiver answers is an event like any other.

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

fn answer(body: &Value) -> Reply {
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply::Full(200, headers, body.to_string().into())
}

#[tokio::test]
async fn an_answer_is_filtered_mapped_and_sent_on() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/model", answer(&json!({"score": 7, "answer": "yes"})));
    let asked = Plan::new("ask", &sink.url("/model")).destination("answer_type", json!("model.answered"));
    let asked = asked.make(&client).await;
    client.post("/v1/destinations", &json!({"name": "crm", "url": sink.url("/crm")})).await.expect(201);
    let on = json!({"name": "on", "source": "published", "event_types": ["model.*"], "destination": "crm",
        "steps": [{"filter": {"path": "$.score", "gte": 5}}, {"mapping": {"version": 1, "output": {"said": "$.answer"}}}]});
    client.post("/v1/connections", &on).await.expect(201);
    let first = asked.accept(&client, &json!({"question": "?"})).await;
    let hits = sink.wait_for("/crm", 1).await;
    assert_eq!(hits.last().unwrap().json(), json!({"said": "yes"}));
    let answers = client.all("/v1/events?type=model.answered").await;
    assert_eq!((answers.len(), &answers[0]["verified_by"]), (1, &json!("answer")), "{answers:?}");
    let trace =
        client.get(&format!("/v1/events/{}/trace", answers[0]["id"].as_str().unwrap())).await.expect(200);
    let delivery = client.all(&format!("/v1/deliveries?event={first}")).await;
    let reason = trace["entries"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(delivery[0]["id"].as_str().unwrap()), "{reason}");
}

#[tokio::test]
async fn a_loop_of_answers_ends_and_says_so() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/echo", answer(&json!({"again": true})));
    let echo = json!({"name": "echo", "url": sink.url("/echo"), "answer_type": "echo.answered"});
    client.post("/v1/destinations", &echo).await.expect(201);
    let round = json!({"name": "round", "source": "published", "destination": "echo"});
    client.post("/v1/connections", &round).await.expect(201);
    client.post("/v1/events", &json!({"type": "first", "payload": {}})).await.expect(202);
    let ignored = || async {
        for event in client.all("/v1/events").await {
            let trace =
                client.get(&format!("/v1/events/{}/trace", event["id"].as_str().unwrap())).await.expect(200);
            let entries = trace["entries"].as_array().unwrap().clone();
            if let Some(found) = entries.into_iter().find(|entry| entry["stage"] == "answer_ignored") {
                return Some(found);
            }
        }
        None
    };
    let said: Value = eventually("it ends", ignored).await;
    assert!(said["reason"].as_str().unwrap().contains("loop"), "{said}");
    hookmill_tests::settled(&client).await;
    assert_eq!(sink.hits_at("/echo").len(), 9);
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_none_is_no_event_and_says_why() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/long", answer(&json!("x".repeat(20_000))));
    sink.always("/empty", Reply::Status(204));
    for path in ["long", "empty"] {
        let plan =
            Plan::new(path, &sink.url(&format!("/{path}"))).destination("answer_type", json!("answered"));
        let pipeline = plan.make(&client).await;
        let event = pipeline.accept(&client, &json!({})).await;
        sink.wait_for(&format!("/{path}"), 1).await;
        hookmill_tests::settled(&client).await;
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200).to_string();
        assert_eq!(trace.contains("answer_ignored"), path == "long", "{trace}");
    }
    assert_eq!(client.all("/v1/events?type=answered").await.len(), 0);
    let refused =
        client.post("/v1/destinations", &json!({"name": "x", "kind": "inbox", "answer_type": "a"})).await;
    refused.problem(422);
    assert_eq!(refused.pointers(), ["/answer_type"], "{refused:?}");
}
