//! Operations of a plan: exactly what the plan found is done, once, whoever asks how often.

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

fn apply(plan: &Value) -> String {
    format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_plan_does_what_it_found_and_nothing_that_came_later_and_all_of_it_once() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/out", Reply::Status(500));
    let out = Plan::new("out", &sink.url("/out"))
        .destination("retry", json!({"preset": "none"}))
        .make(&client)
        .await;
    let failed = async |wanted: usize| {
        eventually("so many to have failed", || async {
            (client.all("/v1/deliveries?state=failed").await.len() == wanted).then_some(())
        })
        .await;
    };
    for n in 0..3 {
        out.accept(&client, &json!({"n": n})).await;
    }
    failed(3).await;
    let operations = json!({"operations": [{"retry": {"destination": "out"}}, {"replay": {"source": "out"}}, {"retry": {"source": "published"}}]});
    let plan = client.post("/v1/config/plans", &operations).await.expect(201);
    let counts: Vec<&Value> =
        plan["operations"].as_array().unwrap().iter().map(|one| &one["count"]).collect();
    assert_eq!(counts, [3, 3, 0]);
    assert_eq!(
        (&plan["operations"][0]["risk"], &plan["operations"][2]["risk"]),
        (&json!("outward"), &json!("safe"))
    );
    assert_eq!(plan["says"], "retry 3 failed deliveries; take 3 events in again; retry 0 failed deliveries");
    out.accept(&client, &json!({"n": 3})).await;
    failed(4).await;
    sink.always("/out", Reply::Status(200));
    // Of two at once one does it; afterwards nobody can.
    let (path, first, second) = (apply(&plan), client.fresh(), client.fresh());
    let (one, other) = tokio::join!(first.act(&path), second.act(&path));
    let (done, late) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(late.problem(404), "not-found");
    let done = done.expect(200);
    assert_eq!(done["says"], "3 retried; 3 taken in again; 0 retried");
    client.fresh().act(&apply(&plan)).await.problem(404);
    sink.wait_for("/out", 4 + 3 + 3).await;
    failed(1).await;
    assert_eq!(client.all("/v1/events").await.len(), 4 + 3);
    // What has ended otherwise meanwhile is left out and named.
    let again = client
        .post("/v1/config/plans", &json!({"operations": [{"replay": {"event_type": "none"}}]}))
        .await
        .expect(201);
    assert_eq!(again["says"], "take 0 events in again");
}

#[tokio::test]
async fn what_makes_no_sense_is_told_at_once_and_others_see_nothing() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    assert_eq!(client.post("/v1/config/plans", &json!({})).await.pointers(), ["/documents"]);
    let wrong = json!({"operations": [{}, {"retry": {"destination": "x", "source": "y"}}, {"retry": {}, "replay": {}},
        {"replay": {"connection": "c"}}]});
    let refused = client.post("/v1/config/plans", &wrong).await;
    assert_eq!(
        refused.pointers(),
        [
            "/operations/0",
            "/operations/1/retry/destination",
            "/operations/1/retry/source",
            "/operations/2",
            "/operations/3/replay/connection"
        ],
        "{refused:?}"
    );
    client.post("/v1/events", &json!({"type": "a", "payload": 1})).await.expect(202);
    let plan = client.post("/v1/config/plans", &json!({"operations": [{"replay": {}}]})).await.expect(201);
    let made = client.post("/v1/workspaces", &json!({"name": "other"})).await.expect(201);
    let other = client.with_key(made["key"]["secret"].as_str().unwrap());
    other.act(&apply(&plan)).await.problem(404);
    let none = other.post("/v1/config/plans", &json!({"operations": [{"replay": {}}]})).await.expect(201);
    assert_eq!(none["operations"][0]["count"], 0);
    let key = client.post("/v1/api-keys", &json!({"name": "r", "scopes": ["read"]})).await.expect(201);
    client.with_key(key["secret"].as_str().unwrap()).act(&apply(&plan)).await.problem(403);
    assert_eq!(client.all("/v1/events").await.len(), 1);
    client.act(&apply(&plan)).await.expect(200);
    assert_eq!(client.all("/v1/events").await.len(), 2);
}
