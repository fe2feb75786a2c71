//! The event catalogue: what it says of types, who is held to it, and connections that take a group of it.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

fn contact(name: &str) -> Value {
    json!({"name": name, "group": "contact", "description": "A contact changed.",
        "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "minLength": 1},
            "age": {"type": "integer", "minimum": 0}}},
        "example": {"id": "c_1", "age": 40}})
}

async fn put(client: &Client, event_type: &Value) -> Value {
    client.post("/v1/event-types", event_type).await.expect(201)
}

#[tokio::test]
async fn the_catalogue_is_made_changed_and_shown_beside_what_was_seen() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let wrong = json!({"name": "a.*", "group": " x", "enforce": true, "schema": {"type": "objekt", "$ref": "https://example.com/x"}});
    let refused = client.post("/v1/event-types", &wrong).await;
    assert_eq!(refused.problem(422), "invalid-event-type");
    assert_eq!(refused.pointers(), ["/name", "/group", "/schema/type", "/schema/$ref"]);
    let wrong = json!({"name": "a", "schema": {"required": ["id"]}, "example": {"id2": 1}});
    let refused = client.post("/v1/event-types", &wrong).await;
    assert_eq!(refused.pointers(), ["/example"], "{refused:?}");
    client.post("/v1/event-types", &json!({"name": "a", "enforce": true})).await.problem(422);

    let made = put(&client, &contact("contact/created")).await;
    assert_eq!(
        (&made["group"], &made["seen"], &made["connections"]),
        (&json!("contact"), &json!(0), &json!([]))
    );
    assert!(made["id"].as_str().unwrap().starts_with("ety_"), "{made}");
    assert_eq!(client.post("/v1/event-types", &contact("contact/created")).await.pointers(), ["/name"]);
    client.post("/v1/events", &json!({"type": "contact/created", "payload": {}})).await.expect(202);
    client.post("/v1/events", &json!({"type": "other", "payload": {}})).await.expect(202);
    let listed = client.all("/v1/event-types").await;
    let shown: Vec<_> = listed
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["seen"].clone(), one["id"].is_null()))
        .collect();
    assert_eq!(shown, [("contact/created", json!(1), false), ("other", json!(1), true)]);
    let changed = client
        .patch("/v1/event-types/contact%2Fcreated", &json!({"schema": null, "description": "x"}))
        .await
        .expect(200);
    assert_eq!(
        (&changed["schema"], &changed["description"], &changed["example"]["age"]),
        (&Value::Null, &json!("x"), &json!(40))
    );
    let read_only = json!({"name": "r", "scopes": ["read"]});
    let key = client.post("/v1/api-keys", &read_only).await.expect(201);
    let reader = client.with_key(key["secret"].as_str().unwrap());
    reader.delete("/v1/event-types/contact%2Fcreated").await.problem(403);
    client.delete("/v1/event-types/contact%2Fcreated").await.expect(204);
    client.get("/v1/event-types/nobody").await.problem(404);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_where_that_is_wanted_and_nowhere_else() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    put(&client, &contact("contact.created")).await;
    let held = Plan::to_inbox("held")
        .source("event_type", json!({"path": "$.type"}))
        .source("enforce_schemas", json!(true))
        .make(&client)
        .await;
    let free = Plan::to_inbox("free").source("event_type", json!({"path": "$.type"})).make(&client).await;
    let (good, bad) = (
        json!({"type": "contact.created", "id": "c_1"}),
        json!({"type": "contact.created", "id": 7, "age": -1}),
    );
    held.accept(&client, &good).await;
    held.accept(&client, &json!({"type": "unknown", "id": 7})).await;
    free.accept(&client, &bad).await;
    let refused = held.send(&client, &bad).await;
    assert_eq!(refused.problem(422), "payload-misfit");
    assert_eq!(refused.pointers(), ["/id", "/age"], "{refused:?}");
    assert!(
        refused
            .text
            .contains("the schema of `contact.created`: expected string; saw number at /id (and 1 more)"),
        "{refused:?}"
    );
    let rejected = eventually("the refusal to be recorded", || async {
        let found = client.all("/v1/sources/held/rejections").await;
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!((&rejected[0]["code"], &rejected[0]["status"]), (&json!("schema"), &json!(422)));
    assert_eq!(rejected[0]["payload"], bad, "it is kept for whoever asks");
    // Published events: all that is wrong at once, and none of the batch is taken.
    let event = |payload: Value| json!({"type": "contact.created", "payload": payload});
    client.post("/v1/events", &event(json!({"id": 7}))).await.expect(202);
    client.patch("/v1/event-types/contact.created", &json!({"enforce": true})).await.expect(200);
    assert_eq!(client.post("/v1/events", &event(json!({"id": 7}))).await.pointers(), ["/payload/id"]);
    let before = client.all("/v1/events").await.len();
    let batch = json!({"events": [event(json!({"id": "a"})), event(json!([])), event(json!({"id": "b", "age": 0.5}))]});
    let refused = client.post("/v1/events", &batch).await;
    assert_eq!(refused.problem(422), "payload-misfit");
    assert_eq!(refused.pointers(), ["/events/1/payload", "/events/2/payload/age"]);
    assert_eq!(client.all("/v1/events").await.len(), before);
    client.post("/v1/events", &event(json!({"id": "a"}))).await.expect(202);
}

/// Doubles its work sixty times.
fn bomb() -> Value {
    let link = |at: usize| json!({"$ref": format!("#/$defs/d{at}")});
    let mut defs: serde_json::Map<String, Value> =
        (0..60).map(|at| (format!("d{at}"), json!({"anyOf": [link(at + 1), link(at + 1)]}))).collect();
    defs.insert("d60".to_owned(), json!(false));
    json!({"name": "bomb", "enforce": true, "schema": {"$ref": "#/$defs/d0", "$defs": defs}})
}

#[tokio::test]
async fn a_schema_that_asks_for_endless_work_refuses_its_own_events() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    put(&client, &bomb()).await;
    let refused = client.post("/v1/events", &json!({"type": "bomb", "payload": 1})).await;
    assert_eq!(refused.problem(422), "payload-misfit");
    assert!(refused.text.contains("takes too much work"), "{refused:?}");
    let patterns: Vec<Value> = (0..500).map(|at| json!({"pattern": format!("\\pL{{9}}{at}")})).collect();
    client.post("/v1/event-types", &json!({"name": "p", "schema": {"anyOf": patterns}})).await.problem(422);
    client.post("/v1/events", &json!({"type": "other", "payload": 1})).await.expect(202);
}

