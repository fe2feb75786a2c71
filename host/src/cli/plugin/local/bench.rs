//! `plugin bench`: what an event costs, over many runs of each example in the real sandbox.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use crate::cli::Exit;
use crate::cli::plugin::local::examine;
use crate::cli::plugin::local::examine::Examiner;
use crate::cli::plugin::local::example;
use crate::cli::plugin::local::example::ExampleEvent;
use crate::cli::plugin::report;
use crate::domain::plugin::Fault;
use crate::domain::units::parse_duration;
use crate::domain::units::rounded_size;
use crate::sandbox::Plugin;

/// Runs that are not counted: the first ones find nothing in the caches.
const WARM_UP: u32 = 20;

/// Flags of `plugin bench`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct PluginBenchArgs {
    /// A .wasm file or the folder of a project [default: the project here, built].
    file: Option<PathBuf>,
    /// How long to run each example.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    each: Duration,
}

pub(in crate::cli::plugin) async fn run(args: &PluginBenchArgs, json: bool) -> anyhow::Result<Exit> {
    let bytes = examine::bytes(args.file.as_deref())?;
    let examiner = Examiner::new()?;
    let (plugin, admitted) = match examiner.plugin(bytes).await? {
        Ok(examined) => examined,
        Err(refusal) => return Ok(report::refused(json, &refusal)),
    };
    let examples = example::of(&serde_json::from_str(&admitted.manifest_json)?);
    if examples.is_empty() {
        report::talk("no examples: write some to examples/*.json");
        return Ok(Exit::Failed);
    }
    let mut measured = Vec::new();
    for example in examples {
        measured.push(measure(&plugin, example, args.each).await?);
    }
    let head = format!("{:>10} {:>10} {:>9} {:>9}  example", "CPU median", "CPU p99", "memory", "bytes in");
    let lines: Vec<String> = std::iter::once(head).chain(measured.iter().map(Measured::text)).collect();
    let value: Value = measured.iter().map(Measured::json).collect();
    Ok(report::data(json, &json!({"name": admitted.name, "examples": value}), &lines.join("\n")))
}

/// CPU times of one example.
#[derive(Debug)]
struct Measured {
    name: String,
    bytes: u64,
    memory: u64,
    /// Sorted; at least one.
    cpu: Vec<Duration>,
}

/// Runs one event after the other, each in a fresh instance, as the gateway does. A refusal costs as a verdict does;
/// a fault of the gateway ends the measurement.
async fn measure(plugin: &Plugin, example: ExampleEvent, each: Duration) -> Result<Measured, Fault> {
    let ExampleEvent { name, config, event } = example;
    let bytes = event.payload.len() as u64;
    let mut measured = Measured { name, bytes, memory: 0, cpu: Vec::new() };
    let start = Instant::now();
    for run in 0.. {
        let cost = match plugin.run(config.clone(), event.clone()).await {
            Ok(ran) => ran.cost,
            Err(failure) if matches!(failure.fault, Fault::Host { .. }) => return Err(failure.fault),
            Err(failure) => failure.cost,
        };
        measured.memory = measured.memory.max(cost.memory_peak_bytes);
        if run >= WARM_UP {
            measured.cpu.push(cost.cpu);
            if start.elapsed() >= each {
                break;
            }
        }
    }
    measured.cpu.sort_unstable();
    Ok(measured)
}

impl Measured {
    /// In µs; `part` from 0 to 1.
    fn quantile(&self, part: f64) -> f64 {
        let at = ((self.cpu.len() - 1) as f64 * part) as usize;
        self.cpu[at].as_secs_f64() * 1e6
    }

    fn text(&self) -> String {
        let (median, p99) = (self.quantile(0.5), self.quantile(0.99));
        let (memory, bytes) = (rounded_size(self.memory), rounded_size(self.bytes));
        format!("{median:>7.1} µs {p99:>7.1} µs {memory:>9} {bytes:>9}  {}", self.name)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "runs": self.cpu.len(),
            "cpu_us_p50": self.quantile(0.5),
            "cpu_us_p99": self.quantile(0.99),
            "memory_bytes": self.memory,
            "payload_bytes": self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_line() {
        let cpu = (1..=100).map(Duration::from_micros).collect();
        let measured = Measured { name: "a lead".to_owned(), bytes: 300, memory: 2 << 20, cpu };
        assert_eq!(measured.text(), "   50.0 µs    99.0 µs   2.0 MiB     300 B  a lead");
        assert_eq!(measured.json()["runs"], 100);
    }
}
