//! Captured events as tests of a plugin: what they keep, what they hold back, and how they gate a version.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

fn signal(confidence: f64) -> Value {
    json!({"signal_type": "product_qualified_lead", "confidence": confidence,
        "account": {"name": "Acme", "domain": "acme.example"}, "detected_at": "2026-04-29T14:31:08Z"})
}

/// A filter that lets everything through, then `p`.
async fn pipeline(client: &Client, sink: &Sink) -> (Pipeline, String) {
    let first = client.upload("p", guests::plugin("filter-leads")).await.expect(201);
    let steps = json!([
        {"filter": {"path": "$.signal_type", "exists": true}},
        {"plugin": {"name": "p", "version": "active", "config": {"min_confidence": 0.5}}}
    ]);
    let pipeline = Plan::new("p", &sink.url("/p")).steps(steps).make(client).await;
    (pipeline, first["digest"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_version_that_gives_another_result_does_not_become_active() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, first) = pipeline(&client, &sink).await;
    let forwarded = pipeline.accept(&client, &signal(0.92)).await;
    let dropped = pipeline.accept(&client, &signal(0.1)).await;
    let draft = json!({"event": forwarded, "name": "a lead", "redact": ["$.account.name"]});
    let test = client.post("/v1/plugins/p/tests", &draft).await.expect(201);
    let (event, expect) = (&test["example"]["event"], &test["example"]["expect"]);
    assert_eq!(event["payload"]["account"], json!({"name": "xxxx", "domain": "acme.example"}), "{test}");
    assert_eq!(expect["forward"][0]["payload"]["score"], 92, "{test}");
    assert!(!test.to_string().contains("Acme"), "{test}");
    client.post("/v1/plugins/p/tests", &draft).await.problem(409);
    let other = client.post("/v1/plugins/p/tests", &json!({"event": dropped})).await.expect(201);
    assert_eq!(other["example"]["expect"], json!({"drop": "confidence below the minimum"}), "{other}");

    let report = client.act(&format!("/v1/plugins/p/versions/{first}/test")).await.expect(200);
    assert_eq!((&report["passed"], &report["failed"]), (&json!(2), &json!([])), "{report}");
    for property in report["properties"].as_array().unwrap() {
        assert!(property["tried"].as_u64().unwrap() > 1 && property["broken"] == 0, "{property}");
    }

    let second = client.upload("p", guests::fixture("hostile")).await.expect(201);
    let second = second["digest"].as_str().unwrap();
    let report = client.act(&format!("/v1/plugins/p/versions/{second}/test")).await.expect(200);
    let keeps =
        report["properties"].as_array().unwrap().iter().find(|one| one["name"] == "keeps_every_place");
    let told = &keeps.unwrap()["counterexamples"][0];
    assert!(
        told.as_str().unwrap().starts_with("\"a lead\"") && told.as_str().unwrap().contains("no /score"),
        "{report}"
    );
    let activate = format!("/v1/plugins/p/versions/{second}/activate");
    let refused = client.act(&activate).await;
    refused.problem(409);
    for part in ["2 of 2", "a lead: output 0", "override="] {
        assert!(refused.text.contains(part), "{part}: {refused:?}");
    }
    client.act(&format!("{activate}?override=%20")).await.problem(400);
    let plugin = client.get("/v1/plugins/p").await.expect(200);
    assert_eq!(plugin["active"], json!(first));
    let plugin = client.act(&format!("{activate}?override=it%20is%20meant")).await.expect(200);
    let last = &plugin["activations"][0];
    assert_eq!((&last["version"], &last["reason"]), (&json!(second), &json!("it is meant")), "{plugin}");
    assert_eq!(last["failed"].as_array().unwrap().len(), 2, "{plugin}");

    client.act(&format!("/v1/plugins/p/versions/{first}/activate")).await.expect(200);
    client.delete("/v1/plugins/p/tests/a%20lead").await.expect(204);
    client.delete(&format!("/v1/plugins/p/tests/{}", other["id"].as_str().unwrap())).await.expect(204);
    let plugin = client.act(&activate).await.expect(200);
    assert_eq!(plugin["activations"][0]["reason"], Value::Null, "{plugin}");
}

#[tokio::test]
async fn every_fault_of_a_capture_is_told_at_once() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, _) = pipeline(&client, &sink).await;
    let event = pipeline.accept(&client, &signal(0.92)).await;
    let elsewhere = Plan::new("elsewhere", &sink.url("/e")).make(&client).await;
    let unrelated = elsewhere.accept(&client, &json!({})).await;
    let filtered = pipeline.accept(&client, &json!({"other": 1})).await;
    let gone = "evt_00000000000000000000000000";
    for (draft, pointers) in [
        (json!({}), vec!["/event"]),
        (json!({"event": gone, "name": "", "redact": ["$.a", "$["]}), vec!["/name", "/redact/1", "/event"]),
        (json!({"event": "x"}), vec!["/event"]),
        (json!({"event": unrelated}), vec!["/event"]),
        (json!({"event": filtered}), vec!["/event"]),
        (json!({"event": event, "redact": ["$.acount.name"]}), vec!["/event"]),
        (json!({"event": event, "connection": "nowhere"}), vec!["/connection"]),
        (json!({"event": event, "connection": "elsewhere"}), vec!["/connection"]),
    ] {
        let answer = client.post("/v1/plugins/p/tests", &draft).await;
        answer.problem(422);
        let (mut seen, mut wanted) = (answer.pointers(), pointers);
        seen.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(seen, wanted, "{draft}: {answer:?}");
    }
    client.post("/v1/plugins/q/tests", &json!({"event": event})).await.problem(404);
    client.delete("/v1/plugins/p/tests/none").await.problem(404);
}

