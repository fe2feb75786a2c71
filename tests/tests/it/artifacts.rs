//! Compiled plugins after a change of the engine, or with damage on the disk: the gateway starts at once, compiles
//! beside everything else, and no event is lost or kept waiting for another's plugin.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Pipeline;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

/// More than the gateway plans at a time.
const MANY: usize = 300;

/// The digest of an upload, without what it begins with.
fn hex(version: &Value) -> String {
    version["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned()
}

fn module(gateway: &Gateway, hex: &str) -> PathBuf {
    gateway.data().join("plugins").join(format!("{hex}.wasm"))
}

/// The compiled code of a module; there must be one.
fn code(gateway: &Gateway, hex: &str) -> PathBuf {
    let list = fs::read_dir(gateway.data().join("plugins")).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "cwasm")
            && path.file_name().unwrap().to_str().unwrap().starts_with(hex)
    };
    let found: Vec<PathBuf> = list.filter(is_it).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// Code is there, and its checksum is of it.
fn is_whole(code: &Path) -> bool {
    let noted = fs::read_to_string(code.with_added_extension("sha256"));
    let seen = fs::read(code).map(|bytes| hex::encode(Sha256::digest(bytes)));
    matches!((noted, seen), (Ok(noted), Ok(seen)) if noted == seen)
}

/// A module that cannot be read to its end: who compiles it waits until it is let go.
struct Stuck {
    path: PathBuf,
    aside: PathBuf,
}

impl Stuck {
    fn new(path: PathBuf) -> Self {
        let aside = path.with_extension("aside");
        fs::rename(&path, &aside).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Self { path, aside }
    }

    /// Whoever waits reads it, once there is somebody; whoever comes later finds the file.
    async fn let_go(self) {
        let open = || fs::File::options().write(true).custom_flags(libc::O_NONBLOCK).open(&self.path).ok();
        let held = eventually("somebody reads the module", || async { open() }).await;
        let pipe = self.path.with_extension("pipe");
        fs::rename(&self.path, &pipe).unwrap();
        fs::rename(&self.aside, &self.path).unwrap();
        fs::write(&pipe, fs::read(&self.path).unwrap()).unwrap();
        drop(held);
        fs::remove_file(&pipe).unwrap();
    }
}

async fn pipeline(client: &Client, sink: &Sink, plugin: &str, config: Value) -> Pipeline {
    let steps = json!([{"plugin": {"name": plugin, "version": "active", "config": config}}]);
    Plan::new(plugin, &sink.url(&format!("/{plugin}"))).steps(steps).make(client).await
}

async fn artifact(client: &Client, plugin: &str) -> Value {
    client.get(&format!("/v1/plugins/{plugin}")).await.expect(200)["versions"][0]["artifact"].clone()
}

async fn metrics(client: &Client) -> String {
    client.get("/metrics").await.text
}

#[tokio::test]
async fn what_another_engine_left_is_compiled_beside_everything_else() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let stuck = hex(&client.upload("split-batch", guests::plugin("split-batch")).await.expect(201));
    let damaged = hex(&client.upload("hostile", guests::fixture("hostile")).await.expect(201));
    let unused = hex(&client.upload("filter-leads", guests::plugin("filter-leads")).await.expect(201));
    let rows = pipeline(&client, &sink, "split-batch", json!({"items": "/rows"})).await;
    let honest = pipeline(&client, &sink, "hostile", json!({})).await;
    let plain = Plan::new("plain", &sink.url("/plain")).make(&client).await;
    assert_eq!(artifact(&client, "split-batch").await, "ready");
    gateway.kill().await;

    // One as another engine names it, one with a wrong byte in its middle, one gone.
    let foreign = code(&gateway, &stuck).with_file_name(format!("{stuck}.0123456789abcdef.cwasm"));
    fs::rename(code(&gateway, &stuck), &foreign).unwrap();
    let broken = code(&gateway, &damaged);
    let mut bytes = fs::read(&broken).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&broken, &bytes).unwrap();
    fs::remove_file(code(&gateway, &unused)).unwrap();
    let module = Stuck::new(module(&gateway, &stuck));
    gateway.restart().await;

    let client = gateway.client();
    for number in 0..MANY {
        rows.accept(&client, &json!({"rows": [{"n": number}]})).await;
    }
    plain.accept(&client, &json!({"n": 1})).await;
    sink.wait_for("/plain", 1).await;
    honest.accept(&client, &json!({"n": 2})).await;
    assert_eq!(sink.wait_for("/hostile", 1).await[0].json(), json!({"n": 2}));
    assert_ne!(fs::read(&broken).unwrap(), bytes, "it was not run as it was");
    assert!(is_whole(&broken));
    assert_eq!(artifact(&client, "split-batch").await, "building");
    let text = metrics(&client).await;
    assert!(!text.contains("hookmill_plugin_artifacts{state=\"building\"} 0"), "{text}");
    assert!(sink.hits_at("/split-batch").is_empty());

    module.let_go().await;
    let hits = sink.wait_for("/split-batch", MANY).await;
    let mut numbers: Vec<u64> = hits.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..MANY as u64).collect::<Vec<_>>());
    eventually("all three are there", || async {
        metrics(&client).await.contains("hookmill_plugin_artifacts{state=\"ready\"} 3").then_some(())
    })
    .await;
    assert!(
        !foreign.exists() && [&stuck, &damaged, &unused].iter().all(|hex| is_whole(&code(&gateway, hex)))
    );
    eventually("it is told", || async { gateway.log().contains("up to date").then_some(()) }).await;
}

