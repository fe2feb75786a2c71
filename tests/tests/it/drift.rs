//! What is in the events of a type, and what has changed: new, gone and retyped fields with the events that show it.

use hookmill_tests::Gateway;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;

fn field<'f>(fields: &'f [Value], path: &str) -> &'f Value {
    fields.iter().find(|field| field["path"] == path).unwrap_or_else(|| panic!("no {path} in {fields:?}"))
}

#[tokio::test]
async fn what_a_sender_changed_is_named_first_with_the_event_that_shows_it() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let shop = Plan::to_inbox("shop").source("event_type", json!({"path": "$.type"})).make(&client).await;
    let mut ids = Vec::new();
    for n in 0..10 {
        let event = match n {
            0..6 => json!({"type": "order/paid", "total": n, "currency": "EUR", "note": "x"}),
            _ => json!({"type": "order/paid", "total": n.to_string(), "note": "x", "tax": {"rate": 19}}),
        };
        ids.push(shop.accept(&client, &event).await);
    }
    shop.accept(&client, &json!({"type": "other", "else": 1})).await;
    let fields = client.all("/v1/event-types/order%2Fpaid/fields?source=shop").await;
    let states: Vec<(&str, &str)> = fields
        .iter()
        .map(|field| (field["path"].as_str().unwrap(), field["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [
            ("$.total", "retyped"),
            ("$.currency", "gone"),
            ("$.tax", "new"),
            ("$.tax.rate", "new"),
            ("$.type", "always"),
            ("$.note", "always")
        ]
    );
    assert_eq!(field(&fields, "$.total")["types"], json!(["number", "string"]));
    assert_eq!(field(&fields, "$.currency")["last_event"], json!(ids[5]));
    let tax = field(&fields, "$.tax.rate");
    assert_eq!((&tax["first_event"], &tax["example"]), (&json!(ids[6]), &json!("19")));
    assert_eq!((&tax["present"], &tax["events"]), (&json!(4), &json!(10)));
    let few = client.all("/v1/event-types/order%2Fpaid/fields?events=4").await;
    assert!(few.iter().all(|field| field["state"] == "always"), "{few:?}");
    assert!(client.all("/v1/event-types/none/fields").await.is_empty());
    client.get("/v1/event-types/order%2Fpaid/fields?source=nobody").await.problem(400);
}
