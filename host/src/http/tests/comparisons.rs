//! Comparisons: asked for, followed, looked at, cancelled.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::support::Api;

const TRIED: &str = r#"[{"filter":{"path":"$.n","lt":5}},{"mapping":{"version":1,"output":{"n":"$.n","big":"$.n","list":["$.n"]}}}]"#;

/// A connection that sends `{"n": …, "list": […]}` for events below 8, to a destination that waits.
async fn pipeline(api: &Api, events: u64) {
    let destination = json!({"name": "out", "url": "https://example.com/hook", "state": "paused"});
    api.ask("POST", "/v1/destinations", destination).await.is(201);
    let steps = json!([{"filter": {"path": "$.n", "lt": 8}},
        {"mapping": {"version": 1, "output": {"n": "$.n", "list": ["$.old"]}}}]);
    let connection = json!({"name": "c", "source": "published", "destination": "out", "steps": steps});
    api.ask("POST", "/v1/connections", connection).await.is(201);
    // Those that are dropped first: once all deliveries are planned, so is everything.
    for n in (0..events).rev() {
        let event = json!({"type": format!("t.{}", n % 2), "payload": {"n": n, "old": 0}});
        api.ask("POST", "/v1/events", event).await.is(202);
    }
    eventually(async || {
        let list = api.ask("GET", "/v1/deliveries?limit=500", Value::Null).await.is(200);
        (list["items"].as_array().unwrap().len() as u64 == events.min(8)).then_some(())
    })
    .await;
}

async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain");
}

/// Asks for one and waits until it is over.
async fn compared(api: &Api, request: Value) -> Value {
    let begun = api.ask("POST", "/v1/comparisons", request).await.is(202);
    let path = format!("/v1/comparisons/{}", begun["id"].as_str().unwrap());
    eventually(async || {
        let now = api.ask("GET", &path, Value::Null).await.is(200);
        (!matches!(now["state"].as_str(), Some("queued" | "running"))).then_some(now)
    })
    .await
}

