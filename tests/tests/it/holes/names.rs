//! A name never leads from one workspace into another.

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use serde_json::Value;
use serde_json::json;

use super::workspace;

async fn make(client: &Client, name: &str) -> Value {
    client.post("/v1/sources", &json!({"name": name, "require_key": false})).await.expect(201)
}

async fn events(client: &Client) -> usize {
    client.all("/v1/events").await.len()
}

#[tokio::test]
async fn no_workspace_takes_or_inherits_the_url_of_another() {
    let gateway = Gateway::start().await;
    let mine = gateway.client();
    let theirs = workspace(&mine, "theirs").await;
    let anyone = mine.with_key("");
    let body = json!({"card": "4111"});
    let source = make(&mine, "github").await;
    anyone.post("/in/github", &body).await.expect(202);
    // A second source of that name changes nothing for the first.
    let other = make(&theirs, "github").await;
    anyone.post("/in/github", &body).await.expect(202);
    assert_eq!((events(&mine).await, events(&theirs).await), (2, 0));
    // Nor does the first one's end hand its URL over, with what its senders send.
    let own = format!("/v1/sources/{}", source["id"].as_str().unwrap());
    mine.patch(&own, &json!({"name": "renamed"})).await.expect(200);
    anyone.post("/in/github", &body).await.problem(404);
    anyone.post("/in/renamed", &body).await.expect(202);
    mine.patch(&own, &json!({"name": "github"})).await.expect(200);
    mine.delete(&own).await.expect(204);
    anyone.post("/in/github", &body).await.problem(404);
    // A name of one's own that was another's before.
    make(&theirs, "renamed").await;
    anyone.post("/in/renamed", &body).await.problem(404);
    assert_eq!(events(&theirs).await, 0);
    // Every source has the URL that is shown, whatever others do.
    let url = other["url"].as_str().unwrap();
    anyone.post(url, &body).await.expect(202);
    make(&mine, "github").await;
    anyone.post(url, &body).await.expect(202);
    anyone.post("/in/github", &body).await.expect(202);
    assert_eq!((events(&mine).await, events(&theirs).await), (4, 2));
}

#[tokio::test]
async fn the_api_finds_by_name_only_what_is_ones_own() {
    let gateway = Gateway::start().await;
    let mine = gateway.client();
    let theirs = workspace(&mine, "theirs").await;
    let source = make(&mine, "a").await;
    let destination =
        mine.post("/v1/destinations", &json!({"name": "a", "url": "https://example.com/"})).await;
    let destination = destination.expect(201);
    for which in ["a", source["id"].as_str().unwrap(), destination["id"].as_str().unwrap()] {
        for kind in ["sources", "destinations", "connections", "plugins"] {
            theirs.get(&format!("/v1/{kind}/{which}")).await.problem(404);
            theirs.delete(&format!("/v1/{kind}/{which}")).await.problem(404);
        }
        theirs.get(&format!("/v1/sources/{which}/samples")).await.problem(404);
        theirs.get(&format!("/v1/sources/{which}/keys")).await.problem(404);
        let draft = json!({"name": "x", "source": which, "destination": which});
        let refused = theirs.post("/v1/connections", &draft).await;
        refused.problem(422);
        assert_eq!(refused.pointers(), ["/source", "/destination"], "{}", refused.text);
    }
    for workspace in ["default", "theirs"] {
        let draft = json!({"name": "k", "scopes": ["admin"], "workspace": workspace});
        let made = theirs.post("/v1/api-keys", &draft).await;
        assert_eq!(made.status, if workspace == "theirs" { 201 } else { 422 }, "{}", made.text);
    }
}
