//! Whole set-ups by name: what users of other systems have there, they have here after one command.

use std::collections::BTreeSet;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::sign;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

const SECRET: &str = "preset-secret-1";

async fn preset(gateway: &Gateway, args: &[&str]) -> (i32, String, String) {
    let mut command = hookmill();
    command
        .arg("preset")
        .args(args)
        .args(["--url", &gateway.url(), "--key", ADMIN_KEY])
        .env("THE_SECRET", SECRET);
    let output = command.output().await.expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Puts one in place; answers what was made.
async fn apply(gateway: &Gateway, name: &str, args: &[&str]) -> Vec<Value> {
    let all: Vec<&str> = [&["apply", name, "--yes", "--json"], args].concat();
    let (status, out, err) = preset(gateway, &all).await;
    assert_eq!(status, 0, "{out}\n{err}");
    let done: Value = serde_json::from_str(&out).unwrap();
    done["documents"].as_array().unwrap().clone()
}

/// Posts to the source that was made, with its key.
async fn post(client: &Client, made: &[Value], body: &Value) {
    let source = made.iter().find(|made| made["resource"] == "source").expect("a source");
    let path = source["url"].as_str().unwrap().split_once("/in/").unwrap().1;
    client
        .with_key(source["key"]["secret"].as_str().unwrap())
        .post(&format!("/in/{path}"), body)
        .await
        .expect(202);
}

async fn sample(client: &Client, name: &str) -> Value {
    client.get(&format!("/v1/presets/{name}")).await.expect(200)["samples"][0].clone()
}

fn signature(hit: &Hit) -> String {
    hex::encode(sign::hmac_sha256(SECRET.as_bytes(), &[&hit.body]))
}

fn is_time(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.len() >= 20 && text.ends_with('Z') && text.contains('T'))
}

#[tokio::test]
async fn peanuts_helpers() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let url = format!("url={}", sink.url("/expenses"));
    let made = apply(
        &gateway,
        "peanuts",
        &[
            "--param",
            &url,
            "--param",
            "helper=Expense Tracker",
            "--param",
            "helper_id=abc123",
            "--param",
            "events=create,delete",
            "--param",
            r#"headers={"authorization":"Bearer t","x-custom-header":"c"}"#,
            "--param-env",
            "secret=THE_SECRET",
        ],
    )
    .await;
    let mut payload = sample(&client, "peanuts").await["payload"].clone();
    payload["entry"]["data"]["note"] = Value::Null;
    for event in ["entry.updated", "entry.created"] {
        payload["event"] = event.into();
        post(&client, &made, &payload).await;
    }
    let hit = sink.wait_for("/expenses", 1).await.remove(0);
    let mut body = hit.json();
    assert!(is_time(&body["timestamp"]), "{body}");
    body.as_object_mut().unwrap().shift_remove("timestamp");
    let expected = json!({"event": "entry.created", "helper": {"id": "abc123", "name": "Expense Tracker"}, "entry": payload["entry"]});
    assert_eq!(body.to_string(), expected.to_string(), "in this order, nulls kept");
    assert_eq!(hit.header("x-peanuts-signature"), signature(&hit));
    assert_eq!((hit.header("authorization"), hit.header("x-custom-header")), ("Bearer t", "c"));
    let destination = client.get("/v1/destinations/Expense%20Tracker").await.expect(200);
    assert_eq!(
        (&destination["retry"]["preset"], &destination["timeout_ms"]),
        (&json!("1m_5m_30m"), &json!(5000))
    );
}

