//! Keys, scopes, workspaces, and requests that are repeated.

use serde_json::Value;
use serde_json::json;

use super::support::Api;

async fn key(api: &Api, scopes: &[&str]) -> (String, String) {
    let made = api.ask("POST", "/v1/api-keys", json!({"name": "k", "scopes": scopes})).await.is(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say() {
    let api = Api::start().await;
    let event = json!({"type": "a", "payload": 1});
    let requests = [
        ("GET", "/v1/sources", Value::Null, "read"),
        ("POST", "/v1/preview", json!({"steps": [], "payload": 1}), "read"),
        ("POST", "/v1/sources", json!({"name": "x"}), "write"),
        ("POST", "/v1/verification/samples", json!({"secret": "x", "headers": {}}), "write"),
        ("POST", "/v1/events", event, "ingest"),
        ("GET", "/v1/api-keys", Value::Null, "admin"),
        ("POST", "/v1/workspaces", json!({"name": "w"}), "admin"),
    ];
    for scope in ["read", "write", "ingest"] {
        let (_, secret) = key(&api, &[scope]).await;
        for (method, path, body, needed) in &requests {
            let answer = api.ask_as(&secret, method, path, &[], body.clone()).await;
            assert_eq!(answer.status != 403, scope == *needed, "{scope}: {method} {path} {}", answer.body);
        }
    }
    for wrong in ["", "hm_key_unknown", "x"] {
        assert_eq!(
            api.ask_as(wrong, "GET", "/v1/sources", &[], Value::Null).await.problem().0,
            "unauthorized"
        );
    }
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_its_grace() {
    let api = Api::start().await;
    let (id, old) = key(&api, &["read"]).await;
    let path = format!("/v1/api-keys/{id}/rotate");
    let new = api.ask("POST", &path, json!({"grace": "1h"})).await.is(201);
    for secret in [&old, new["secret"].as_str().unwrap()] {
        api.ask_as(secret, "GET", "/v1/sources", &[], Value::Null).await.is(200);
    }
    api.ask("POST", &path, json!({"grace": 0})).await.is(201);
    assert_eq!(api.ask_as(&old, "GET", "/v1/sources", &[], Value::Null).await.status, 401);
    assert_eq!(api.ask("POST", &path, json!({"grace": "31d"})).await.problem().1, ["/grace"]);
}

#[tokio::test]
async fn the_last_admin_key_stays() {
    let api = Api::start().await;
    let keys = api.ask("GET", "/v1/api-keys", Value::Null).await.is(200);
    let first = keys["items"][0]["id"].as_str().unwrap().to_owned();
    api.ask("DELETE", &format!("/v1/api-keys/{first}"), Value::Null).await.is(409);
    let (_, second) = key(&api, &["admin"]).await;
    api.ask_as(&second, "DELETE", &format!("/v1/api-keys/{first}"), &[], Value::Null).await.is(204);
    assert_eq!(api.ask("GET", "/v1/sources", Value::Null).await.status, 401);
}

#[tokio::test]
async fn who_makes_a_key_for_another_workspace_can_see_and_take_it_back() {
    let api = Api::start().await;
    let tenant = api.ask("POST", "/v1/workspaces", json!({"name": "acme"})).await.is(201);
    let theirs = tenant["key"]["secret"].as_str().unwrap();
    let wanted = json!({"name": "k", "scopes": ["read"], "workspace": "acme"});
    let made = api.ask("POST", "/v1/api-keys", wanted).await.is(201);
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(api.ask("GET", &path, Value::Null).await.is(200)["name"], "k");
    let list = api.ask("GET", "/v1/api-keys?workspace=acme", Value::Null).await.is(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");
    let rotated = api.ask("POST", &format!("{path}/rotate"), json!({"grace": 0})).await.is(201);
    let secret = rotated["secret"].as_str().unwrap();
    let sources = api.ask_as(secret, "GET", "/v1/sources", &[], Value::Null).await.is(200);
    assert_eq!(sources["items"], json!([]), "it stays a key of that workspace");
    api.ask("DELETE", &path, Value::Null).await.is(204);
    // The other way round nobody reaches anything.
    let (own, _) = key(&api, &["read"]).await;
    let own = format!("/v1/api-keys/{own}");
    for method in ["GET", "DELETE"] {
        assert_eq!(api.ask_as(theirs, method, &own, &[], Value::Null).await.status, 404);
    }
    let first = api.ask("GET", "/v1/workspaces", Value::Null).await.is(200)["items"].clone();
    let first = first.as_array().unwrap().iter().find(|found| found["name"] != "acme").unwrap();
    let list = format!("/v1/api-keys?workspace={}", first["id"].as_str().unwrap());
    assert_eq!(api.ask_as(theirs, "GET", &list, &[], Value::Null).await.problem().1, ["?workspace"]);
}

#[tokio::test]
async fn source_keys() {
    let api = Api::start().await;
    let source = api.ask("POST", "/v1/sources", json!({"name": "in"})).await.is(201);
    assert_eq!(source["require_key"], true);
    let more = api.ask("POST", "/v1/sources/in/keys", json!({"name": "second"})).await.is(201);
    let id = more["id"].as_str().unwrap();
    let list = api.ask("GET", "/v1/sources/in/keys", Value::Null).await.is(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    api.ask("POST", &format!("/v1/sources/in/keys/{id}/rotate"), Value::Null).await.is(201);
    api.ask("DELETE", &format!("/v1/sources/in/keys/{id}"), Value::Null).await.is(204);
    api.ask("DELETE", &format!("/v1/sources/in/keys/{id}"), Value::Null).await.is(404);
    let secret = more["secret"].as_str().unwrap();
    assert_eq!(
        api.ask_as(secret, "GET", "/v1/sources", &[], Value::Null).await.status,
        401,
        "opens only its source"
    );
}

#[tokio::test]
async fn workspaces_do_not_see_each_other() {
    let api = Api::start().await;
    let made = api.ask("POST", "/v1/workspaces", json!({"name": "other"})).await.is(201);
    let other = made["key"]["secret"].as_str().unwrap();
    let source = api.ask("POST", "/v1/sources", json!({"name": "mine"})).await.is(201);
    let event = api.ask("POST", "/v1/events", json!({"type": "a", "payload": 1})).await.is(202);
    let (source, event) = (source["id"].as_str().unwrap(), event["id"].as_str().unwrap());
    for path in [
        "/v1/sources/mine".to_owned(),
        format!("/v1/sources/{source}"),
        format!("/v1/sources/{source}/keys"),
        format!("/v1/sources/{source}/rejections"),
        format!("/v1/events/{event}"),
        format!("/v1/events/{event}/trace"),
        format!("/v1/events/{event}/body"),
        "/v1/workspaces/default".to_owned(),
    ] {
        assert_eq!(api.ask_as(other, "GET", &path, &[], Value::Null).await.status, 404, "{path}");
    }
    for path in ["/v1/sources", "/v1/events", "/v1/deliveries", "/v1/event-types"] {
        let list = api.ask_as(other, "GET", path, &[], Value::Null).await.is(200);
        assert_eq!(list["items"], json!([]), "{path}");
    }
    let seen = api.ask_as(other, "GET", "/v1/workspaces", &[], Value::Null).await.is(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    let refused = api.ask_as(other, "POST", "/v1/workspaces", &[], json!({"name": "third"})).await;
    assert_eq!(refused.problem().0, "forbidden");
    let connection = json!({"name": "c", "source": source, "destination": "x"});
    let (_, pointers) = api.ask_as(other, "POST", "/v1/connections", &[], connection).await.problem();
    assert_eq!(pointers, ["/source", "/destination"]);
}

#[tokio::test]
async fn a_repeated_write_is_done_once() {
    let api = Api::start().await;
    let admin = key(&api, &["admin"]).await.1;
    let again = [("idempotency-key", "k1")];
    let first = api.ask_as(&admin, "POST", "/v1/sources", &again, json!({"name": "a"})).await;
    let second = api.ask_as(&admin, "POST", "/v1/sources", &again, json!({"name": "a"})).await;
    assert_eq!(first.headers["location"], second.headers["location"]);
    let replayed = [&first, &second].map(|answer| answer.headers.contains_key("idempotent-replayed"));
    assert_eq!(replayed, [false, true]);
    assert_eq!(first.is(201), second.is(201));
    let other = api.ask_as(&admin, "POST", "/v1/sources", &again, json!({"name": "b"})).await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
    let event = json!({"type": "a", "payload": 1});
    let first = api.ask_as(&admin, "POST", "/v1/events", &again, event.clone()).await.is(202);
    let second = api.ask_as(&admin, "POST", "/v1/events", &again, event).await.is(202);
    assert_eq!((&first["id"], &second["duplicate"]), (&second["id"], &json!(true)));
}
