//! What a sandboxed transform costs beside the same code run natively: the guest is
//! `tests/guests/lead`, the native twin is the very file it is built from. Times of `transform`
//! are CPU time, for the sandbox that of the whole call (instance made, configured, asked, thrown
//! away) as the gateway charges it; `throughput` is wall time of many calls at once, handing over included.
//!
//! Build the guest first: `tests/guests/build.sh`.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use futures::future::join_all;
use hookmill::domain::grant::Grants;
use hookmill::domain::id::WorkspaceId;
use hookmill::domain::plugin::GuestEvent;
use hookmill::domain::plugin::Verdict;
use hookmill::sandbox::Compiler;
use hookmill::sandbox::Plugin;
use hookmill::sandbox::Sandbox;
use hookmill::sandbox::SandboxOptions;
use tokio::runtime::Runtime;

#[path = "marks/clock.rs"]
mod clock;
#[path = "marks/lead.rs"]
mod lead;
#[path = "../../tests/guests/lead/src/transform.rs"]
mod transform;

use crate::clock::thread_cpu;
use crate::lead::event;
use crate::lead::payload;

const SIZES: [(&str, usize); 3] = [("0.3K", 0), ("1K", 1 << 10), ("10K", 10 << 10)];

fn native(payload: &[u8]) -> (&'static str, Vec<u8>) {
    match transform::transform(payload, 0.8) {
        Ok(transform::Lead::Forward(event_type, bytes)) => (event_type, bytes),
        Ok(transform::Lead::Drop(reason)) | Err(reason) => panic!("{reason}"),
    }
}

struct Bench {
    runtime: Runtime,
    plugin: Plugin,
    config: Arc<str>,
    // Held: the plugin stops working when they go.
    _sandbox: Sandbox,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").canonicalize().expect("the repository");
        let guest = root.with_file_name("target/guests/lead.wasm");
        let bytes = std::fs::read(&guest).expect("build the guests first: tests/guests/build.sh");
        let dir = tempfile::tempdir().expect("a folder");
        let options = SandboxOptions::new(dir.path().join("plugins"), Compiler::InProcess, 1);
        let sandbox = Sandbox::new(options).expect("a sandbox");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let plugin = runtime.block_on(async {
            let admitted = sandbox.admit(bytes.into()).await.expect("the guest is honest");
            sandbox
                .load(WorkspaceId::from_bits(0), &admitted.digest, Grants::default())
                .await
                .expect("it was just admitted")
        });
        Self { runtime, plugin, config: "{}".into(), _sandbox: sandbox, _dir: dir }
    }

    /// CPU time of one event in an instance of its own.
    fn fresh(&self, event: &GuestEvent) -> Duration {
        let ran =
            self.runtime.block_on(self.plugin.run(self.config.clone(), event.clone())).expect("it runs");
        assert!(matches!(ran.verdict, Verdict::Forward(_)));
        ran.cost.cpu
    }

    /// CPU time of a batch in one instance.
    fn batch(&self, event: &GuestEvent, events: usize) -> Duration {
        let run = self.plugin.run_batch(self.config.clone(), vec![event.clone(); events]);
        let ran = self.runtime.block_on(run).expect("it runs");
        assert!(ran.results.iter().all(Result::is_ok));
        ran.cost.cpu
    }

    fn at_once(&self, event: &GuestEvent, calls: usize) {
        let calls = (0..calls).map(|_| self.plugin.run(self.config.clone(), event.clone()));
        for ran in self.runtime.block_on(join_all(calls)) {
            assert!(ran.is_ok());
        }
    }

    /// CPU time of an instance that is asked next to nothing.
    fn configure(&self) -> bool {
        self.runtime.block_on(self.plugin.check_config(&self.config)).is_ok()
    }
}

fn sandbox(criterion: &mut Criterion) {
    let bench = Bench::new();
    let mut group = criterion.benchmark_group("transform");
    for (name, size) in SIZES {
        let payload = payload(size);
        let event = event(payload.clone());
        group.bench_function(BenchmarkId::new("native", name), |bencher| {
            bencher.iter_custom(|times| {
                let began = thread_cpu();
                for _ in 0..times {
                    black_box(native(black_box(&payload)));
                }
                thread_cpu() - began
            });
        });
        group.bench_function(BenchmarkId::new("fresh", name), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| bench.fresh(&event)).sum());
        });
        group.bench_function(BenchmarkId::new("batch of 10, each", name), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| bench.batch(&event, 10) / 10).sum());
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("throughput");
    let event = event(payload(1 << 10));
    group.throughput(Throughput::Elements(64));
    group.bench_function("64 at once, 1K", |bencher| bencher.iter(|| bench.at_once(&event, 64)));
    group.throughput(Throughput::Elements(1));
    group.bench_function("one at a time, 1K", |bencher| bencher.iter(|| bench.at_once(&event, 1)));
    group.bench_function("configure alone", |bencher| bencher.iter(|| assert!(bench.configure())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = sandbox
}
criterion_main!(benches);