/// Its page line by line: URL and key of its own, a mapping, statistics, a pause that keeps everything; changes sent on with
/// what was before, chosen by kind.
#[tokio::test]
async fn beton_tables() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let url = format!("url={}", sink.url("/rows"));
    let columns =
        r#"columns=[{"name":"email","type":"text","required":true},{"name":"score","type":"integer"}]"#;
    let mapping = r#"mapping={"email":"$.mail","score":"$.score"}"#;
    let args = [
        "--param",
        "table=leads",
        "--param",
        columns,
        "--param",
        "key=email",
        "--param",
        mapping,
        "--param",
        &url,
        "--param",
        "events=create,delete",
    ];
    let made = apply(&gateway, "beton-tables", &args).await;
    let secret =
        made.iter().find_map(|made| made["secret"].as_str().filter(|_| made["name"] == "leads changes"));
    let secret = secret.expect("a secret that is shown once").to_owned();
    let payload = sample(&client, "beton-tables").await["payload"].clone();
    post(&client, &made, &payload).await;
    let hit = sink.wait_for("/rows", 1).await.remove(0);
    let body = hit.json();
    assert_eq!((&body["type"], &body["before"]), (&json!("row.created"), &Value::Null), "{body}");
    assert_eq!(body["row"]["values"], json!({"email": "ann@example.com", "score": 2}));
    let unix = hit.header("webhook-timestamp").parse().unwrap();
    let signed = sign::standard("webhook", &secret, hit.header("webhook-id"), unix, &hit.body);
    let signature =
        signed.iter().find(|(name, _)| name == "webhook-signature").map(|(_, value)| value.as_str());
    assert_eq!(Some(hit.header("webhook-signature")), signature);
    // An update is not sent: only what was chosen. Paused, it refuses and keeps what it is.
    post(&client, &made, &json!({"mail": "ann@example.com", "score": 9})).await;
    hookmill_tests::eventually("it is changed", || async {
        let rows = client.all("/v1/tables/leads/rows").await;
        (rows[0]["values"]["score"] == 9).then_some(())
    })
    .await;
    client.patch("/v1/sources/leads", &json!({"state": "paused"})).await.expect(200);
    let table = client.get("/v1/tables/leads").await.expect(200);
    let source = &table["source"];
    assert_eq!((&source["state"], &source["stats"]["received"]), (&json!("paused"), &json!(2)), "{table}");
    assert!(source["stats"]["last_received_at"].is_string() && source.get("key").is_none_or(Value::is_null));
    let path = source["url"].as_str().unwrap().split_once("/in/").unwrap().1.to_owned();
    let key = made.iter().find_map(|made| made["key"]["secret"].as_str()).unwrap();
    client.with_key(key).post(&format!("/in/{path}"), &payload).await.problem(503);
    client.patch("/v1/sources/leads", &json!({"state": "active"})).await.expect(200);
    let row = client.all("/v1/tables/leads/rows").await[0]["id"].as_str().unwrap().to_owned();
    client.delete(&format!("/v1/tables/leads/rows/{row}")).await.expect(204);
    let told = sink.wait_for("/rows", 2).await;
    assert_eq!(told[1].json()["type"], "row.deleted");
    // The same again plans nothing; a wrong mapping is told before anything is made.
    assert!(apply(&gateway, "beton-tables", &args).await.is_empty());
    let wrong = [
        "apply",
        "beton-tables",
        "--yes",
        "--param",
        "table=other",
        "--param",
        columns,
        "--param",
        r#"mapping={"score":"$.score"}"#,
    ];
    let (status, _, err) = preset(&gateway, &wrong).await;
    assert_ne!(status, 0);
    assert!(err.contains("`email`") && err.contains("required"), "{err}");
    assert_eq!(client.get("/v1/tables/other").await.status, 404);
}

#[tokio::test]
async fn beton_signals() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let url = format!("url={}", sink.url("/signals"));
    let made = apply(
        &gateway,
        "beton-signals",
        &[
            "--param",
            &url,
            "--param-env",
            "secret=THE_SECRET",
            "--param",
            "username=u",
            "--param-env",
            "password=THE_SECRET",
            "--param",
            r#"headers={"x-team":"growth"}"#,
            "--param",
            "signal_types=product_qualified_lead",
        ],
    )
    .await;
    let signal = sample(&client, "beton-signals").await["payload"].clone();
    let mut other = signal.clone();
    other["signal_type"] = "churn_risk".into();
    post(&client, &made, &other).await;
    post(&client, &made, &signal).await;
    let hit = sink.wait_for("/signals", 1).await.remove(0);
    assert_eq!(hit.json(), signal);
    assert_eq!(hit.header("x-beton-signature"), signature(&hit));
    assert_eq!(
        (hit.header("x-team"), hit.header("authorization")),
        ("growth", "Basic dTpwcmVzZXQtc2VjcmV0LTE=")
    );
    assert_eq!(client.get("/v1/destinations/signals").await.expect(200)["retry"]["preset"], "10_in_24h");
    // The same again with a mapping changes the connection, and nothing else.
    let mapping = r#"mapping={"company":"$.account.name"}"#;
    let again = apply(
        &gateway,
        "beton-signals",
        &[
            "--param",
            &url,
            "--param",
            mapping,
            "--param",
            r#"headers={"x-team":"growth"}"#,
            "--param",
            "username=u",
            "--param-env",
            "password=THE_SECRET",
            "--param",
            "signal_types=product_qualified_lead",
        ],
    )
    .await;
    assert_eq!(
        again.iter().map(|made| made["resource"].as_str().unwrap()).collect::<Vec<_>>(),
        ["connection"]
    );
    post(&client, &made, &signal).await;
    assert_eq!(sink.wait_for("/signals", 2).await[1].json(), json!({"company": "Acme Corp"}));
}

