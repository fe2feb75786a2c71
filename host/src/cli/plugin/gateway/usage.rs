//! `plugin usage`: what a plugin costs, as a small table. Not here: counting.

use clap::Args;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::plugin::report;
use crate::domain::units::rounded_size;

/// Flags of `plugin usage`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct UsageArgs {
    /// The plugin.
    name: String,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

pub(in crate::cli::plugin) async fn run(args: &UsageArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let usage = client.get(&format!("v1/plugins/{}/usage", args.name)).await?;
    Ok(report::data(json, &usage, &table(&usage)))
}

/// One line for each version in each connection, with the calls of the last hour drawn small.
fn table(usage: &Value) -> String {
    let rows = usage["rows"].as_array().map_or(&[] as &[_], Vec::as_slice);
    if rows.is_empty() {
        let name = usage["plugin"].as_str().unwrap_or_default();
        return format!("{name}: no live event has met it since the server started");
    }
    let head = format!(
        "{:<20} {:<20} {:>9} {:>7} {:>9} {:>9} {:>9} {:>10} {:>10}  calls of the last hour",
        "version", "connection", "calls", "faults", "cpu p50", "p95", "total", "memory", "output"
    );
    let lines = rows.iter().map(line);
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn line(row: &Value) -> String {
    let number = |at: &str| row.pointer(at).and_then(Value::as_u64).unwrap_or_default();
    let version: String = row["version"].as_str().unwrap_or_default().chars().take(19).collect();
    let connection = row["connection_name"].as_str().or(row["connection"].as_str()).unwrap_or_default();
    let connection: String = connection.chars().take(20).collect();
    let faults = row["faults"].as_object().into_iter().flat_map(|faults| faults.values());
    let faults: u64 = faults.filter_map(Value::as_u64).sum();
    format!(
        "{version:<20} {connection:<20} {:>9} {faults:>7} {:>9} {:>9} {:>9} {:>10} {:>10}  {}",
        number("/calls"),
        time(number("/cpu/p50_us")),
        time(number("/cpu/p95_us")),
        time(number("/cpu/total_us")),
        rounded_size(number("/memory_peak_bytes")),
        rounded_size(number("/output_bytes")),
        sparkline(&minutes(row)),
    )
}

/// The calls of each minute from the first that had some to the last.
fn minutes(row: &Value) -> Vec<u64> {
    let points = row["minutes"].as_array().into_iter().flatten();
    let read = |point: &Value| {
        let at: crate::domain::time::Timestamp = point["at"].as_str()?.parse().ok()?;
        Some((at.as_millis() / 60_000, point["calls"].as_u64()?))
    };
    let points: Vec<(u64, u64)> = points.filter_map(read).collect();
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return Vec::new() };
    let calls = |minute: u64| points.iter().find(|(at, _)| *at == minute).map_or(0, |(_, calls)| *calls);
    (*first..=(*last).min(first + 59)).map(calls).collect()
}

/// Eight heights, the highest for the largest; a blank for none at all.
fn sparkline(values: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().copied().max().unwrap_or_default().max(1);
    let bar = |value: u64| match value {
        0 => ' ',
        value => BARS[usize::try_from((value * 8).div_ceil(most) - 1).unwrap_or(7).min(7)],
    };
    values.iter().map(|value| bar(*value)).collect()
}

fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_a_line() {
        let point = |at: &str, calls: u64| json!({"at": at, "calls": calls});
        let row = json!({
            "version": format!("sha256:{}", "ab".repeat(32)), "connection": "con_1", "connection_name": "leads",
            "calls": 1204, "faults": {"trapped": 2, "refused": 1}, "memory_peak_bytes": 2 << 20, "output_bytes": 500,
            "cpu": {"p50_us": 21, "p95_us": 1500, "total_us": 31_000_000},
            "minutes": [point("2026-01-02T03:04:00Z", 1), point("2026-01-02T03:06:00Z", 8)],
        });
        let text = table(&json!({"plugin": "leads", "rows": [row]}));
        let line = text.lines().nth(1).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..5], ["sha256:abababababab", "leads", "1204", "3", "21"], "{text}");
        assert!(line.contains("1.5 ms") && line.contains("31.0 s") && line.ends_with("▁ █"), "{text}");
        assert!(table(&json!({"plugin": "new", "rows": []})).starts_with("new: no live event"));
    }

    #[test]
    fn bars_grow_with_the_values() {
        assert_eq!(sparkline(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[3]), "█");
    }
}
