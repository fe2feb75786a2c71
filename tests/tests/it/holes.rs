//! Holes that were found, each as the attack it was: what a tenant, a sender, a receiver or a key could do that it may
//! not. Not here: limits of requests (`hostile_requests`), tenants in each other's way (`hostile_neighbours`).

mod credentials;
mod keys;
mod names;
mod origin;
mod terminal;

use hookmill_tests::Client;
use serde_json::json;

/// A client with a new key of these scopes.
async fn key(admin: &Client, scopes: &[&str]) -> Client {
    let made =
        admin.post("/v1/api-keys", &json!({"name": scopes.concat(), "scopes": scopes})).await.expect(201);
    admin.with_key(made["secret"].as_str().expect("a new key is shown"))
}

/// A client with the admin key of a new workspace.
async fn workspace(operator: &Client, name: &str) -> Client {
    let made = operator.post("/v1/workspaces", &json!({"name": name})).await.expect(201);
    operator.with_key(made["key"]["secret"].as_str().expect("a new workspace's key is shown"))
}
