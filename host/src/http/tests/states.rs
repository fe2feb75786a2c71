//! A delivery's states are the same everywhere: as they are shown, in the document, in the filter.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::support::Api;
use crate::domain::delivery::DeliveryState;
use crate::http::openapi;

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_state_is_shown_described_and_found() {
    let document = openapi::api().1;
    let shown: Vec<Value> =
        DeliveryState::ALL.iter().map(|state| serde_json::to_value(state).unwrap()).collect();
    let shown = Value::from(shown);
    let all = names(&shown);
    assert_eq!(all.len(), DeliveryState::ALL.len());
    let schemas = &document["components"]["schemas"];
    assert_eq!(names(&schemas["DeliveryState"]["enum"]), all);
    for view in ["DeliveryView", "AttemptView"] {
        let described = &schemas[view]["properties"]["state"]["$ref"];
        assert_eq!(described, "#/components/schemas/DeliveryState", "{view}");
    }
    let parameters = document["paths"]["/v1/deliveries"]["get"]["parameters"].as_array().unwrap();
    let filter = parameters.iter().find(|parameter| parameter["name"] == "state").unwrap();
    assert_eq!(names(&filter["schema"]["enum"]), all);
    let api = Api::start().await;
    for state in &all {
        let page = api.ask("GET", &format!("/v1/deliveries?state={state}"), Value::Null).await.is(200);
        assert_eq!(page["items"], json!([]), "{state}");
    }
    let (kind, errors) = api.ask("GET", "/v1/deliveries?state=lost", Value::Null).await.problem();
    assert_eq!((kind.as_str(), errors), ("invalid-query", vec!["?state".to_owned()]));
}
