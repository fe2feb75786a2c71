//! What a tenant can have served from the dashboard's origin.

use hookmill_tests::Answer;
use hookmill_tests::Gateway;
use serde_json::Value;
use serde_json::json;

use super::key;

/// No browser makes a page, a script, a style or a frame of it, whatever is in it.
#[track_caller]
fn is_sealed(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    let words: Vec<&str> = policy.split(';').map(str::trim).collect();
    assert!(words.contains(&"sandbox") && words.contains(&"default-src 'none'"), "{policy:?} {answer:?}");
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{:?}", answer.headers);
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{:?}", answer.headers);
    let kind = answer.header("content-type");
    let plain = ["application/json", "application/problem+json", "text/plain; charset=utf-8"].contains(&kind);
    let saved = answer.header("content-disposition").starts_with("attachment; filename=");
    assert!(plain || saved, "{:?}", answer.headers);
    for wrong in ["service-worker-allowed", "set-cookie", "location", "refresh", "link", "clear-site-data"] {
        assert!(!answer.headers.contains_key(wrong), "{wrong}: {:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_writer_cannot_have_a_source_answer_with_a_page_or_a_script() {
    let gateway = Gateway::start().await;
    let writer = key(&gateway.client(), &["write", "read"]).await;
    let page = "<script>fetch('/v1/api-keys',{headers:{authorization:'Bearer '+localStorage.key}})</script>";
    let attacks = [
        ("content-type", "text/html; charset=utf-8"),
        ("Content-Type", "text/javascript"),
        ("content-type", "image/svg+xml"),
        ("content-type", "application/xhtml+xml"),
        ("content-type", "text/plain; charset=utf-7"),
        ("content-security-policy", "default-src * 'unsafe-inline'"),
        ("service-worker-allowed", "/"),
        ("set-cookie", "key=1; path=/"),
        ("clear-site-data", "\"storage\""),
        ("location", "https://evil.example"),
        ("refresh", "0; url=https://evil.example"),
        ("access-control-allow-origin", "*"),
        ("x-accel-redirect", "/protected/admin-key"),
        ("x-content-type-options", "none"),
        ("link", "</dashboard.js>; rel=preload"),
    ];
    for (at, (name, value)) in attacks.iter().enumerate() {
        let response = json!({"headers": {*name: value}, "body": page});
        let draft = json!({"name": format!("s{at}"), "require_key": false, "methods": ["GET", "POST"], "response": response});
        let answer = writer.post("/v1/sources", &draft).await;
        assert_eq!(answer.problem(422), "invalid-source", "{name}");
        assert_eq!(answer.pointers(), [format!("/response/headers/{name}")], "{}", answer.text);
    }
    assert!(writer.all("/v1/sources").await.is_empty());
    let made = writer.post("/v1/sources", &json!({"name": "s"})).await.expect(201);
    let path = format!("/v1/sources/{}", made["id"].as_str().unwrap());
    let change = json!({"response": {"headers": {"content-type": "text/html"}, "body": page}});
    writer.patch(&path, &change).await.problem(422);
    assert_eq!(writer.get(&path).await.expect(200)["response"], Value::Null);
}

#[tokio::test]
async fn everything_a_source_answers_is_sealed() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let anyone = client.with_key("");
    let make = async |name: &str, fields: Value| {
        let mut body = json!({"name": name, "require_key": false, "methods": ["GET", "POST"]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        client.post("/v1/sources", &body).await.expect(201);
        format!("/in/{name}")
    };
    let answers = [
        (
            "xml",
            "application/xml; charset=utf-8",
            "<html xmlns='http://www.w3.org/1999/xhtml'><script/></html>",
        ),
        ("json", "application/json", "{}"),
        ("text", "text/plain", "<script>1</script>"),
    ];
    for (name, kind, body) in answers {
        let response = json!({"headers": {"content-type": kind, "x-request-id": "7"}, "body": body});
        let path = make(name, json!({"response": response})).await;
        let answer = anyone.post(&path, &json!({})).await;
        assert_eq!((answer.status, answer.text.as_str(), answer.header("x-request-id")), (200, body, "7"));
        assert!(answer.header("hookmill-event-id").starts_with("evt_"));
        assert!(answer.header("content-type").starts_with(kind), "{:?}", answer.headers);
        if name != "text" {
            is_sealed(&answer);
        }
        assert!(answer.header("content-security-policy").contains("sandbox"));
    }
    let plain = make("plain", json!({})).await;
    is_sealed(&anyone.post(&plain, &json!({})).await);
    is_sealed(&anyone.get(&format!("{plain}/some/where.html")).await);
    is_sealed(&anyone.send("PUT", &plain, &[], Vec::new()).await);
    is_sealed(&anyone.post("/in/nobody", &json!({})).await);
    is_sealed(&anyone.get("/in/").await);
    is_sealed(&anyone.get("/in/%3Cscript%3E").await);
    let broken = anyone.send("POST", &plain, &[("content-type", "application/json")], b"{".to_vec()).await;
    is_sealed(&broken);
    let keyed = make("keyed", json!({"require_key": true})).await;
    is_sealed(&anyone.post(&keyed, &json!({})).await);
    let paused = make("paused", json!({"state": "paused"})).await;
    is_sealed(&anyone.post(&paused, &json!({})).await);
    // A provider's question about the URL.
    let meta = make("meta", json!({"verification": {"preset": "meta", "secret": "s3cret"}})).await;
    let asked =
        anyone.get(&format!("{meta}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=s3cret")).await;
    is_sealed(&asked);
}

#[tokio::test]
async fn a_body_that_came_in_is_saved_and_never_shown() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    client.post("/v1/sources", &json!({"name": "s", "require_key": false})).await.expect(201);
    let headers = [("content-type", "text/html")];
    let taken = client.with_key("").send("POST", "/in/s", &headers, b"<script>1</script>".to_vec()).await;
    let id = taken.expect(202)["id"].as_str().unwrap().to_owned();
    let body = client.get(&format!("/v1/events/{id}/body")).await;
    assert_eq!(body.text, "<script>1</script>");
    assert!(body.header("content-disposition").starts_with("attachment"), "{:?}", body.headers);
    assert!(body.header("content-security-policy").contains("sandbox"), "{:?}", body.headers);
}
