//! What people report of systems of this kind, of what happens between the door and the way out: each with its input,
//! and what is expected. Not here: the functions one by one, which have tests where they live.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn post(client: &Client, path: &str, content_type: &str, body: &str) -> String {
    let headers = [("content-type", content_type)];
    let answer = client.with_key("").send("POST", path, &headers, body.into()).await.expect(202);
    answer["id"].as_str().unwrap().to_owned()
}

/// What arrives of one event at a sink of its own.
async fn arrives(client: &Client, name: &str, steps: Value, content_type: &str, body: &str) -> Hit {
    let sink = Sink::start().await;
    let made = Plan::new(name, &sink.url("/d")).steps(steps).make(client).await;
    post(client, &made.path, content_type, body).await;
    sink.wait_until("one delivery", |hits| hits.len() == 1).await.remove(0)
}

/// The trace of an event, once it says this.
async fn trace_says(client: &Client, event: &str, words: &str) {
    let path = format!("/v1/events/{event}/trace");
    eventually(words, || async { client.get(&path).await.text.contains(words).then_some(()) }).await;
}

fn mapping(mapping: Value) -> Value {
    json!([{ "mapping": mapping }])
}

/// A pipeline whose path has a place for an id.
async fn contacts(client: &Client, sink: &Sink) -> Pipeline {
    let path = json!({"$template": "/contacts/{{ $.id }}/notes"});
    let steps = mapping(json!({"version": 1, "output": {"x": 1}, "method": "PUT", "path": path}));
    Plan::new("f12", &sink.url("/")).steps(steps).make(client).await
}

#[tokio::test]
async fn f12_an_id_of_an_event_stays_one_segment_of_the_path() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let made = contacts(&client, &sink).await;
    let ids = [
        ("7?admin=true&x=", "7%3Fadmin%3Dtrue%26x%3D"),
        ("a%2Fb", "a%252Fb"),
        ("7/..;/admin", "7%2F..%3B%2Fadmin"),
        ("jo smith", "jo%20smith"),
        ("ü", "%C3%BC"),
    ];
    for (id, segment) in ids {
        post(&client, &made.path, JSON, &json!({"id": id}).to_string()).await;
        sink.wait_for(&format!("/contacts/{segment}/notes"), 1).await;
    }
    for id in ["..", ""] {
        let event = post(&client, &made.path, JSON, &json!({"id": id}).to_string()).await;
        trace_says(&client, &event, "mapping_failed").await;
    }
    assert_eq!(sink.hits().len(), ids.len(), "{:?}", sink.hits());
    assert!(sink.hits().iter().all(|hit| hit.method == "PUT"));
}

#[tokio::test]
async fn f11_a_zone_in_a_date_is_honoured_and_an_unknown_one_named() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let steps = |date: Value| {
        mapping(json!({"version": 1, "output": {"$path": "$.t", "$apply": [{ "date": date }]}}))
    };
    let preview = async |date: Value, text: &str| {
        let body = json!({"payload": {"t": text}, "steps": steps(date)});
        client.post("/v1/preview", &body).await
    };
    let with_zone = json!({"from": "%Y-%m-%d %H:%M:%S %Q", "to": "iso"});
    let answer = preview(with_zone.clone(), "2024-06-01 12:00:00 Europe/Berlin").await.expect(200);
    assert!(answer.to_string().contains("2024-06-01T10:00:00Z"), "{answer}");
    let answer = preview(with_zone, "2024-06-01 12:00:00 Nowhere/Land").await.expect(200);
    assert!(answer.to_string().contains("there is no time zone `Nowhere/Land`"), "{answer}");
    let to_zone = json!({"from": "unix", "to": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"});
    let answer = preview(to_zone, "1717236000").await.expect(200);
    assert!(answer.to_string().contains("01.06.2024 12:00"), "{answer}");
    for (from, instead) in [
        ("%F %T %Z", "%Q"),
        ("%c", "%H:%M:%S"),
        ("%x", "%m/%d/%Y"),
        ("%H:%M", "a whole date"),
        ("%q", "%Y-%m-%d"),
    ] {
        let answer = preview(json!({ "from": from }), "x").await;
        assert!(matches!(answer.status, 400 | 422), "{from}: {answer:?}");
        assert!(answer.text.contains(instead), "{from}: {answer:?}");
    }
}

#[tokio::test]
async fn f15_a_number_in_a_form_passes_where_that_is_said_and_else_the_drop_says_why() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let read = json!([{"filter": {"path": "$.amount", "as": "number", "gte": 100}}]);
    let hit = arrives(&client, "read", read, FORM, "amount=250.00").await;
    assert_eq!(hit.body, "amount=250.00");
    let sink = Sink::start().await;
    let steps = json!([{"filter": {"path": "$.amount", "gte": 100}}]);
    let made = Plan::new("plain", &sink.url("/d")).steps(steps).make(&client).await;
    let event = post(&client, &made.path, FORM, "amount=250").await;
    trace_says(&client, &event, "which is text, not a number").await;
}

