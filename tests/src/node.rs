//! The judge of our signatures: the npm library `standardwebhooks`, which is not ours.
//! Not here: receiving what it judges.

use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::gateway::root;
use crate::sink::Hit;

/// Has every request verified with the secret; panics with the library's words at the first it
/// refuses. Gives how many there were.
pub async fn verify(secret: &str, hits: &[Hit]) -> usize {
    let verdicts = ask(secret, hits).await;
    assert_eq!(verdicts.len(), hits.len(), "one verdict for each request");
    for verdict in &verdicts {
        assert_eq!(verdict["ok"], true, "{verdict}");
    }
    verdicts.len()
}

/// The library's verdict on every request: `{id, ok, error}`.
pub async fn ask(secret: &str, hits: &[Hit]) -> Vec<Value> {
    let mut node = Command::new("node")
        .arg("verify.cjs")
        .current_dir(root().join("tests/js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed: `make tools`");
    let mut input = node.stdin.take().expect("stdin is piped");
    let lines: String = hits.iter().map(|hit| format!("{}\n", line(secret, hit))).collect();
    let writer = tokio::spawn(async move { input.write_all(lines.as_bytes()).await });
    let output = node.wait_with_output().await.expect("node ran");
    writer.await.expect("the writer ran").expect("node reads everything");
    assert!(output.status.success(), "node failed; `make tools` installs its packages");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a verdict")).collect()
}

fn line(secret: &str, hit: &Hit) -> Value {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), Value::from(hit.header(name)))).collect();
    json!({"id": hit.header("webhook-id"), "secret": secret, "headers": headers, "body": STANDARD.encode(&hit.body)})
}