#[tokio::test]
async fn a_connection_takes_a_group_and_what_joins_it_later() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let connection = |groups: Value| json!({"resource": "connection", "name": "c", "source": "published", "destination": "d", "event_groups": groups});
    client.post("/v1/destinations", &json!({"name": "d", "url": sink.url("/d")})).await.expect(201);
    let refused =
        client.post("/v1/config/plans", &json!({"documents": [connection(json!(["contact"]))]})).await;
    assert_eq!(refused.pointers(), ["/documents/0/event_groups"], "{refused:?}");
    put(&client, &contact("contact.created")).await;
    let near = json!({"name": "c", "source": "published", "destination": "d", "event_groups": ["contct"]});
    let refused = client.post("/v1/connections", &near).await;
    assert!(refused.text.contains("did you mean `contact`?"), "{refused:?}");
    let made = json!({"name": "c", "source": "published", "destination": "d", "event_groups": ["contact"]});
    let made = client.post("/v1/connections", &made).await.expect(201);
    assert_eq!((&made["event_types"], &made["event_groups"]), (&json!([]), &json!(["contact"])));
    let publish = async |kind: &str| {
        let event = json!({"type": kind, "payload": {"id": kind}});
        client.post("/v1/events", &event).await.expect(202)["id"].as_str().unwrap().to_owned()
    };
    publish("contact.created").await;
    let early = publish("contact.merged").await;
    put(&client, &contact("contact.merged")).await;
    publish("contact.merged").await;
    let hits = sink.wait_for("/d", 2).await;
    assert_eq!(
        hits.iter().map(|hit| hit.json()["id"].clone()).collect::<Vec<_>>(),
        ["contact.created", "contact.merged"]
    );
    let trace = client.get(&format!("/v1/events/{early}/trace")).await.expect(200).to_string();
    assert!(
        trace.contains(
            "the connection takes the group contact; the event's type is `contact.merged` in no group"
        ),
        "{trace}"
    );
    // A group in use stays; renamed together with who takes it, in one plan.
    client.delete("/v1/event-types/contact.merged").await.expect(204);
    let kept = client.delete("/v1/event-types/contact.created").await;
    assert!(kept.problem(409) == "conflict" && kept.text.contains("takes the group `contact`"), "{kept:?}");
    let mut person = contact("contact.created");
    (person["resource"], person["group"]) = (json!("event_type"), json!("person"));
    let alone = client.post("/v1/config/plans", &json!({"documents": [person]})).await;
    assert_eq!(alone.pointers(), ["/documents"], "{alone:?}");
    let plan = json!({"documents": [person, connection(json!(["person"]))]});
    let plan = client.post("/v1/config/plans", &plan).await.expect(201);
    client.act(&format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap())).await.expect(200);
    let listed = client.all("/v1/event-types").await;
    let found = listed.iter().find(|one| one["name"] == "contact.created").unwrap();
    assert_eq!((&found["group"], &found["connections"]), (&json!("person"), &json!(["c"])));
}

