//! The command itself: flags in, the parts put together, an exit code out.
//! Not here: the parts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::ensure;

use crate::cli::Exit;
use crate::cli::bench::child::Child;
use crate::cli::bench::load::Load;
use crate::cli::bench::load::Until;
use crate::cli::bench::report::Report;
use crate::cli::bench::set_up;
use crate::cli::bench::sink::Sink;
use crate::cli::bench::time_travel;
use crate::cli::bench::yardstick::Yardstick;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::config::parse_duration;

/// How long nothing may arrive until what is missing counts as lost.
const STALL: Duration = Duration::from_secs(15);

/// Stands for the built-in mapping; no file has this name.
pub(super) const BUILT_IN: &str = "<built-in>";

/// Flags of `bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Connections that send, each one request after the other.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Bytes of each payload.
    #[arg(long, default_value_t = 1024)]
    payload_bytes: usize,
    /// How long to send, such as 10s.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    duration: Duration,
    /// Send that many instead.
    #[arg(long, value_name = "N", conflicts_with = "duration")]
    requests: Option<u64>,
    /// Requests before measuring begins.
    #[arg(long, default_value_t = 5000)]
    warm_up: u64,
    /// Run each event through this plugin.
    #[arg(long, value_name = "FILE")]
    pub(super) plugin: Option<PathBuf>,
    /// Run each event through a mapping: this file's, or the built-in one.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = BUILT_IN)]
    pub(super) mapping: Option<PathBuf>,
    /// Requests to the receiver at a time.
    #[arg(long, default_value_t = 32)]
    pub(super) concurrency: u32,
    /// Where the data goes; on the disk to be measured [default: a new directory here].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Store that many events, then compare other steps on all of them while events come in, in place of what is
    /// measured otherwise.
    #[arg(long, value_name = "N", requires = "plugin", conflicts_with_all = ["requests", "mapping"])]
    time_travel: Option<u64>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub(crate) fn run(args: &BenchArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(measured(args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((text, is_whole)) => {
            print(&text);
            if is_whole { Exit::Ok } else { Exit::Failed }
        }
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

/// What is to be printed, and whether everything arrived.
async fn measured(args: &BenchArgs) -> anyhow::Result<(String, bool)> {
    ensure!(args.connections > 0, "--connections: expected at least 1");
    let start = Instant::now();
    let sink = Sink::start(start).await.context("listen for deliveries")?;
    let child = Child::start(args.data.as_deref()).await?;
    let path = set_up::pipeline(&child, &sink.url(), args).await.context("set up the pipeline")?;
    let load = Arc::new(Load::new(child.address(), &path, args.payload_bytes, start));
    if let Some(events) = args.time_travel {
        let report = time_travel::measure(&child, &sink, &load, args.connections, events).await?;
        child.stop().await;
        return Ok((if args.json { format!("{}\n", report.json()) } else { report.text() }, true));
    }
    let report = measure(args, child, &sink, &load).await?;
    let text = if args.json { format!("{}\n", report.json()) } else { report.text() };
    Ok((text, report.missing == 0))
}

async fn measure(args: &BenchArgs, child: Child, sink: &Sink, load: &Arc<Load>) -> anyhow::Result<Report> {
    let warm = load.run(args.connections, Until::Requests(args.warm_up)).await?;
    drain(sink, warm.accepted).await;
    sink.forget();

    let yardstick = Yardstick::start()?;
    let before = child.cpu()?;
    let began = Instant::now();
    let until = args.requests.map_or(Until::Passed(args.duration), Until::Requests);
    let sent = load.run(args.connections, until).await?;
    let sending = began.elapsed();
    drain(sink, sent.accepted).await;
    let received = sink.received();
    let lasted = if received.last > began { received.last - began } else { sending };
    let cpu = child.cpu()?.saturating_sub(before);
    let memory = child.memory()?;
    child.stop().await;
    let yardstick = yardstick.stop()?;
    Ok(Report {
        connections: args.connections,
        payload_bytes: args.payload_bytes,
        plugin: args.plugin.is_some(),
        mapping: args.mapping.is_some(),
        accepted: sent.accepted,
        refused: sent.refused,
        delivered: received.distinct,
        duplicates: received.requests - received.distinct,
        missing: sent.accepted.saturating_sub(received.distinct),
        sending,
        lasted,
        cpu,
        yardstick,
        memory,
        acknowledged: sent.latencies,
        end_to_end: received.latencies,
    })
}

/// Waits until everything arrived, or nothing does any more.
pub(super) async fn drain(sink: &Sink, wanted: u64) {
    let mut seen = (0, Instant::now());
    while seen.0 < wanted && seen.1.elapsed() < STALL {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = sink.distinct();
        if now > seen.0 {
            seen = (now, Instant::now());
        }
    }
}