#[tokio::test]
async fn the_commands_capture_test_and_override() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, first) = pipeline(&client, &sink).await;
    let event = pipeline.accept(&client, &signal(0.92)).await;
    let run = async |args: &[&str]| {
        let mut command = hookmill();
        command
            .args(args)
            .env("HOOKMILL_URL", gateway.url())
            .env("HOOKMILL_KEY", hookmill_tests::gateway::ADMIN_KEY);
        let output = command.output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let captured = run(&["plugin", "capture", "p", &event, "--name", "n", "--redact", "$.account"]).await;
    assert_eq!(captured.0, Some(0), "{captured:?}");
    assert!(captured.1.contains("n: forwards 1"), "{captured:?}");

    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.wasm", guests::plugin("filter-leads"));
    let bad = file("bad.wasm", guests::fixture("hostile"));
    let passed = run(&["plugin", "test", &good, "--captured", "--name", "p"]).await;
    assert_eq!(passed.0, Some(0), "{passed:?}");
    assert!(passed.1.contains("captured tests: 1 passed, 0 failed"), "{passed:?}");
    assert!(passed.1.contains("the same event gives the same result: yes"), "{passed:?}");
    let failed = run(&["plugin", "test", &bad, "--captured", "--name", "p"]).await;
    assert_eq!(failed.0, Some(10), "{failed:?}");
    assert!(failed.1.contains("1 failed"), "{failed:?}");

    client.upload("p", guests::fixture("hostile")).await.expect(201);
    let refused = run(&["plugin", "activate", "p"]).await;
    assert_eq!(refused.0, Some(10), "{refused:?}");
    assert!(refused.1.contains("captured tests"), "{refused:?}");
    let forced = run(&["plugin", "activate", "p", "--override", "we know"]).await;
    assert_eq!(forced.0, Some(0), "{forced:?}");
    let back = run(&["plugin", "activate", "p", &first]).await;
    assert_eq!(back.0, Some(0), "{back:?}");
}

#[tokio::test]
async fn what_is_forwarded_is_held_to_the_schema_of_its_destination() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let lead = |score_most: u32| {
        json!({
            "type": "object", "required": ["company", "score"],
            "properties": {
                "company": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
                "score": {"type": "integer", "maximum": score_most},
            },
        })
    };
    let destination = json!({"name": "crm", "url": "https://example.com/", "payload_schema": lead(100)});
    let made = client.post("/v1/destinations", &destination).await.expect(201);
    assert_eq!(made["payload_schema"], lead(100));
    let odd = json!({"payload_schema": {"properties": {"score": {"type": "intger"}}}});
    let refused = client.patch("/v1/destinations/crm", &odd).await;
    refused.problem(422);
    let fault = &refused.body["errors"][0];
    assert_eq!(fault["pointer"], "/payload_schema", "{}", refused.text);
    assert!(fault["detail"].as_str().unwrap().contains("/properties/score/type"), "{}", refused.text);

    let dir = tempfile::tempdir().unwrap();
    let wasm = dir.path().join("leads.wasm");
    std::fs::write(&wasm, guests::plugin("filter-leads")).unwrap();
    let test = async |args: &[&str]| {
        let mut command = hookmill();
        command.args(["plugin", "test"]).arg(&wasm).args(args);
        command.env("HOOKMILL_URL", gateway.url()).env("HOOKMILL_KEY", hookmill_tests::gateway::ADMIN_KEY);
        let output = command.output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let fits = test(&["--destination", "crm"]).await;
    assert_eq!(fits.0, Some(0), "{fits:?}");
    assert!(fits.1.contains("what is forwarded fits the payload schema of crm: yes"), "{fits:?}");
    assert!(fits.1.contains("although a value is missing"), "{fits:?}");

    client.patch("/v1/destinations/crm", &json!({"payload_schema": lead(90)})).await.expect(200);
    let misfits = test(&["--destination", "crm"]).await;
    assert_eq!(misfits.0, Some(10), "{misfits:?}");
    assert!(misfits.1.contains("$payload/score: value is greater than the maximum of 90"), "{misfits:?}");
    let file = dir.path().join("lead.json");
    std::fs::write(&file, lead(90).to_string()).unwrap();
    let file = test(&["--schema", file.to_str().unwrap()]).await;
    assert_eq!(file.0, Some(10), "{file:?}");

    client.patch("/v1/destinations/crm", &json!({"payload_schema": null})).await.expect(200);
    let none = test(&["--destination", "crm"]).await;
    assert!(none.0 == Some(1) && none.1.contains("crm has no `payload_schema`"), "{none:?}");
}

