//! The examples that the API's description promises, word for word.

use std::io::Read as _;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

fn assert_id(value: &Value, prefix: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("no id but {value}"));
    assert!(text.starts_with(prefix), "{text} does not begin with {prefix}");
}

#[tokio::test]
async fn ready_says_where_and_shows_a_given_key() {
    let gateway = Gateway::start().await;
    let ready = gateway.ready();
    assert_eq!(ready["listening"], gateway.address());
    assert_eq!(ready["admin_key"], hookmill_tests::gateway::ADMIN_KEY);
    let dashboard = ready["dashboard"].as_str().unwrap();
    assert!(dashboard.starts_with(&format!("{}/login#", gateway.url())), "{dashboard}");
}

#[tokio::test]
async fn an_admin_key_is_made_once() {
    let mut gateway = Gateway::start_with(|options| options.without("HOOKMILL_ADMIN_KEY")).await;
    let key = gateway.ready()["admin_key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("hm_admin_") && key.len() > 40, "{key}");
    Client::new(&gateway.url(), &key).get("/v1/sources").await.expect(200);
    gateway.terminate().await;
    gateway.restart().await;
    assert!(gateway.ready().get("admin_key").is_none(), "{}", gateway.ready());
    Client::new(&gateway.url(), &key).get("/v1/sources").await.expect(200);
}

#[tokio::test]
async fn a_source_is_made_and_takes_an_event_once() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let source = json!({"name": "github", "verification": {"preset": "github", "secret": "s3cret"},
        "event_type": {"header": "x-github-event"}});
    let answer = client.post("/v1/sources", &source).await;
    assert!(answer.header("location").starts_with("/v1/sources/src_"), "{:?}", answer.headers);
    let source = answer.expect(201);
    assert_id(&source["id"], "src_");
    assert_eq!(source["name"], "github");
    assert_eq!(source["url"], format!("{}/in/{}", gateway.url(), id(&source)));
    assert_id(&source["key"]["id"], "key_");
    assert_id(&source["key"]["secret"], "hm_in_");
    assert!(!source.to_string().contains("s3cret"), "{source}");

    let body = br#"{"action":"opened","repository":{"full_name":"octo/hello"}}"#;
    let headers = sign::github("s3cret", "issues", "72d3162e-cc78-11e3-81ab-4c9367dc0958", body);
    let stranger = client.with_key("");
    let path = format!("/in/{}", id(&source));
    let first = stranger.send("POST", &path, &sign::borrowed(&headers), body.to_vec()).await.expect(202);
    assert_id(&first["id"], "evt_");
    assert_eq!(first.as_object().unwrap().len(), 1, "{first}");
    let again = stranger.send("POST", &path, &sign::borrowed(&headers), body.to_vec()).await.expect(202);
    assert_eq!(again, json!({"id": id(&first), "duplicate": true}));

    let event = client.get(&format!("/v1/events/{}", id(&first))).await.expect(200);
    assert_eq!(event["type"], "issues", "{event}");
}

#[tokio::test]
async fn events_are_published_one_or_many() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let one = br#"{"type": "contact.created", "payload": {"name": "Ada", "big": 12345678901234567890123}}"#;
    let headers = [("content-type", "application/json")];
    let answer = client.send("POST", "/v1/events", &headers, one.to_vec()).await.expect(202);
    let event = client.get(&format!("/v1/events/{}", id(&answer))).await;
    assert!(event.text.contains("12345678901234567890123"), "{event:?}");
    assert_id(&answer["id"], "evt_");
    let many = json!({"events": [{"type": "a", "payload": 1}, {"type": "b", "payload": [true]}]});
    let answer = client.post("/v1/events", &many).await.expect(202);
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(events.len(), 2);
    events.iter().for_each(|event| assert_id(&event["id"], "evt_"));
}

