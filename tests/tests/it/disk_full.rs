//! A full disk: new events are refused, nothing acknowledged is lost, service resumes.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::Options;
use hookmill_tests::pipeline::Plan;
use serde_json::json;

/// A small file system, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed (not root, or a container without the right).
    fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        let options = format!("size={mebibytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "hookmill-test"]).arg(at).output();
        mounted.ok()?.status.success().then(|| Self(at.to_path_buf()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Takes all the space but `leave` bytes.
fn fill(directory: &Path, leave: u64) -> PathBuf {
    let path = directory.join("ballast");
    let mut file = std::fs::File::create(&path).unwrap();
    let block = vec![0_u8; 64 << 10];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
    let full = file.metadata().unwrap().len();
    file.set_len(full.saturating_sub(leave)).unwrap();
    path
}

#[tokio::test]
async fn new_events_are_refused_and_old_ones_are_safe() {
    let directory = tempfile::tempdir().unwrap();
    // Where nothing can be mounted, a floor above what the disk has free stands in for a full
    // disk: the same refusals by the same check, only without failing writes.
    let disk = SmallDisk::mount(directory.path(), 64);
    let (floor, sink) = (8_u64 << 20, Sink::start().await);
    let options = Options::new(&directory.path().join("data")).env("HOOKMILL_STORE_FREE_BYTES_MIN", "8MiB");
    let mut gateway = Gateway::launch(options).await;
    let client = gateway.client();
    let pipeline = Plan::new("full", &sink.url("/hook")).make(&client).await;
    let mut acknowledged = vec![pipeline.accept(&client, &json!({"n": 0})).await];

    let ballast = match &disk {
        Some(_) => Some(fill(directory.path(), floor / 4)),
        None => {
            gateway.terminate().await;
            gateway
                .restart_with(|options| {
                    options
                        .without("HOOKMILL_STORE_FREE_BYTES_MIN")
                        .env("HOOKMILL_STORE_FREE_BYTES_MIN", "1000TiB")
                })
                .await;
            None
        }
    };
    let refusal = eventually("new events are refused", || async {
        let answer = pipeline.send(&client, &json!({"n": acknowledged.len()})).await;
        if answer.status == 202 {
            return None;
        }
        Some(answer)
    })
    .await;
    assert!(matches!(refusal.status, 503 | 507), "{refusal:?}");
    refusal.problem(refusal.status);
    assert_eq!(client.get("/healthz").await.status, 200);
    client.get(&format!("/v1/events/{}", acknowledged[0])).await.expect(200);

    match ballast {
        Some(path) => std::fs::remove_file(path).unwrap(),
        None => {
            gateway.terminate().await;
            gateway.restart_with(|options| options.without("HOOKMILL_STORE_FREE_BYTES_MIN")).await;
        }
    }
    let resumed = eventually("new events are taken again", || async {
        let answer = pipeline.send(&client, &json!({"n": "resumed"})).await;
        (answer.status == 202).then(|| answer.body["id"].as_str().unwrap().to_owned())
    })
    .await;
    acknowledged.push(resumed);
    for event in &acknowledged {
        crate::delivery::delivery_in(&client, event, "delivered").await;
    }
    drop(gateway);
    drop(disk);
}

/// Rows that come through the API are new as events are.
#[tokio::test]
async fn rows_are_refused_where_events_are_and_can_be_deleted() {
    let mut gateway = Gateway::start().await;
    let client = gateway.client();
    let table = json!({"name": "t", "columns": [{"name": "a", "type": "integer"}]});
    client.post("/v1/tables", &table).await.expect(201);
    let row = client.post("/v1/tables/t/rows", &json!({"values": {"a": 0}})).await.expect(201);
    gateway.terminate().await;
    // A floor above what the disk has free stands in for a full one: the same refusals by the same check.
    gateway.restart_with(|options| options.env("HOOKMILL_STORE_FREE_BYTES_MIN", "1000TiB")).await;
    let client = gateway.client();
    let refused = eventually("rows are refused", || async {
        let answer = client.post("/v1/tables/t/rows", &json!({"values": {"a": 1}})).await;
        (answer.status != 201).then_some(answer)
    })
    .await;
    refused.problem(507);
    let text = b"a\n2\n".to_vec();
    client.send("POST", "/v1/tables/t/rows.csv", &[("content-type", "text/csv")], text).await.problem(507);
    client.delete(&format!("/v1/tables/t/rows/{}", row["id"].as_str().unwrap())).await.expect(204);
    gateway.terminate().await;
    gateway.restart_with(|options| options.without("HOOKMILL_STORE_FREE_BYTES_MIN")).await;
    gateway.client().post("/v1/tables/t/rows", &json!({"values": {"a": 3}})).await.expect(201);
}

#[tokio::test]
async fn a_disk_without_a_single_byte_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(directory.path(), 48);
    let sink = Sink::start().await;
    // The floor is off: writes themselves fail.
    let options = Options::new(&directory.path().join("data")).env("HOOKMILL_STORE_FREE_BYTES_MIN", "0B");
    let mut gateway = Gateway::launch(options).await;
    let client = gateway.client();
    let pipeline = Plan::new("full", &sink.url("/hook")).make(&client).await;
    let mut acknowledged = Vec::new();
    let ballast = disk.as_ref().map(|_| fill(directory.path(), 6 << 20));
    let mut refused = 0;
    // Enough to use up what is left; where nothing could be mounted all of it is taken.
    for number in 0..150 {
        let mut filler = vec![0_u8; 150_000];
        fastrand::fill(&mut filler);
        let answer = pipeline.send(&client, &json!({"n": number, "filler": STANDARD.encode(filler)})).await;
        match answer.status {
            202 => acknowledged.push(answer.body["id"].as_str().unwrap().to_owned()),
            503 | 507 => {
                answer.problem(answer.status);
                refused += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    assert!(disk.is_none() || refused > 0, "20 MB went into 6 MB");
    assert!(!acknowledged.is_empty());
    if let Some(path) = ballast {
        std::fs::remove_file(path).unwrap();
    }
    gateway.kill().await;
    gateway.restart().await;
    for event in &acknowledged {
        crate::delivery::delivery_in(&client, event, "delivered").await;
    }
    pipeline.accept(&client, &json!({"n": "after"})).await;
    drop(gateway);
    drop(disk);
}
