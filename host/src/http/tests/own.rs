//! The API as the program asks it itself: with no key, in the first workspace, and no more than it needs.

use serde_json::Value;
use serde_json::json;

use crate::http::tests::support::Api;

#[tokio::test]
async fn the_program_itself_needs_no_key_and_may_not_do_everything() {
    let api = Api::start().await;
    let own = api.own();
    let documents = json!([{"resource": "destination", "name": "box", "kind": "inbox"}]);
    let plan = own.post("/v1/config/plans", &json!({"documents": documents})).await.unwrap();
    let path = format!("/v1/config/plans/{}/apply", plan["id"].as_str().unwrap());
    let done = own.post(&path, &Value::Null).await.unwrap();
    assert_eq!(done["documents"][0]["name"], "box", "{done}");
    api.ask("GET", "/v1/destinations/box", Value::Null).await.is(200);
    let refused = own.post("/v1/api-keys", &json!({"name": "k", "scopes": ["admin"]})).await.unwrap_err();
    assert_eq!((refused.status, &refused.problem["status"]), (403, &json!(403)), "{refused:?}");
    let refused =
        own.post("/v1/config/plans", &json!({"documents": [{"resource": "sorce"}]})).await.unwrap_err();
    assert_eq!(refused.problem["errors"][0]["pointer"], "/documents/0/resource", "{refused:?}");
    // Everybody else is asked for one.
    let strange =
        api.ask_as("hm_admin_nobody", "POST", "/v1/config/plans", &[], json!({"documents": documents})).await;
    assert_eq!(strange.problem().0, "unauthorized");
}

/// What is read as a document is what the schema says is one.
#[tokio::test]
async fn the_schema_names_every_kind_of_document() {
    let api = Api::start().await;
    let schema = api.ask_as("", "GET", "/v1/config/schema", &[], Value::Null).await.is(200);
    let known = schema["$defs"]["Document"]["properties"]["resource"]["enum"].as_array().unwrap();
    let mut known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
    let asked = json!({"documents": [{"name": "x"}]});
    let told = api.ask("POST", "/v1/config/plans", asked).await.body["errors"][0]["detail"].take();
    let (_, told) = told.as_str().unwrap().split_once("any of ").unwrap();
    let mut told: Vec<&str> = told.split(", ").collect();
    known.sort_unstable();
    told.sort_unstable();
    assert_eq!(known, told);
}
