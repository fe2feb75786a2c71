//! Time travel: steps compared on stored events, how many a second, and what live events notice of it. Not here:
//! sending, receiving, the pipeline.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::bail;
use hdrhistogram::Histogram;
use serde_json::Value;
use serde_json::json;

use crate::cli::bench::child::Child;
use crate::cli::bench::load::Load;
use crate::cli::bench::load::Until;
use crate::cli::bench::report::QUANTILES;
use crate::cli::bench::report::millis;
use crate::cli::bench::report::per_second;
use crate::cli::bench::set_up::Api;
use crate::cli::bench::set_up::NAME;
use crate::cli::bench::set_up::plugin_step;
use crate::cli::bench::sink::Sink;
use crate::cli::bench::sink::drain;

/// Live events: that many connections, each with a pause after every answer. Some hundred a second, which leave most of
/// the machine unused.
const LIVE: usize = 4;
const PAUSE: Duration = Duration::from_millis(10);
/// How long live events are sent alone first.
const QUIET: Duration = Duration::from_secs(8);
/// How often it is asked whether the comparison is over.
const LOOK: Duration = Duration::from_millis(50);

/// One measurement.
#[derive(Debug)]
pub(super) struct TimeTravelReport {
    /// Events compared.
    done: u64,
    /// How long that took.
    lasted: Duration,
    /// What the comparison said at its end.
    over: Value,
    /// CPU time of the gateway meanwhile, live events included.
    cpu: Duration,
    quiet: Live,
    meanwhile: Live,
}

/// How live events fared.
#[derive(Debug)]
struct Live {
    acknowledged: Histogram<u64>,
    delivered: Histogram<u64>,
}

/// Stores events and measures.
pub(super) async fn measure(
    child: &Child,
    sink: &Sink,
    load: &Arc<Load>,
    connections: usize,
    events: u64,
) -> anyhow::Result<TimeTravelReport> {
    let api = Api::of(child)?;
    let stored = load.run(connections, Until::Requests(events)).await?;
    drain(sink, stored.accepted).await;
    let quiet = live(sink, load, Until::Passed(QUIET)).await?;

    let request = json!({"connection": NAME, "steps": [plugin_step(0.6)], "last": events});
    let (cpu, began) = (child.cpu()?, Instant::now());
    let begun = api.post("/v1/comparisons", "application/json", request.to_string().into_bytes()).await?;
    let path = format!("/v1/comparisons/{}", begun["id"].as_str().context("a comparison has an id")?);
    let watching = async {
        let watched = watch(&api, &path).await;
        let lasted = began.elapsed();
        load.stop();
        watched.map(|over| (over, lasted))
    };
    let (watched, meanwhile) = tokio::join!(watching, live(sink, load, Until::Told));
    let (over, lasted) = watched?;
    let cpu = child.cpu()?.saturating_sub(cpu);
    let done = over["done"].as_u64().context("a comparison says how many it did")?;
    Ok(TimeTravelReport { done, lasted, over, cpu, quiet, meanwhile: meanwhile? })
}

/// Waits until the comparison is over; what it says then.
async fn watch(api: &Api<'_>, path: &str) -> anyhow::Result<Value> {
    loop {
        tokio::time::sleep(LOOK).await;
        let now = api.get(path).await?;
        match now["state"].as_str() {
            Some("queued" | "running") => {}
            Some("finished") => return Ok(now),
            _ => bail!("the comparison ended otherwise: {now}"),
        }
    }
}

async fn live(sink: &Sink, load: &Arc<Load>, until: Until) -> anyhow::Result<Live> {
    sink.forget();
    let sent = load.paced(LIVE, until, PAUSE).await?;
    drain(sink, sent.accepted).await;
    Ok(Live { acknowledged: sent.latencies, delivered: sink.received().latencies })
}

impl TimeTravelReport {
    /// How much larger the 99th percentile of what live events wait is meanwhile.
    fn ratio(&self, of: impl Fn(&Live) -> &Histogram<u64>) -> f64 {
        let p99 = |live| millis(of(live), 0.99);
        p99(&self.meanwhile) / p99(&self.quiet)
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> Value {
        let p99 = |live: &Live| json!({"acknowledged_ms": millis(&live.acknowledged, 0.99), "delivered_ms": millis(&live.delivered, 0.99)});
        json!({
            "compared": self.done,
            "compared_per_second": per_second(self.done, self.lasted),
            "counts": self.over["counts"],
            "compared_with": self.over["compared_with"],
            "server_cpu_seconds": self.cpu.as_secs_f64(),
            "p99_alone": p99(&self.quiet),
            "p99_meanwhile": p99(&self.meanwhile),
        })
    }

    /// A table.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("time travel: stored events through other steps, beside what was sent\n");
        let mut row = |name: &str, value: String| {
            let _infallible = writeln!(text, "  {name:<24} {value}");
        };
        let (done, lasted) = (self.done, self.lasted);
        row("compared", format!("{done} in {:.1} s ({}/s)", lasted.as_secs_f64(), per_second(done, lasted)));
        row("counts", self.over["counts"].to_string());
        row("compared with", self.over["compared_with"].to_string());
        row("server CPU", format!("{:.1} s", self.cpu.as_secs_f64()));
        for (name, live) in [("alone", &self.quiet), ("meanwhile", &self.meanwhile)] {
            for (what, histogram) in [("acknowledged", &live.acknowledged), ("delivered", &live.delivered)] {
                let quantiles = QUANTILES
                    .iter()
                    .map(|(name, quantile)| format!("{name} {} ms", millis(histogram, *quantile)));
                row(&format!("{what}, {name}"), quantiles.collect::<Vec<_>>().join(" · "));
            }
        }
        let (acknowledged, delivered) =
            (self.ratio(|live| &live.acknowledged), self.ratio(|live| &live.delivered));
        row(
            "p99 meanwhile",
            format!("acknowledged {acknowledged:.2} x, delivered {delivered:.2} x that alone"),
        );
        text
    }
}