fn tried() -> Value {
    serde_json::from_str(TRIED).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_is_counted_grouped_and_listed() {
    let api = Api::start().await;
    pipeline(&api, 10).await;
    let over = compared(&api, json!({"connection": "c", "steps": tried()})).await;
    assert_eq!((&over["state"], &over["done"]), (&json!("finished"), &json!(10)), "{over}");
    let counts = json!({"same": 2, "changed": 5, "newly_dropped": 3, "newly_forwarded": 0, "newly_failing": 0, "mended": 0});
    assert_eq!(over["counts"], counts, "{over}");
    assert_eq!(over["compared_with"], json!({"sent": 10, "unproven": 0, "rerun": 0}), "{over}");
    let groups: Vec<(u64, &str, String)> = over["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let places =
                group["changes"].as_array().unwrap().iter().map(|change| change["place"].as_str().unwrap());
            let places = places.chain(group["why"].as_str()).collect::<Vec<_>>().join(" ");
            (group["count"].as_u64().unwrap(), group["class"].as_str().unwrap(), places)
        })
        .collect();
    let expected = [
        (4, "changed", "$.big $.list[*]".to_owned()),
        (3, "newly_dropped", "filter (step 0): its only clause on $.n".to_owned()),
        // For 0 the list has what it had.
        (1, "changed", "$.big".to_owned()),
    ];
    assert_eq!(groups, expected, "{over}");
    let example = &over["groups"][0]["example"];
    assert_eq!(example["before"]["outputs"][0]["payload"], json!({"n": 1, "list": [0]}), "{example}");
    assert_eq!(example["after"]["outputs"][0]["payload"], json!({"n": 1, "big": 1, "list": [1]}));

    let path = format!("/v1/comparisons/{}", over["id"].as_str().unwrap());
    let (mut listed, mut query) = (Vec::new(), "limit=3".to_owned());
    loop {
        let page = api.ask("GET", &format!("{path}/differences?{query}"), Value::Null).await.is(200);
        listed.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("limit=3&cursor={next}");
    }
    let classes: Vec<&str> = listed.iter().map(|one| one["class"].as_str().unwrap()).collect();
    assert_eq!(classes, [vec!["changed"; 5], vec!["newly_dropped"; 3]].concat());
    assert!(listed.is_sorted_by_key(|one| std::cmp::Reverse(one["event"].as_str().unwrap().to_owned())));
    let deliveries = api.ask("GET", "/v1/deliveries", Value::Null).await.is(200);
    assert_eq!(deliveries["items"].as_array().unwrap().len(), 8, "a comparison delivers nothing");
    assert_eq!(api.ask("POST", &format!("{path}/cancel"), Value::Null).await.problem().0, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_selection_is_kept_to() {
    let api = Api::start().await;
    pipeline(&api, 10).await;
    for (more, done) in [
        (json!({"last": 4}), 4),
        (json!({"event_type": "t.1"}), 5),
        (json!({"event_type": "*.0", "last": 2}), 2),
        (json!({"event_type": "none"}), 0),
        (json!({"until": "2020-01-01T00:00:00Z"}), 0),
        (json!({"since": "2020-01-01T00:00:00Z"}), 10),
    ] {
        let mut request = json!({"connection": "c", "steps": []});
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let over = compared(&api, request).await;
        assert_eq!((&over["state"], &over["done"]), (&json!("finished"), &json!(done)), "{more}: {over}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_the_same_is_the_same() {
    let api = Api::start().await;
    pipeline(&api, 10).await;
    let same = json!([{"filter": {"path": "$.n", "lt": 8}},
        {"mapping": {"version": 1, "output": {"list": ["$.old"], "n": "$.n"}}}]);
    let over = compared(&api, json!({"connection": "c", "steps": same})).await;
    assert_eq!((&over["counts"]["same"], &over["respelled"]), (&json!(10), &json!(8)), "{over}");
    assert_eq!(over["groups"], json!([]));
    // A connection made later has sent nothing: its steps of now are what is compared with.
    let late = json!({"name": "late", "source": "published", "destination": "out", "steps": [],
        "event_types": ["t.1"]});
    api.ask("POST", "/v1/connections", late).await.is(201);
    let over = compared(&api, json!({"connection": "late", "steps": tried()})).await;
    assert_eq!(over["compared_with"], json!({"sent": 0, "unproven": 0, "rerun": 5}), "{over}");
    assert_eq!((&over["counts"]["newly_dropped"], &over["counts"]["changed"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn every_fault_at_once() {
    let api = Api::start().await;
    pipeline(&api, 0).await;
    let check = async |request: Value, expected: &[&str]| {
        let (kind, mut pointers) = api.ask("POST", "/v1/comparisons", request.clone()).await.problem();
        pointers.sort();
        pointers.dedup();
        assert_eq!((kind.as_str(), pointers), ("invalid-comparison", owned(expected)), "{request}");
    };
    fn owned(pointers: &[&str]) -> Vec<String> {
        pointers.iter().map(|pointer| (*pointer).to_owned()).collect()
    }
    check(json!({}), &["/connection", "/plugin"]).await;
    check(
        json!({"connection": "none", "last": 0, "since": "soon", "steps": [{"filter": {}}, 5], "lst": 1}),
        &["/connection", "/last", "/lst", "/since", "/steps/0/filter", "/steps/1"],
    )
    .await;
    check(json!({"connection": "c", "plugin": {"name": "none"}}), &["/plugin/name"]).await;
    check(
        json!({"connection": "c", "plugin": {"name": "none", "version": "1"}, "steps": [], "last": 1_000_001}),
        &["/last", "/plugin", "/plugin/name", "/plugin/version"],
    )
    .await;
    check(
        json!({"connection": "c", "steps": [], "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}),
        &["/until"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_workspace_and_a_reader() {
    let api = Api::start().await;
    pipeline(&api, 1).await;
    let over = compared(&api, json!({"connection": "c", "steps": tried()})).await;
    let path = format!("/v1/comparisons/{}", over["id"].as_str().unwrap());
    let made = api.ask("POST", "/v1/workspaces", json!({"name": "other"})).await.is(201);
    let other = made["key"]["secret"].as_str().unwrap();
    let list = api.ask_as(other, "GET", "/v1/comparisons", &[], Value::Null).await.is(200);
    assert_eq!(list["items"], json!([]));
    for (method, end) in [("GET", ""), ("GET", "/differences"), ("POST", "/cancel")] {
        let answer = api.ask_as(other, method, &format!("{path}{end}"), &[], Value::Null).await;
        assert_eq!(answer.problem().0, "not-found", "{method} {end}");
    }
    let foreign = json!({"connection": "c", "steps": []});
    let answer = api.ask_as(other, "POST", "/v1/comparisons", &[], foreign.clone()).await;
    assert_eq!(answer.problem().1, ["/connection"]);
    let reader = api.ask("POST", "/v1/api-keys", json!({"name": "r", "scopes": ["read"]})).await.is(201);
    let reader = reader["secret"].as_str().unwrap();
    api.ask_as(reader, "GET", &path, &[], Value::Null).await.is(200);
    assert_eq!(api.ask_as(reader, "POST", "/v1/comparisons", &[], foreign).await.problem().0, "forbidden");
    for wrong in ["/v1/comparisons/none", "/v1/comparisons/cmp_00000000000000000000000000"] {
        assert_eq!(api.ask("GET", wrong, Value::Null).await.problem().0, "not-found");
    }
}
