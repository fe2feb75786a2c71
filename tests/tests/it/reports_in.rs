//! What people report of the door of systems like this one: each test is one kind of fault, with the input that
//! showed it. Not here: what becomes of payloads behind the door, and how they are delivered.

mod bodies;
mod identity;
mod requests;
mod signatures;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use hookmill_tests::Answer;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sign;
use serde_json::Value;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A gateway with its API and a receiver.
struct Place {
    gateway: Gateway,
    client: Client,
    sink: Sink,
}

impl Place {
    async fn new() -> Self {
        let gateway =
            Gateway::start_with(|options| options.env("HOOKMILL_PUBLIC_URL", "https://hooks.example.com"))
                .await;
        Self { client: gateway.client(), sink: Sink::start().await, gateway }
    }

    /// What comes in at the source of that name goes to the receiver's path of that name.
    fn pipe(&self, name: &str) -> Plan {
        Plan::new(name, &self.sink.url(&format!("/{name}"))).destination("retry", json!({"delays": []}))
    }

    async fn make(&self, plan: Plan) -> Pipeline {
        plan.make(&self.client).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.client.with_key("").send(method, path, headers, body.to_vec()).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("POST", path, headers, body).await
    }

    /// A source with that verification; gives its path.
    async fn verified(&self, name: &str, verification: Value) -> String {
        let source = json!({"name": name, "verification": verification});
        let made = self.client.post("/v1/sources", &source).await.expect(201);
        format!("/in/{}", made["id"].as_str().unwrap())
    }

    async fn events(&self) -> Vec<Value> {
        self.client.all("/v1/events").await
    }

    /// The state of the only delivery of an event, once it is there, and the first reason that a step gives.
    async fn outcome(&self, event: &str) -> (String, String) {
        let trace = eventually("the event is decided", || async {
            let trace = self.client.get(&format!("/v1/events/{event}/trace")).await.expect(200);
            let entries = trace["entries"].as_array().unwrap().clone();
            entries
                .iter()
                .any(|entry| entry["state"].is_string() || entry["verdict"] == "drop")
                .then_some(entries)
        })
        .await;
        let state = trace.iter().filter_map(|entry| entry["state"].as_str()).next_back().unwrap_or("none");
        let step = trace.iter().find(|entry| entry["verdict"].is_string());
        let reason = step.and_then(|entry| entry["reason"].as_str()).unwrap_or_default();
        (state.to_owned(), reason.to_owned())
    }
}

fn id(accepted: &Value) -> String {
    accepted["id"].as_str().unwrap_or_else(|| panic!("no id in {accepted}")).to_owned()
}

fn hex_hmac(secret: &str, body: &[u8]) -> String {
    hex::encode(sign::hmac_sha256(secret.as_bytes(), &[body]))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}
