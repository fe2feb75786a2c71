//! Resources made, changed, listed and deleted.

use serde_json::Value;
use serde_json::json;

use super::support::Api;

const URL: &str = "https://example.com/hook";

async fn pipeline(api: &Api) -> Value {
    let source = json!({"name": "github", "verification": {"preset": "github", "secret": "s3cret s3cret"}});
    api.ask("POST", "/v1/sources", source).await.is(201);
    api.ask("POST", "/v1/destinations", json!({"name": "crm", "url": URL})).await.is(201);
    let steps = json!([{"filter": {"path": "$.a", "gte": 1.0}}, {"mapping": {"version": 1, "output": {"b": "$.a"}}, "on_error": "pass"}]);
    let connection = json!({"name": "c", "source": "github", "steps": steps, "destination": "crm"});
    api.ask("POST", "/v1/connections", connection).await.is(201)
}

#[tokio::test]
async fn secrets_are_shown_once() {
    let api = Api::start().await;
    let source = json!({"name": "in", "verification": {"preset": "github", "secret": "s3cret s3cret"},
        "basic": {"username": "u", "password": "passw0rd passw0rd"}});
    let made = api.ask("POST", "/v1/sources", source).await.is(201);
    let key = made["key"]["secret"].as_str().unwrap().to_owned();
    assert!(key.starts_with("hm_in_"));
    assert!(made["url"].as_str().unwrap().starts_with("https://hooks.example.com/in/src_"), "{made}");
    let auth =
        json!({"bearer": "a-long-bearer-token", "header": {"name": "X-Key", "value": "a-long-header-value"}});
    let destination = json!({"name": "out", "url": URL, "auth": auth});
    let out = api.ask("POST", "/v1/destinations", destination).await.is(201);
    let secret = out["signing"]["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    for path in
        ["/v1/sources/in", "/v1/sources", "/v1/destinations/out", "/v1/destinations", "/v1/sources/in/keys"]
    {
        let shown = api.ask("GET", path, Value::Null).await.is(200).to_string();
        for hidden in ["s3cret", "passw0rd", "bearer-token", "header-value", &secret, &key] {
            assert!(!shown.contains(hidden), "{path} shows {hidden}");
        }
    }
}

#[tokio::test]
async fn a_change_changes_what_is_given_and_null_takes_away() {
    let api = Api::start().await;
    pipeline(&api).await;
    let before = api.ask("GET", "/v1/sources/github", Value::Null).await.is(200);
    assert_eq!(before["require_key"], false);
    assert_eq!(before["event_type"], json!({"header": "x-github-event"}), "the preset's rule");
    let change = json!({"name": "hub", "event_type": null, "response": {"status": 200, "body": "ok"}});
    let after = api.ask("PATCH", "/v1/sources/github", change).await.is(200);
    assert_eq!(
        (&after["name"], &after["event_type"], &after["response"]["body"]),
        (&json!("hub"), &Value::Null, &json!("ok"))
    );
    assert_eq!(after["verification"], before["verification"]);
    let change = json!({"verification": {"secrets": ["one one one one", "two two two two"]}});
    let after = api.ask("PATCH", "/v1/sources/hub", change).await.is(200);
    assert_eq!(after["verification"]["preset"], "github");
    assert_eq!(after["verification"]["secrets"], json!([{"last4": " one"}, {"last4": " two"}]));
    let (kind, pointers) =
        api.ask("PATCH", "/v1/sources/hub", json!({"name": null, "url": 1})).await.problem();
    assert_eq!((kind.as_str(), pointers), ("invalid-source", vec!["/name".to_owned(), "/url".to_owned()]));
    api.ask("PATCH", "/v1/sources/github", json!({})).await.is(404);
}

#[tokio::test]
async fn steps_come_back_byte_for_byte() {
    let api = Api::start().await;
    let made = pipeline(&api).await;
    let text = made["steps"].to_string();
    assert_eq!(
        text,
        r#"[{"filter":{"path":"$.a","gte":1.0},"on_error":"fail"},{"mapping":{"version":1,"output":{"b":"$.a"}},"on_error":"pass"}]"#
    );
}

#[tokio::test]
async fn what_is_used_cannot_be_deleted() {
    let api = Api::start().await;
    pipeline(&api).await;
    for path in ["/v1/sources/github", "/v1/destinations/crm"] {
        let refused = api.ask("DELETE", path, Value::Null).await;
        assert!(refused.body["detail"].as_str().unwrap().contains("`c`"), "{}", refused.body);
        refused.is(409);
    }
    for path in ["/v1/connections/c", "/v1/sources/github", "/v1/destinations/crm"] {
        api.ask("DELETE", path, Value::Null).await.is(204);
        api.ask("GET", path, Value::Null).await.is(404);
    }
    assert_eq!(api.ask("GET", "/v1/sources/github/keys", Value::Null).await.problem().0, "not-found");
}

#[tokio::test]
async fn every_fault_of_a_connection_at_once() {
    let api = Api::start().await;
    pipeline(&api).await;
    let connection = json!({"name": "c", "sources": ["github", "none"], "event_types": [], "destination": "none",
        "steps": [{"filter": {"path": "$.a", "gtee": 1}}, 5, {"plugin": {"name": "none"}}],
        "retry": {"exponential": {"base": "0s", "attempts": 999}}, "state": "off"});
    let (kind, mut pointers) = api.ask("POST", "/v1/connections", connection).await.problem();
    pointers.sort();
    assert_eq!(kind, "invalid-connection");
    assert_eq!(
        pointers,
        [
            "/destination",
            "/event_types",
            "/name",
            "/retry/exponential/attempts",
            "/retry/exponential/base",
            "/sources/1",
            "/state",
            "/steps/0/filter/gtee",
            "/steps/1",
            "/steps/2/plugin/name",
        ]
    );
}

#[tokio::test]
async fn limits_are_told() {
    let api = Api::start().await;
    pipeline(&api).await;
    let step = json!({"filter": {"path": "$.a", "exists": true}});
    let many = json!({"steps": vec![step; 5]});
    assert_eq!(api.ask("PATCH", "/v1/connections/c", many).await.problem().1, ["/steps"]);
    for name in ["d", "e"] {
        let connection = json!({"name": name, "source": "published", "destination": "crm"});
        api.ask("POST", "/v1/connections", connection).await.is(201);
    }
    let connection = json!({"name": "f", "source": "published", "destination": "crm"});
    assert_eq!(api.ask("POST", "/v1/connections", connection).await.problem().0, "conflict");
}

#[tokio::test]
async fn pausing_and_resuming() {
    let api = Api::start().await;
    pipeline(&api).await;
    for path in ["/v1/connections/c", "/v1/destinations/crm"] {
        for (act, state) in [("pause", "paused"), ("resume", "active")] {
            let answer = api.ask("POST", &format!("{path}/{act}"), Value::Null).await.is(200);
            assert_eq!(answer["state"], state);
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Api::start().await;
    for number in 0..5 {
        api.ask("POST", "/v1/sources", json!({"name": format!("s{number}")})).await.is(201);
    }
    let (mut names, mut path) = (Vec::new(), "/v1/sources?limit=2".to_owned());
    loop {
        let page = api.ask("GET", &path, Value::Null).await.is(200);
        names.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/sources?limit=2&cursor={next}");
    }
    assert_eq!(names, ["s4", "s3", "s2", "s1", "s0"]);
}

#[tokio::test]
async fn events_are_published_listed_and_traced() {
    let api = Api::start().await;
    let event = json!({"type": "a.b", "payload": {"x": [1, null]}, "headers": {"X-Team": "t"}});
    let made = api.ask("POST", "/v1/events", event).await.is(202);
    let id = made["id"].as_str().unwrap();
    let shown = api.ask("GET", &format!("/v1/events/{id}"), Value::Null).await.is(200);
    assert_eq!((&shown["type"], &shown["payload"]), (&json!("a.b"), &json!({"x": [1, null]})));
    assert_eq!(shown["headers"], json!([{"name": "x-team", "value": "t"}]));
    let list = api.ask("GET", "/v1/events?type=a.b", Value::Null).await.is(200);
    assert_eq!(list["items"][0]["id"], made["id"]);
    let trace = api.ask("GET", &format!("/v1/events/{id}/trace"), Value::Null).await.is(200);
    assert_eq!(trace["entries"][0]["stage"], "received");
    let types = api.ask("GET", "/v1/event-types", Value::Null).await.is(200);
    assert_eq!(types["items"][0]["name"], "a.b");
    api.ask("GET", "/v1/deliveries?state=failed&event_type=a.b", Value::Null).await.is(200);
    api.ask("GET", "/v1/stats", Value::Null).await.is(200);
    let again = api.ask("POST", &format!("/v1/events/{id}/replay"), Value::Null).await.is(202);
    assert_ne!(again["id"], made["id"]);
    let copy =
        api.ask("GET", &format!("/v1/events/{}", again["id"].as_str().unwrap()), Value::Null).await.is(200);
    assert_eq!(
        (&copy["payload"], &copy["verified_by"]),
        (&shown["payload"], &json!(format!("replay of {id}")))
    );
    let batch = json!({"events": [{"type": "a", "payload": 1}, {"type": "b", "payload": 2}]});
    assert_eq!(api.ask("POST", "/v1/events", batch).await.is(202)["events"].as_array().unwrap().len(), 2);
    let large = json!({"type": "a", "payload": "x".repeat(10_000)});
    assert_eq!(api.ask("POST", "/v1/events", large).await.problem().0, "too-large");
}

#[tokio::test]
async fn previews_say_what_each_step_did() {
    let api = Api::start().await;
    let steps =
        json!([{"filter": {"path": "$.a", "gte": 1}}, {"mapping": {"version": 1, "output": {"b": "$.a"}}}]);
    let preview = json!({"steps": steps, "payload": {"a": 1}});
    let answer = api.ask("POST", "/v1/preview", preview).await.is(200);
    assert_eq!(
        answer["outputs"],
        json!([{"payload": {"b": 1}, "content_type": "application/json", "event_type": null, "headers": []}])
    );
    let answer = api.ask("POST", "/v1/preview", json!({"steps": steps, "payload": {"a": 0}})).await.is(200);
    assert_eq!((&answer["steps"][0]["verdict"], &answer["outputs"]), (&json!("drop"), &json!([])));
    let (kind, pointers) =
        api.ask("POST", "/v1/preview", json!({"steps": [{"filter": {"gte": 1}}, 1]})).await.problem();
    assert_eq!(kind, "invalid-preview");
    assert!(
        pointers.contains(&"/payload".to_owned()) && pointers.contains(&"/steps/1".to_owned()),
        "{pointers:?}"
    );
    assert!(pointers.iter().any(|pointer| pointer.starts_with("/steps/0/filter")), "{pointers:?}");
}

#[tokio::test]
async fn samples_say_how_they_were_signed() {
    let api = Api::start().await;
    // RFC 4231, test case 2.
    let (secret, body) = ("Jefe-Jefe", "what do ya want for nothing?");
    let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let ask = async |sample: Value| api.ask("POST", "/v1/verification/samples", sample).await;
    let sample = json!({"secret": "Jefe", "headers": {"X-Own": signature}, "body": body});
    let found = ask(sample).await.is(200);
    assert_eq!(
        (&found["presets"], &found["schemes"][0]["signed"]),
        (&json!([]), &json!("{body}")),
        "{found}"
    );
    assert_eq!(found["schemes"][0]["signature"]["headers"], json!(["x-own"]), "{found}");
    let coded = "d2hhdCBkbyB5YSB3YW50IGZvciBub3RoaW5nPw==";
    let sample = json!({"secret": "Jefe", "headers": {"x-gitea-signature": signature}, "body_base64": coded});
    assert_eq!(ask(sample).await.is(200)["presets"], json!(["gitea"]));

    // By the name of a secret; neither it nor a signature is answered.
    api.ask("PUT", "/v1/secrets/shop", json!({"value": secret})).await.is(201);
    let sample = json!({"secret_name": "shop", "headers": {"x-gitlab-token": secret, "x-own": signature}});
    let found = ask(sample).await.is(200);
    assert_eq!(found["presets"], json!(["gitlab"]), "{found}");
    let sample = json!({"secret_name": "shop", "headers": {"x-own": signature}, "body": body});
    let found = ask(sample).await.is(200);
    assert_eq!(found["schemes"], json!([]), "{found}");
    assert!(!found.to_string().contains(secret) && !found.to_string().contains(signature), "{found}");

    for (sample, expected) in [
        (json!({"headers": {}}), vec!["/secret"]),
        (json!({"secret": "a", "secret_name": "shop", "headers": {}}), vec!["/secret"]),
        (json!({"secret": "a"}), vec!["/headers"]),
        (json!({"secret": "a", "headers": {}, "body": "", "body_base64": ""}), vec!["/body"]),
        (json!({"secret": "a", "headers": {}, "body_base64": "?"}), vec!["/body_base64"]),
        (json!({"secret": "a", "headers": {}, "body": "x".repeat(65_537)}), vec!["/body"]),
        (json!({"secret_name": "none", "headers": {}}), vec!["/secret_name"]),
    ] {
        assert_eq!(
            ask(sample).await.problem(),
            ("invalid-request".to_owned(), expected.iter().map(|at| (*at).to_owned()).collect())
        );
    }
}

#[tokio::test]
async fn previews_explain_list_paths_and_suggest_on_request() {
    let api = Api::start().await;
    let preview = json!({
        "steps": [
            {"filter": {"path": "$.confidnce", "gte": 0.8}},
        ],
        "payload": {"confidence": 0.9, "account": {"name": "Acme"}},
        "explain": true, "paths": true, "suggest": {"account_name": "x"},
    });
    let answer = api.ask("POST", "/v1/preview", preview).await.is(200);
    let clause = &answer["steps"][0]["explain"][0];
    assert_eq!(
        (&clause["pass"], &clause["did_you_mean"]),
        (&json!(false), &json!("$.confidence")),
        "{answer}"
    );
    let paths: Vec<&Value> = answer["paths"].as_array().unwrap().iter().map(|path| &path["path"]).collect();
    assert!(paths.contains(&&json!("$.account.name")), "{answer}");
    assert_eq!(answer["suggestions"][0]["path"], "$.account.name", "{answer}");
    let mapping = json!({"mapping": {"version": 1, "output": {"company": "$.acount.name"}}});
    let preview = json!({"steps": [mapping], "payload": {"account": {"name": "Acme"}}, "explain": true});
    let answer = api.ask("POST", "/v1/preview", preview).await.is(200);
    assert_eq!(answer["steps"][0]["explain"][0]["did_you_mean"], "$.account.name", "{answer}");
}
