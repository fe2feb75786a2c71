//! A key that is gone is gone: also for what it had begun.

use std::time::Duration;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::raw;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longer than any of this takes; a stream that goes on is found by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream that has begun.
async fn watch(gateway: &Gateway, key: &str) -> TcpStream {
    let mut stream = raw::connect(gateway).await;
    let head = format!("GET /v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains(": watching") {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "no stream: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    stream
}

/// What else is told until the body ends; events go on happening meanwhile.
async fn rest(stream: &mut TcpStream, client: &Client) -> String {
    let (mut seen, mut buffer) = (String::new(), [0; 4096]);
    let reading = async {
        while !seen.ends_with("0\r\n\r\n") {
            let count = stream.read(&mut buffer).await.unwrap();
            if count == 0 {
                break;
            }
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    let happening = async {
        loop {
            client.post("/v1/events", &json!({"type": "told.late", "payload": 1})).await.expect(202);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ended = async {
        tokio::select! {
            () = reading => {}
            () = happening => {}
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the stream goes on for a key that is gone");
    seen
}

async fn make(client: &Client, fields: Value) -> (String, String) {
    let mut draft = json!({"name": "k", "scopes": ["read"]});
    draft.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = client.post("/v1/api-keys", &draft).await.expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

#[tokio::test]
async fn a_deleted_key_is_told_nothing_more() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let (id, secret) = make(&client, json!({})).await;
    let mut stream = watch(&gateway, &secret).await;
    let mut other = watch(&gateway, hookmill_tests::gateway::ADMIN_KEY).await;
    client.delete(&format!("/v1/api-keys/{id}")).await.expect(204);
    let seen = rest(&mut stream, &client).await;
    assert!(!seen.contains("told.late"), "told after the end: {seen}");
    assert!(seen.contains("event: ended") && seen.contains("deleted"), "{seen}");
    // Nobody else's ends.
    let mut buffer = [0; 4096];
    let count = tokio::time::timeout(PATIENCE, other.read(&mut buffer)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&buffer[..count]).contains("told.late"));
}

#[tokio::test]
async fn a_key_that_expires_is_told_nothing_more() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    // The old one ends soon, or at once.
    for (grace, told) in [("2s", true), ("0s", false)] {
        let (id, secret) = make(&client, json!({})).await;
        let mut stream = watch(&gateway, &secret).await;
        client.post(&format!("/v1/api-keys/{id}/rotate"), &json!({"grace": grace})).await.expect(201);
        let seen = rest(&mut stream, &client).await;
        assert!(seen.contains("event: ended"), "{grace}: {seen}");
        assert_eq!(seen.contains("told.late"), told, "{grace}: {seen}");
    }
}

#[tokio::test]
async fn a_key_that_is_deleted_while_a_body_is_on_its_way_writes_nothing() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let (id, secret) = make(&client, json!({"scopes": ["write"]})).await;
    let body = json!({"name": "late"}).to_string();
    let head = format!(
        "POST /v1/sources HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = raw::connect(&gateway).await;
    stream.write_all(format!("{head}{}", &body[..5]).as_bytes()).await.unwrap();
    // Its key is looked at before the body is read; a request that comes after it on this machine is later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.delete(&format!("/v1/api-keys/{id}")).await.expect(204);
    stream.write_all(&body.as_bytes()[5..]).await.unwrap();
    raw::problem(&raw::read_answer(&mut stream).await, 401);
    assert!(client.all("/v1/sources").await.is_empty());
}

#[tokio::test]
async fn a_source_that_is_deleted_while_a_body_is_on_its_way_takes_nothing() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let made = client.post("/v1/sources", &json!({"name": "s", "require_key": false})).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let mut stream = raw::connect(&gateway).await;
    let head = format!("POST /in/{id} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.delete(&format!("/v1/sources/{id}")).await.expect(204);
    stream.write_all(b"}").await.unwrap();
    raw::problem(&raw::read_answer(&mut stream).await, 404);
    assert!(client.all("/v1/events").await.is_empty());
}
