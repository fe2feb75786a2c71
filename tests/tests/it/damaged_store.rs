//! A data directory that is not what it was: a clear message and a way out, never a panic.

use std::path::Path;
use std::path::PathBuf;

use hookmill_tests::Gateway;
use hookmill_tests::Sink;
use hookmill_tests::gateway::Options;
use hookmill_tests::pipeline::Plan;
use serde_json::json;

const EXIT_STORE: i32 = 5;

fn largest_file(directory: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && !entry.path().to_string_lossy().contains("plugin") {
                files.push((entry.metadata().unwrap().len(), entry.path()));
            }
        }
    }
    files.into_iter().max().expect("the store has files").1
}

async fn filled(directory: &Path, sink: &Sink) -> (Gateway, hookmill_tests::Pipeline) {
    let gateway = Gateway::launch(Options::new(&directory.join("data"))).await;
    let client = gateway.client();
    let pipeline = Plan::new("kept", &sink.url("/hook")).make(&client).await;
    for number in 0..100 {
        pipeline
            .accept(&client, &json!({"n": number, "filler": format!("{:x}", fastrand::u128(..)).repeat(50)}))
            .await;
    }
    sink.wait_for("/hook", 100).await;
    (gateway, pipeline)
}

fn damage(file: &Path, how: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    match how {
        "zeroed" => bytes.fill(0),
        "cut" => bytes.truncate(bytes.len() / 3),
        "garbled" => bytes.iter_mut().for_each(|byte| *byte ^= 0x5a),
        _ => {
            let step = bytes.len() / 97;
            bytes.iter_mut().step_by(step.max(1)).for_each(|byte| *byte = !*byte);
        }
    }
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn damage_is_told_and_there_is_a_way_out() {
    for how in ["zeroed", "cut", "garbled", "sprinkled"] {
        let (directory, sink) = (tempfile::tempdir().unwrap(), Sink::start().await);
        let (mut gateway, pipeline) = filled(directory.path(), &sink).await;
        gateway.terminate().await;
        damage(&largest_file(gateway.data()), how);
        let options = Options::new(&directory.path().join("data"));
        match Gateway::try_launch(options.clone()).await {
            Ok(started) => {
                assert!(!started.log().contains("panicked"), "{how}: {}", started.log());
                started.client().get("/v1/deliveries?limit=500").await;
            }
            Err((status, log)) => {
                assert_eq!(status.code(), Some(EXIT_STORE), "{how}: {log}");
                assert!(log.contains("--recover") && !log.contains("panicked"), "{how}: {log}");
            }
        }
        let recovered = Gateway::launch(options.arg("--recover")).await;
        let client = recovered.client();
        let source = client.get(&format!("/v1/sources/{}", pipeline.source)).await;
        assert_eq!(source.status, 200, "{how}: the configuration comes back: {source:?}");
        let before = sink.hits().len();
        pipeline.accept(&client, &json!({"n": "after"})).await;
        sink.wait_until("service goes on", |hits| {
            hits[before..].iter().any(|hit| hit.json()["n"] == "after")
        })
        .await;
    }
}

#[tokio::test]
async fn a_directory_has_one_owner() {
    let gateway = Gateway::start().await;
    let Err((status, log)) = Gateway::try_launch(Options::new(gateway.data())).await else {
        panic!("two gateways on one directory")
    };
    assert_eq!(status.code(), Some(EXIT_STORE), "{log}");
    assert!(log.contains("another hookmill"), "{log}");
    gateway.client().get("/v1/sources").await.expect(200);
}