async fn say(args: &[&str]) -> (i32, String, String) {
    let output = hookmill().args(args).output().await.expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

const API: &str = r##"openapi: 3.1.0
info: {title: Shop, version: "1"}
webhooks:
  order.paid:
    post:
      tags: [order]
      summary: An order was paid.
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Order"}
            example: {id: o_1, total: 12.5}
components:
  schemas:
    Order:
      type: object
      required: [id, total]
      properties: {id: {type: string}, total: {type: number}, parent: {$ref: "#/components/schemas/Order"}}
"##;

#[tokio::test]
async fn an_openapi_description_becomes_the_catalogue_and_goes_where_the_rest_goes() {
    let (first, second) = (Gateway::start().await, Gateway::start().await);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("api.yaml"), API).unwrap();
    let (status, documents, told) = say(&["import", "openapi", &file("api.yaml")]).await;
    assert_eq!(status, 0, "{told}");
    assert!(
        told.ends_with("1 documents; 1 things are exact, 0 differ, 0 cannot be carried over\n"),
        "{told}"
    );
    std::fs::write(file("types.yaml"), documents).unwrap();
    let on = |gateway: &Gateway, args: &[&str]| -> Vec<String> {
        let given = args.iter().map(|arg| (*arg).to_owned());
        given.chain(["--url".to_owned(), gateway.url(), "--key".to_owned(), ADMIN_KEY.to_owned()]).collect()
    };
    let say_on = async |gateway: &Gateway, args: &[&str]| {
        let args = on(gateway, args);
        let (status, out, err) = say(&args.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!(status, 0, "{out}{err}");
        out
    };
    let said = say_on(&first, &["apply", "--yes", "-f", &file("types.yaml")]).await;
    assert!(said.contains("1 to make"), "{said}");
    let client = first.client();
    client.patch("/v1/event-types/order.paid", &json!({"enforce": true})).await.expect(200);
    let event = json!({"type": "order.paid", "payload": {"id": "o", "total": 1, "parent": {"id": 3}}});
    let refused = client.post("/v1/events", &event).await;
    assert_eq!(refused.pointers(), ["/payload/parent", "/payload/parent/id"], "{refused:?}");
    client.post("/v1/destinations", &json!({"name": "box", "kind": "inbox"})).await.expect(201);
    let orders =
        json!({"name": "orders", "source": "published", "destination": "box", "event_groups": ["order"]});
    client.post("/v1/connections", &orders).await.expect(201);
    let exported = say_on(&first, &["export"]).await;
    std::fs::write(file("all.yaml"), &exported).unwrap();
    say_on(&second, &["apply", "--yes", "-f", &file("all.yaml")]).await;
    assert_eq!(say_on(&second, &["export"]).await, exported);
    assert_eq!(say_on(&second, &["diff", "--exit-code", "-f", &file("all.yaml")]).await, "no changes\n");
    // The same over the API, and what is nothing that can be read.
    let body = json!({"from": "openapi", "document": {"openapi": "3.1.0", "webhooks": {"a": {"post": {}}}}});
    let imported = client.post("/v1/config/imports", &body).await.expect(200);
    assert_eq!(imported["documents"][0]["name"], "a");
    let refused = client.post("/v1/config/imports", &json!({"from": "svix", "document": {"a": 1}})).await;
    assert_eq!(refused.pointers(), ["/document"]);
    let (status, _, told) = say(&["import", "n8n", &file("api.yaml")]).await;
    assert!(status == 1 && told.contains("api.yaml"), "{told}");
}
