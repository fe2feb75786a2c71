//! The command itself: flags in, the parts put together, an exit code out.
//! Not here: the parts.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::ensure;

use crate::cli::Exit;
use crate::cli::bench::args::BenchArgs;
use crate::cli::bench::child::Child;
use crate::cli::bench::load::Load;
use crate::cli::bench::load::Until;
use crate::cli::bench::report::BenchReport;
use crate::cli::bench::set_up;
use crate::cli::bench::sink::Sink;
use crate::cli::bench::sink::drain;
use crate::cli::bench::time_travel;
use crate::cli::bench::yardstick::Yardstick;
use crate::cli::text::print;
use crate::cli::text::talk;

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

async fn measure(
    args: &BenchArgs,
    child: Child,
    sink: &Sink,
    load: &Arc<Load>,
) -> anyhow::Result<BenchReport> {
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
    Ok(BenchReport {
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