#[tokio::test]
async fn the_whole_of_it_by_example() {
    let gateway = Gateway::start().await;
    let sink = Sink::start().await;
    let client = gateway.client();
    let source = json!({"name": "signals", "require_key": false});
    let source = client.post("/v1/sources", &source).await.expect(201);

    let destination = json!({"name": "crm", "url": sink.url("/hook"), "headers": {"x-team": "growth"},
        "auth": {"basic": {"username": "u", "password": "p"}}, "signing": {"profile": "standard_webhooks"},
        "timeout_ms": 5000, "retry": {"preset": "standard"}});
    let destination = client.post("/v1/destinations", &destination).await.expect(201);
    assert_id(&destination["id"], "dst_");
    assert_eq!(destination["signing"]["profile"], "standard_webhooks");
    assert_id(&destination["signing"]["secret"], "whsec_");
    let shown = client.get(&format!("/v1/destinations/{}", id(&destination))).await.expect(200);
    assert_ne!(shown["signing"]["secret"], destination["signing"]["secret"], "shown in full only once");

    let uploaded = client.upload("lead-filter", guests::plugin("filter-leads")).await.expect(201);
    assert_eq!(uploaded["plugin"], "lead-filter");
    assert!(uploaded["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(uploaded["imports"], json!(["log"]), "the SDK logs panics");
    assert!(uploaded["manifest"].is_object(), "{uploaded}");
    assert_eq!(uploaded["active"], true);

    let connection = json!({"name": "leads to crm", "source": id(&source), "event_types": ["*"],
        "steps": [{"filter": {"path": "$.confidence", "gte": 0.8}},
            {"plugin": {"name": "lead-filter", "version": "active", "config": {"min_confidence": 0.9}}, "on_error": "fail"},
            {"mapping": {"version": 1, "output": {"company": "$.company.name"}}}],
        "destination": id(&destination), "retry": {"delays": ["1m", "5m", "30m"]}});
    let connection = client.post("/v1/connections", &connection).await.expect(201);
    assert_id(&connection["id"], "con_");
    assert_eq!(connection["state"], "active");

    let signal = json!({"signal_type": "product_qualified_lead", "confidence": 0.92, "source": "posthog",
        "account": {"name": "Acme Corp", "domain": "acme.com"}, "events": ["visited_pricing_page"],
        "enrichment": {"company_size": "50-200"}, "detected_at": "2026-04-29T14:31:08Z"});
    let path = format!("/in/{}", id(&source));
    let event = id(&client.with_key("").post(&path, &signal).await.expect(202));
    let hit = sink.wait_for("/hook", 1).await.remove(0);
    assert_eq!(hit.json(), json!({"company": "Acme Corp"}));
    assert_eq!(hit.header("x-team"), "growth");
    assert_eq!(hit.header("authorization"), "Basic dTpw");

    let list = format!("/v1/deliveries?event={event}&limit=50");
    let delivery = eventually("the delivery is settled", || async {
        let page = client.get(&list).await.expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        let items = page["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["state"] == "delivered")
    })
    .await;
    assert_id(&delivery["id"], "dlv_");
    assert_eq!(delivery["id"], hit.header("webhook-id"), "the receiver sees the delivery's id");
    assert_eq!(delivery["event"], event);
    assert_eq!(delivery["connection"], connection["id"]);
    assert_eq!(delivery["destination"], destination["id"]);
    assert_eq!(delivery["attempts"], 1);
    assert_eq!(delivery["next_attempt_at"], Value::Null);
    let none = client.get(&format!("/v1/deliveries?event={event}&state=failed&limit=50")).await.expect(200);
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn a_trace_tells_why_nothing_was_sent() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let steps = json!([{"filter": {"all": [{"path": "$.kind", "eq": "lead"}, {"path": "$.confidence", "gte": 0.8}]}}]);
    let plan = hookmill_tests::pipeline::Plan::new("p", "http://127.0.0.1:9/").steps(steps);
    let pipeline = plan.make(&client).await;
    let event = pipeline.accept(&client, &json!({"kind": "lead", "confidence": 0.42})).await;
    let entries = eventually("the filter's entry", || async {
        let trace = client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
        let entries = trace["entries"].as_array().unwrap().clone();
        entries.iter().any(|entry| entry["stage"] == "filter").then_some(entries)
    })
    .await;
    let stages: Vec<&str> = entries.iter().filter_map(|entry| entry["stage"].as_str()).collect();
    assert_eq!(&stages[..2], ["received", "verified"], "{entries:?}");
    let filter = entries.iter().find(|entry| entry["stage"] == "filter").unwrap();
    assert_eq!(filter["connection"], pipeline.connection);
    assert_eq!(filter["verdict"], "drop");
    assert_eq!(filter["clause"], "/all/1");
    assert_eq!(filter["path"], "$.confidence");
    assert_eq!(filter["seen"], json!(0.42));
    assert!(
        entries.iter().all(|entry| entry["at"].as_str().is_some_and(|at| at.ends_with('Z'))),
        "{entries:?}"
    );
}

#[tokio::test]
async fn previews_show_each_step() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let request = json!({"steps": [{"filter": {"path": "$.n", "gte": 1}},
        {"mapping": {"version": 1, "output": {"number": "$.n"}}}], "payload": {"n": 7}});
    let answer = client.post("/v1/preview", &request).await.expect(200);
    let steps = answer["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{answer}");
    assert_eq!((&steps[0]["step"], &steps[0]["verdict"]), (&json!("filter"), &json!("forward")));
    assert_eq!(steps[0]["reason"], Value::Null);
    assert!(steps[0]["duration_us"].is_u64(), "{answer}");
    assert_eq!(steps[1]["output"], json!({"number": 7}), "{answer}");
    assert_eq!(
        answer["outputs"],
        json!([{"payload": {"number": 7}, "content_type": "application/json", "event_type": null, "headers": []}])
    );

    for payload in [json!(null), json!(true), json!("text"), json!(3.25), json!([])] {
        let steps = json!([{"mapping": {"version": 1, "output": {"$path": "$", "$all": true}}}]);
        let answer =
            client.post("/v1/preview", &json!({"steps": steps, "payload": payload})).await.expect(200);
        assert_eq!(answer["outputs"][0]["payload"], json!([payload]), "{answer}");
    }
    let wrong = json!({"steps": [{"mapping": {"version": 1, "output": "$["}}], "payload": 1});
    client.post("/v1/preview", &wrong).await.problem(422);
}

#[tokio::test]
async fn every_fault_of_a_connection_is_told_at_once() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let answer = client
        .post(
            "/v1/connections",
            &json!({"name": "x", "event_types": ["*"], "source": "src_nowhere", "destination": "dst_nowhere", "colour": 1,
                "steps": [{"filter": {"path": "$.a", "gte": {}}}, {"mapping": {"version": 9, "output": "$["}}]}),
        )
        .await;
    assert_eq!(answer.problem(422), "invalid-connection", "{answer:?}");
    let pointers = answer.pointers();
    for wanted in ["/source", "/destination", "/colour", "/steps/0/filter/gte", "/steps/1/mapping/output"] {
        assert!(pointers.contains(&wanted), "{wanted} is not among {pointers:?}");
    }
}

#[tokio::test]
async fn names_work_where_ids_do() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.post("/v1/sources", &json!({"name": "shop"})).await.expect(201);
    client
        .post("/v1/destinations", &json!({"name": "crm", "url": "https://example.com/hook"}))
        .await
        .expect(201);
    let connection = json!({"name": "c", "source": "shop", "event_types": ["*"], "destination": "crm"});
    client.post("/v1/connections", &connection).await.expect(201);
    for path in ["/v1/sources/shop", "/v1/destinations/crm", "/v1/connections/c"] {
        assert!(client.get(path).await.expect(200)["id"].is_string(), "{path}");
    }
    client.post("/v1/connections/c/pause", &json!({})).await.expect(200);
    assert_eq!(client.get("/v1/connections/c").await.expect(200)["state"], "paused");
    client.post("/v1/connections/c/resume", &json!({})).await.expect(200);
    client.delete("/v1/destinations/crm").await.problem(409);
}

