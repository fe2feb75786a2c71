//! A source, a destination and a connection between them, made through the API, for tests that
//! are about something else. Not here: judging the API (`it/api_examples`).

use serde_json::Value;
use serde_json::json;

use crate::client::Answer;
use crate::client::Client;

/// What was made.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The source's id.
    pub source: String,
    /// The path that takes its events.
    pub path: String,
    /// A key of the source.
    pub key: String,
    /// The destination's id.
    pub destination: String,
    /// The secret deliveries are signed with.
    pub secret: String,
    /// The connection's id.
    pub connection: String,
}

/// A pipeline to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    source: Value,
    destination: Value,
    connection: Value,
}

impl Plan {
    /// Everything that comes in goes to `url` as it is, signed by Standard Webhooks. Sources
    /// need no key.
    pub fn new(name: &str, url: &str) -> Self {
        Self {
            source: json!({"name": name, "require_key": false}),
            destination: json!({"name": name, "url": url, "signing": {"profile": "standard_webhooks"}}),
            connection: json!({"name": name, "event_types": ["*"], "steps": []}),
        }
    }

    /// Everything that comes in is kept in an inbox, signed by Standard Webhooks.
    pub fn to_inbox(name: &str) -> Self {
        Self { destination: json!({"name": name, "kind": "inbox"}), ..Self::new(name, "") }
    }

    /// Sets a field of the source.
    #[must_use]
    pub fn source(mut self, field: &str, value: Value) -> Self {
        self.source[field] = value;
        self
    }

    /// Sets a field of the destination.
    #[must_use]
    pub fn destination(mut self, field: &str, value: Value) -> Self {
        self.destination[field] = value;
        self
    }

    /// Sets the connection's steps.
    #[must_use]
    pub fn steps(mut self, steps: Value) -> Self {
        self.connection["steps"] = steps;
        self
    }

    /// Sets a field of the connection.
    #[must_use]
    pub fn connection(mut self, field: &str, value: Value) -> Self {
        self.connection[field] = value;
        self
    }

    /// Makes all three.
    pub async fn make(mut self, client: &Client) -> Pipeline {
        let source = client.post("/v1/sources", &self.source).await.expect(201);
        let destination = client.post("/v1/destinations", &self.destination).await.expect(201);
        self.connection["source"] = source["id"].clone();
        self.connection["destination"] = destination["id"].clone();
        let connection = client.post("/v1/connections", &self.connection).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Pipeline {
            path: format!("/in/{}", text(&source["id"])),
            source: text(&source["id"]),
            key: text(&source["key"]["secret"]),
            destination: text(&destination["id"]),
            secret: text(&destination["signing"]["secret"]),
            connection: text(&connection["id"]),
        }
    }
}

impl Pipeline {
    /// Sends a JSON body to the source as a stranger would.
    pub async fn send(&self, client: &Client, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        client.with_key("").send("POST", &self.path, &headers, body.to_string().into_bytes()).await
    }

    /// Sends one that must be accepted; gives the event's id.
    pub async fn accept(&self, client: &Client, body: &Value) -> String {
        let answer = self.send(client, body).await.expect(202);
        answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }
}