#[tokio::test]
async fn events_that_a_crash_left_wait_for_their_own_plugin_only() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let stuck = hex(&client.upload("split-batch", guests::plugin("split-batch")).await.expect(201));
    client.upload("hostile", guests::fixture("hostile")).await.expect(201);
    let rows = pipeline(&client, &sink, "split-batch", json!({"items": "/rows"})).await;
    let honest = pipeline(&client, &sink, "hostile", json!({})).await;
    gateway.kill().await;
    for entry in fs::read_dir(gateway.data().join("plugins")).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|end| end == "cwasm") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let module = Stuck::new(module(&gateway, &stuck));
    gateway.restart().await;
    let client = gateway.client();
    rows.accept(&client, &json!({"rows": [{"n": 1}]})).await;
    honest.accept(&client, &json!({"n": 2})).await;
    gateway.kill().await;
    gateway.restart().await;
    // Older, and not ready yet.
    sink.wait_for("/hostile", 1).await;
    assert!(sink.hits_at("/split-batch").is_empty());
    module.let_go().await;
    assert_eq!(sink.wait_for("/split-batch", 1).await[0].json(), json!({"n": 1}));
}

#[tokio::test]
async fn a_version_goes_when_nobody_runs_it_and_events_that_came_before_still_do() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let version = client.upload("rows", guests::plugin("split-batch")).await.expect(201);
    let (digest, hex) = (version["digest"].as_str().unwrap().to_owned(), hex(&version));
    assert!(version["uploaded_by"].as_str().unwrap().starts_with("key_"), "{version}");
    assert!(version["uploaded_by_name"].is_string() && version["uploaded_at"].is_string(), "{version}");
    let rows = pipeline(&client, &sink, "rows", json!({"items": "/rows"})).await;
    let beside = json!({"name": "beside", "source": rows.source, "destination": rows.destination, "event_types": ["never"],
        "steps": [{"plugin": {"name": "rows", "version": digest, "config": {"items": "/rows"}}}]});
    let beside = client.post("/v1/connections", &beside).await.expect(201);
    let delete = format!("/v1/plugins/rows/versions/{digest}");
    let refused = client.delete(&delete).await;
    refused.problem(409);
    assert!(refused.text.contains("`rows`") && refused.text.contains("`beside`"), "{refused:?}");

    gateway.kill().await;
    fs::remove_file(code(&gateway, &hex)).unwrap();
    let module = Stuck::new(module(&gateway, &hex));
    gateway.restart().await;
    let client = gateway.client();
    rows.accept(&client, &json!({"rows": [{"n": 1}, {"n": 2}]})).await;
    client.delete(&format!("/v1/connections/{}", beside["id"].as_str().unwrap())).await.expect(204);
    client.delete(&delete).await.problem(409);
    client.patch(&format!("/v1/connections/{}", rows.connection), &json!({"steps": []})).await.expect(200);
    client.delete(&delete).await.expect(204);
    client.get("/v1/plugins/rows").await.problem(404);
    assert!(sink.hits_at("/rows").is_empty());
    module.let_go().await;
    let mut numbers: Vec<_> =
        sink.wait_for("/rows", 2).await.iter().map(|hit| hit.json()["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn what_does_not_compile_any_more_is_told() {
    let mut gateway = Gateway::start().await;
    let client = gateway.client();
    let hex = hex(&client.upload("hostile", guests::fixture("hostile")).await.expect(201));
    gateway.kill().await;
    fs::remove_file(code(&gateway, &hex)).unwrap();
    fs::write(module(&gateway, &hex), b"\0asm of something else").unwrap();
    gateway.restart().await;
    let client = gateway.client();
    let version = eventually("a failure", || async {
        let plugin = client.get("/v1/plugins/hostile").await.expect(200);
        Some(plugin["versions"][0].clone()).filter(|version| version["artifact"] == "failed")
    })
    .await;
    assert!(version["artifact_error"].as_str().unwrap().contains("upload it again"), "{version}");
    client.upload("hostile", guests::fixture("hostile")).await.expect(200);
    assert_eq!(artifact(&client, "hostile").await, "ready");
}