/// A path whose parameters have no names.
fn nameless(path: &str) -> String {
    let segment = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn health_metrics_and_the_document() {
    let gateway = Gateway::start().await;
    let nobody = gateway.client().with_key("");
    assert_eq!(nobody.get("/healthz").await.status, 200);
    assert_eq!(nobody.get("/readyz").await.status, 200);
    let metrics = nobody.get("/metrics").await;
    let metrics = if metrics.status == 200 { metrics } else { gateway.client().get("/metrics").await };
    assert!(metrics.text.contains("hookmill_events_received_total 0"), "{}", metrics.text);
    let document = nobody.get("/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
    let described: Vec<String> =
        document["paths"].as_object().unwrap().keys().map(|path| nameless(path)).collect();
    for path in ["/v1/sources", "/v1/events/{}/trace", "/v1/preview", "/v1/plugins/{}/versions", "/in/{}"] {
        assert!(described.iter().any(|have| have == path), "{path} is not among {described:?}");
    }
    assert_eq!(nobody.get("/docs").await.header("location"), "/docs/");
    nobody.get("/v1/sources").await.problem(401);
}

/// A file of the server, unpacked, and its headers.
async fn file(url: &str) -> (String, reqwest::header::HeaderMap) {
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    let headers = answer.headers().clone();
    let bytes = answer.bytes().await.unwrap();
    let mut text = String::new();
    match headers.get("content-encoding") {
        Some(_) => flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).unwrap(),
        None => bytes.as_ref().read_to_string(&mut text).unwrap(),
    };
    (text, headers)
}

#[tokio::test]
async fn the_viewer_of_the_description_asks_no_other_host() {
    let gateway = Gateway::start().await;
    let (page, headers) = file(&format!("{}/docs/", gateway.url())).await;
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"), "{headers:?}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");
    let mut loaded = 0;
    for part in page.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        let name = part.trim_start_matches("./");
        let (text, _) = file(&format!("{}/docs/{name}", gateway.url())).await;
        assert!(!text.is_empty() && !name.contains('/'), "{part}");
        if name == "swagger-initializer.js" {
            assert!(text.contains("/openapi.json") && text.contains("\"validatorUrl\": \"none\""), "{text}");
        }
        loaded += 1;
    }
    assert!(loaded >= 4, "{page}");
    let client = gateway.client();
    for nothing in ["/docs/nothing.js", "/docs/..%2Fopenapi.json"] {
        client.get(nothing).await.problem(404);
    }
}