#[tokio::test]
async fn crm_and_messaging() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let groups = client.get("/v1/presets/crm").await.expect(200)["event_types"].as_array().unwrap().clone();
    let types: usize = groups.iter().map(|group| group["types"].as_array().unwrap().len()).sum();
    assert_eq!(types, 17);
    let (signed, plain) = (format!("url={}", sink.url("/signed")), format!("url={}", sink.url("/plain")));
    apply(
        &gateway,
        "crm",
        &["--param", &signed, "--param", "events=deal,message.failed", "--param-env", "secret=THE_SECRET"],
    )
    .await;
    apply(&gateway, "crm", &["--param", &plain, "--param", "name=plain"]).await;
    let catalogue = client.all("/v1/event-types").await;
    let groups: BTreeSet<&str> = catalogue.iter().filter_map(|one| one["group"].as_str()).collect();
    assert_eq!((catalogue.len(), groups.len()), (17, 6), "{catalogue:?}");
    let changed = catalogue.iter().find(|one| one["name"] == "deal.stage.changed").unwrap();
    assert_eq!(changed["example"]["previous_stage"], "negotiation");
    let deal = sample(&client, "crm").await;
    for event_type in ["contact.created", "deal.stage.changed"] {
        let event = json!({"type": event_type, "payload": deal["payload"]});
        client.post("/v1/events", &event).await.expect(202);
    }
    let hit = sink.wait_for("/signed", 1).await.remove(0);
    assert_eq!(hit.header("x-webhook-event"), "deal.stage.changed");
    assert!(is_time(&hit.header("x-webhook-timestamp").into()), "{hit:?}");
    assert_eq!(hit.header("x-webhook-signature"), signature(&hit));
    assert_eq!(hit.header("content-type"), "application/json");
    let body = hit.json();
    assert!(is_time(&body["timestamp"]), "{body}");
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        (&body["event"], &body["data"], names),
        (&json!("deal.stage.changed"), &deal["payload"], vec!["event", "timestamp", "data"])
    );
    let hits = sink.wait_for("/plain", 2).await;
    assert!(hits.iter().all(|hit| hit.header("x-webhook-signature").is_empty()), "{hits:?}");
    assert!(
        hits.iter().all(|hit| hit.header("x-webhook-event") == hit.json()["event"].as_str().unwrap()),
        "{hits:?}"
    );
    assert!(hits.iter().all(|hit| is_time(&hit.header("x-webhook-timestamp").into())), "{hits:?}");
}

#[tokio::test]
async fn an_app_builder_and_chats() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let url = |path: &str| format!("url={}", sink.url(path));
    let text = "text={{$.user.name}} signed up ({{in_event.type}})";
    let payload = r#"payload={"mail":"$.user.email","kind":"sign-up"}"#;
    apply(&gateway, "ai-builder", &["--param", &url("/app"), "--param", payload, "--param", "events=user.*"])
        .await;
    apply(&gateway, "slack", &["--param", &url("/slack"), "--param", text]).await;
    apply(&gateway, "discord", &["--param", &url("/discord")]).await;
    apply(&gateway, "teams", &["--param", &url("/teams"), "--param", text]).await;
    for name in ["generic", "zapier", "make", "n8n"] {
        apply(&gateway, name, &["--param", &url(&format!("/{name}"))]).await;
    }
    let event = sample(&client, "ai-builder").await;
    client.post("/v1/events", &event).await.expect(202);
    let body = |path: &'static str| async { sink.wait_for(path, 1).await[0].json() };
    assert_eq!(body("/app").await, json!({"mail": "ada@example.com", "kind": "sign-up"}));
    assert_eq!(body("/slack").await, json!({"text": "Ada Lovelace signed up (user.signed_up)"}));
    assert_eq!(body("/discord").await, json!({"content": "New event: user.signed_up"}));
    let card = &body("/teams").await["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    let text = json!({"type": "TextBlock", "wrap": true, "text": "Ada Lovelace signed up (user.signed_up)"});
    assert_eq!(
        (&card["content"]["type"], &card["content"]["body"]),
        (&json!("AdaptiveCard"), &json!([text]))
    );
    for path in ["/generic", "/zapier", "/make", "/n8n"] {
        assert_eq!(body(path).await, event["payload"]);
    }
}

