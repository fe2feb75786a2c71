//! Libraries of npm, which are not ours: `standardwebhooks` judges our signatures. Not here: receiving what it judges.

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

/// What a script of `tests/js` prints when it reads this.
pub async fn run(script: &str, input: String) -> String {
    let mut node = Command::new("node")
        .arg(script)
        .current_dir(root().join("tests/js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed: `make tools`");
    let mut stdin = node.stdin.take().expect("stdin is piped");
    let writer = tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
    let output = node.wait_with_output().await.expect("node ran");
    writer.await.expect("the writer ran").expect("node reads everything");
    assert!(output.status.success(), "node failed; `make tools` installs its packages");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The library's verdict on every request: `{id, ok, error}`.
pub async fn ask(secret: &str, hits: &[Hit]) -> Vec<Value> {
    let lines = hits.iter().map(|hit| format!("{}\n", line(secret, hit))).collect();
    let text = run("verify.cjs", lines).await;
    text.lines().map(|line| serde_json::from_str(line).expect("a verdict")).collect()
}

fn line(secret: &str, hit: &Hit) -> Value {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), Value::from(hit.header(name)))).collect();
    json!({"id": hit.header("webhook-id"), "secret": secret, "headers": headers, "body": STANDARD.encode(&hit.body)})
}