#[tokio::test]
async fn f27_what_is_no_query_says_what_was_meant() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    for (path, meant) in [
        ("$.event-data.e", "did you mean `$['event-data'].e`?"),
        ("$.@type", "did you mean `$['@type']`?"),
        ("$.list.0", "did you mean `$.list[0]`?"),
        ("$.list[(@.length-1)]", "did you mean `$.list[-1]`?"),
        ("$.list.length()", "`length_gte`"),
        ("$.a[?(@.b =~ /x/)]", "search(@.name, 'pattern')"),
    ] {
        let steps = json!([{"filter": {"path": path, "eq": 1}}]);
        let answer = client.post("/v1/preview", &json!({"payload": {}, "steps": steps})).await;
        assert!(matches!(answer.status, 400 | 422), "{path}: {answer:?}");
        let details = answer.body["errors"].to_string();
        assert!(details.contains(meant), "{path}: {details}");
    }
    let each = mapping(json!({"version": 1, "output": {"$each": "$.a", "$value": "@index"}}));
    let answer = client.post("/v1/preview", &json!({"payload": {}, "steps": each})).await;
    assert!(answer.text.contains("did you mean `@.index`?") && !answer.text.contains("$index"), "{answer:?}");
}

#[tokio::test]
async fn f31_and_f30_a_form_with_json_works_in_a_plugin_and_goes_on_as_json() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.upload("github-to-slack", guests::plugin("github-to-slack")).await.expect(201);
    let payload =
        json!({"action": "opened", "sender": {"login": "octo"}, "issue": {"number": 7, "title": "ü & +"}});
    let escaped: String = payload.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let sink = Sink::start().await;
    let steps = json!([{"plugin": {"name": "github-to-slack"}}]);
    let made = Plan::new("github", &sink.url("/d")).steps(steps).make(&client).await;
    let headers = [("content-type", FORM), ("x-github-event", "issues")];
    let body = format!("payload={escaped}");
    client.with_key("").send("POST", &made.path, &headers, body.into()).await.expect(202);
    let hit = sink.wait_until("a message", |hits| hits.len() == 1).await.remove(0);
    assert_eq!(hit.json()["text"], "*octo* opened issue #7 ü &amp; +");
    assert_eq!(hit.header("content-type"), JSON);
}

#[tokio::test]
async fn f32_and_f30_items_of_a_batch_go_on_digit_by_digit_and_as_json() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.upload("split-batch", guests::plugin("split-batch")).await.expect(201);
    let sink = Sink::start().await;
    let steps = json!([{"plugin": {"name": "split-batch", "config": {"items": "/rows"}}}]);
    let made = Plan::new("digits", &sink.url("/d")).steps(steps).make(&client).await;
    let items = [
        r#"{"n":1.10}"#,
        r#"{"n":123456789012345678901}"#,
        r#"{"n":0.1234567890123456789}"#,
        r#"{"z":1e400,"a":-0}"#,
    ];
    let body = format!(r#"{{"rows":[{}]}}"#, items.join(" , "));
    post(&client, &made.path, "text/plain", &body).await;
    let hits = sink.wait_for("/d", items.len()).await;
    let mut seen: Vec<String> =
        hits.iter().map(|hit| String::from_utf8(hit.body.to_vec()).unwrap()).collect();
    let mut wanted: Vec<String> = items.map(str::to_owned).to_vec();
    seen.sort();
    wanted.sort();
    assert_eq!(seen, wanted);
    assert!(hits.iter().all(|hit| hit.header("content-type") == JSON), "{hits:?}");
}