/// What a service would refuse is not sent, and says why; with another mapping it goes.
#[tokio::test]
async fn what_a_chat_would_not_take_is_not_sent() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let url = |path: &str| format!("url={}", sink.url(path));
    apply(&gateway, "discord", &["--param", &url("/discord"), "--param", "text={{$.text}}"]).await;
    apply(&gateway, "slack", &["--param", &url("/slack"), "--param", "text={{$.text}}"]).await;
    let event = json!({"type": "a", "payload": {"text": "x".repeat(2001)}});
    let id = client.post("/v1/events", &event).await.expect(202)["id"].as_str().unwrap().to_owned();
    sink.wait_for("/slack", 1).await;
    let refused = crate::delivery::delivery_in(&client, &id, "failed_by_gateway").await;
    let path = format!("/v1/deliveries/{}", refused["id"].as_str().unwrap());
    let attempts = client.all(&format!("{path}/attempts")).await;
    let error = &attempts[0]["error"];
    assert_eq!(error["code"], "body_refused", "{attempts:?}");
    assert!(
        error["detail"].as_str().unwrap().contains("/content has 2001 characters; at most 2000"),
        "{error}"
    );
    assert_eq!(client.all("/v1/deliveries?error=body_refused").await.len(), 1);
    assert!(sink.hits_at("/discord").is_empty());
    let short = json!({"steps": [{"mapping": {"version": 1, "output": {"content": "too long to show"}}}]});
    client.patch("/v1/connections/discord", &short).await.expect(200);
    client.act(&format!("{path}/retry")).await.expect(200);
    assert_eq!(sink.wait_for("/discord", 1).await[0].json(), json!({"content": "too long to show"}));
}

#[tokio::test]
async fn an_alert_is_an_incident_until_it_has_recovered() {
    let gateway = Gateway::start_with(|options| options.env("HOOKMILL_ALERTS_RECOVERED_AFTER", "1s")).await;
    let (client, sink) = (gateway.client(), Sink::start().await);
    let (url, key) = (format!("url={}", sink.url("/enqueue")), "k".repeat(32));
    let parameters = ["--param", &url, "--param", &format!("routing_key={key}")];
    apply(&gateway, "pagerduty", &parameters).await;
    sink.script("/crm", |before, _| hookmill_tests::Reply::Status(if before == 0 { 500 } else { 200 }));
    let retry = json!({"delays": ["100ms"]});
    let crm = hookmill_tests::pipeline::Plan::new("crm", &sink.url("/crm")).connection("retry", retry);
    crm.make(&client).await.accept(&client, &json!({})).await;
    let hits = sink.wait_for("/enqueue", 2).await;
    let hits: Vec<Value> = hits.iter().filter(|hit| hit.path == "/enqueue").map(|hit| hit.json()).collect();
    assert_eq!((&hits[0]["event_action"], &hits[1]["event_action"]), (&json!("trigger"), &json!("resolve")));
    assert_eq!(hits[0]["dedup_key"], hits[1]["dedup_key"]);
    assert_eq!((&hits[0]["routing_key"], &hits[0]["payload"]["severity"]), (&json!(key), &json!("error")));
    let summary = hits[0]["payload"]["summary"].as_str().unwrap();
    assert!(summary.contains("crm") && summary.contains("500"), "{summary}");
}

#[tokio::test]
async fn what_is_wrong_with_parameters_is_told_at_once() {
    let gateway = Gateway::start().await;
    let (status, out, _) = preset(&gateway, &["list"]).await;
    assert!(
        status == 0
            && ["peanuts", "beton-signals", "crm", "ai-builder", "slack"]
                .iter()
                .all(|name| out.contains(name)),
        "{out}"
    );
    let (status, out, _) = preset(&gateway, &["show", "crm"]).await;
    assert!(status == 0 && out.contains("deal.stage.changed") && out.contains("needed"), "{out}");
    let (status, _, err) =
        preset(&gateway, &["apply", "crm", "--yes", "--param", "urll=x", "--param", "events=contacts"]).await;
    assert_eq!(status, 1);
    for line in [
        "/parameters/urll: ",
        "did you mean `url`",
        "/parameters/url: it is needed",
        "did you mean `contact`",
    ] {
        assert!(err.contains(line), "{line}: {err}");
    }
    let (status, _, err) = preset(&gateway, &["apply", "crn", "--yes"]).await;
    assert!(status == 1 && err.contains("there is no preset `crn`"), "{err}");
    assert!(gateway.client().all("/v1/destinations").await.is_empty());
}