#[tokio::test]
async fn the_gateway_tries_the_schemas_of_those_a_version_forwards_to_and_no_schema_harms_it() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let (pipeline, version) = pipeline(&client, &sink).await;
    let test = format!("/v1/plugins/p/versions/{version}/test");
    let set = async |name: &str, schema: Value| {
        let destination = json!({"name": name, "url": sink.url("/"), "payload_schema": schema});
        client.post("/v1/destinations", &destination).await.expect(201)["id"].clone()
    };
    // (claim, tried, broken, first counterexample) of what says something of schemas.
    let tried = async |query: &str| {
        let report = client.act(&format!("{test}{query}")).await.expect(200);
        let properties = report["properties"].as_array().unwrap().iter();
        let of_schemas = properties.filter(|one| one["name"].as_str().unwrap().starts_with("fits_schema"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = |one: &Value| {
            let number = |name: &str| one[name].as_u64().unwrap();
            (text(&one["claim"]), number("tried"), number("broken"), text(&one["counterexamples"][0]))
        };
        of_schemas.map(told).collect::<Vec<_>>()
    };
    assert_eq!(tried("").await, [], "nobody has a schema");

    let schema = json!({"payload_schema": {"properties": {"score": {"maximum": 10}}}});
    client.patch("/v1/destinations/p", &schema).await.expect(200);
    let [fits, odd] = tried("").await.try_into().unwrap();
    assert_eq!(fits.0, "what is forwarded fits the payload schema of p");
    assert!(fits.1 > 0 && fits.2 == fits.1 && fits.3.contains("$payload/score"), "{fits:?}");
    assert!(odd.1 > fits.1 && odd.2 > 0 && odd.3.contains("$payload/score"), "{odd:?}");

    set("any", json!({})).await;
    let [fits, _] = tried("?destination=any").await.try_into().unwrap();
    assert!(fits.0.ends_with("of any") && fits.1 > 0 && fits.2 == 0, "{fits:?}");

    // Automatons of megabytes each, gigabytes together; and a reference that doubles at each depth.
    let pattern = |at: usize| json!({"pattern": format!("(\\pL{{40}}){{2}}{at}")});
    set("patterns", json!({"anyOf": (0..1000).map(pattern).collect::<Vec<_>>()})).await;
    let [costly, _] = tried("?destination=patterns").await.try_into().unwrap();
    assert!(costly.1 == 0 && costly.3.contains("more than"), "{costly:?}");
    let level = |at: usize| json!({"$ref": format!("#/$defs/{}", at + 1)});
    let twice = |at: usize| (at.to_string(), json!({"allOf": [level(at), level(at)]}));
    let mut levels: serde_json::Map<String, Value> = (0..60).map(twice).collect();
    levels.insert("60".to_owned(), json!({"type": "object"}));
    set("doubling", json!({"$ref": "#/$defs/0", "$defs": levels})).await;
    let [endless, _] = tried("?destination=doubling").await.try_into().unwrap();
    assert!(endless.1 == 0 && endless.3.contains("more than"), "{endless:?}");
    // Several at a time, and those of destinations that get something else are left out.
    let step = json!({"plugin": {"name": "p", "version": "active", "config": {"min_confidence": 0.5}}});
    let after = json!({"mapping": {"version": 1, "output": {"a": "$.score"}}});
    for (name, steps) in [("one", json!([step])), ("two", json!([step])), ("other", json!([step, after]))] {
        let destination = set(name, json!({"title": name})).await;
        let connection = json!({"name": name, "source": pipeline.source, "event_types": ["*"], "steps": steps,
            "destination": destination});
        client.post("/v1/connections", &connection).await.expect(201);
    }
    let claims: Vec<String> = tried("").await.into_iter().map(|told| told.0).collect();
    let ends: Vec<&str> = claims.iter().step_by(2).filter_map(|claim| claim.rsplit(' ').next()).collect();
    assert_eq!(ends, ["p", "one", "two"]);
    // It goes on as if nothing had been.
    assert_eq!(tried("?destination=any").await[0].2, 0);

    for (query, words) in
        [("?destination=none", "no destination `none`"), ("?destination=bare", "no `payload_schema`")]
    {
        if query.ends_with("bare") {
            client.post("/v1/destinations", &json!({"name": "bare", "url": sink.url("/")})).await.expect(201);
        }
        let refused = client.act(&format!("{test}{query}")).await;
        refused.problem(400);
        assert!(refused.text.contains(words), "{refused:?}");
    }
}