#[tokio::test]
async fn keys_open_what_their_scopes_say() {
    let gateway = Gateway::start().await;
    let admin = gateway.client();
    let key = async |scopes: Value| {
        let made = admin
            .post("/v1/api-keys", &json!({"name": scopes.to_string(), "scopes": scopes}))
            .await
            .expect(201);
        let secret = made["secret"].as_str().or(made["key"]["secret"].as_str());
        admin.with_key(secret.unwrap_or_else(|| panic!("no secret in {made}")))
    };
    let (reader, writer, ingester) =
        (key(json!(["read"])).await, key(json!(["write"])).await, key(json!(["ingest"])).await);
    let event = json!({"type": "t", "payload": 1});
    let source = |name: &str| json!({"name": name});
    reader.get("/v1/sources").await.expect(200);
    reader.post("/v1/sources", &source("a")).await.problem(403);
    reader.post("/v1/events", &event).await.problem(403);
    writer.post("/v1/sources", &source("b")).await.expect(201);
    writer.post("/v1/api-keys", &json!({"name": "x", "scopes": ["admin"]})).await.problem(403);
    ingester.post("/v1/events", &event).await.expect(202);
    ingester.get("/v1/sources").await.problem(403);
    admin.with_key("hm_admin_wrong").get("/v1/sources").await.problem(401);
}
