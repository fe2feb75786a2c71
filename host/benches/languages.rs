//! What an event costs in each language: the plugin that `plugin new` makes, the same in all of them. CPU
//! time of the whole call (instance made, configured, asked, thrown away), as the gateway charges it.
//!
//! Those that are there are measured. To make one, `js` for example:
//! `hookmill plugin new leads --lang js --dir target/languages/js`, `npm install` there, and
//! `hookmill plugin build target/languages/js`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use hookmill::domain::grant::Grants;
use hookmill::domain::id::WorkspaceId;
use hookmill::domain::plugin::GuestEvent;
use hookmill::sandbox::Compiler;
use hookmill::sandbox::Plugin;
use hookmill::sandbox::Sandbox;
use hookmill::sandbox::SandboxOptions;
use serde_json::json;
use tokio::runtime::Runtime;

const LANGUAGES: [&str; 4] = ["rust", "c", "js", "python"];
const SIZES: [(&str, usize); 3] = [("0.3K", 0), ("1K", 1 << 10), ("10K", 10 << 10)];
const BATCH: usize = 20;

/// A signal, padded to about `bytes` by what the plugin does not look at.
fn event(bytes: usize) -> GuestEvent {
    let mut signal = json!({
        "signal_type": "product_qualified_lead", "confidence": 0.92, "source": "analytics",
        "account": {"name": "Example Industries", "domain": "example.com"},
        "enrichment": {"company_size": "50-200", "industry": "Software"}, "activity": [],
    });
    let mut turn = 0;
    while signal.to_string().len() < bytes {
        turn += 1;
        let entry = json!({"name": format!("event_{turn}"), "url": format!("https://example.com/é?turn={turn}"),
            "share": f64::from(turn) / 7.0, "new": true});
        signal["activity"].as_array_mut().expect("a list").push(entry);
    }
    GuestEvent {
        id: "evt_01J9ZK3V7Q8M4N5P6R7S8T9V0W".into(),
        event_type: "signal".into(),
        source: "analytics".into(),
        received_at: "2026-03-01T12:00:01Z".into(),
        headers: Vec::new(),
        content_type: "application/json".into(),
        payload: Bytes::from(signal.to_string()),
    }
}

/// The plugin of a language, if it was built.
fn plugin(runtime: &Runtime, sandbox: &Sandbox, language: &str) -> Option<Plugin> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let built = root.join("target/languages").join(language).join("target");
    let file = [built.join(language), built.join("leads")].map(|path| path.with_extension("wasm"));
    let bytes = file.iter().find_map(|file| std::fs::read(file).ok())?;
    Some(runtime.block_on(async {
        let admitted = sandbox.admit(bytes.into()).await.expect("the plugin is honest");
        sandbox
            .load(WorkspaceId::from_bits(0), &admitted.digest, Grants::default())
            .await
            .expect("it was just admitted")
    }))
}

fn languages(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a folder");
    let options = SandboxOptions::new(dir.path().join("plugins"), Compiler::InProcess, 1);
    let sandbox = Sandbox::new(options).expect("a sandbox");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config: Arc<str> = r#"{"min_confidence":0.8}"#.into();
    for language in LANGUAGES {
        let Some(plugin) = plugin(&runtime, &sandbox, language) else { continue };
        let mut group = criterion.benchmark_group(language);
        for (name, size) in SIZES {
            let event = event(size);
            let fresh = || {
                let ran = runtime.block_on(plugin.run(config.clone(), event.clone()));
                ran.expect("it runs").cost.cpu
            };
            let batch = || {
                let ran = runtime.block_on(plugin.run_batch(config.clone(), vec![event.clone(); BATCH]));
                ran.expect("it runs").cost.cpu / u32::try_from(BATCH).expect("small")
            };
            group.bench_function(BenchmarkId::new("fresh", name), |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| fresh()).sum());
            });
            group.bench_function(BenchmarkId::new("batch of 20, each", name), |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| batch()).sum());
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    targets = languages
}
criterion_main!(benches);
