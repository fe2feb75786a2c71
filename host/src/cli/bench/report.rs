//! What the bench found, for people and for programs. Not here: finding it.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::Value;
use serde_json::json;

use crate::cli::bench::child::MemoryUse;

/// One measurement.
#[derive(Debug)]
pub(super) struct BenchReport {
    /// Connections that sent.
    pub(super) connections: usize,
    /// Bytes of a payload.
    pub(super) payload_bytes: usize,
    /// Whether a plugin ran.
    pub(super) plugin: bool,
    /// Whether a mapping ran.
    pub(super) mapping: bool,
    /// Events acknowledged, each after it was on disk.
    pub(super) accepted: u64,
    /// Requests answered otherwise.
    pub(super) refused: u64,
    /// Events that arrived.
    pub(super) delivered: u64,
    /// Requests that brought an event again.
    pub(super) duplicates: u64,
    /// Acknowledged events that did not arrive.
    pub(super) missing: u64,
    /// How long was sent.
    pub(super) sending: Duration,
    /// From the first request to the last arrival.
    pub(super) lasted: Duration,
    /// CPU time of the gateway, all of its threads.
    pub(super) cpu: Duration,
    /// What the machine took meanwhile to read and write a kibibyte of JSON.
    pub(super) yardstick: Duration,
    /// Memory of the gateway at the end.
    pub(super) memory: MemoryUse,
    /// From request to acknowledgement.
    pub(super) acknowledged: Histogram<u64>,
    /// From request to arrival.
    pub(super) end_to_end: Histogram<u64>,
}

pub(super) const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];

#[expect(clippy::cast_precision_loss, reason = "a report is rounded anyway")]
pub(super) fn millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

fn latencies(histogram: &Histogram<u64>) -> Value {
    QUANTILES
        .iter()
        .map(|(name, quantile)| ((*name).to_owned(), json!(millis(histogram, *quantile))))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a report is rounded anyway")]
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { (count as f64 / time.as_secs_f64()).round() }
}

impl BenchReport {
    #[expect(clippy::cast_precision_loss, reason = "a report is rounded anyway")]
    fn cpu_us_per_event(&self) -> f64 {
        (self.cpu.as_secs_f64() * 1e7 / self.delivered.max(1) as f64).round() / 10.0
    }

    /// The same as a multiple of the yardstick: a figure that depends less on the machine.
    fn yardsticks_per_event(&self) -> f64 {
        let yardstick_us = self.yardstick.as_secs_f64() * 1e6;
        (self.cpu_us_per_event() / yardstick_us * 10.0).round() / 10.0
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> Value {
        json!({
            "connections": self.connections,
            "payload_bytes": self.payload_bytes,
            "plugin": self.plugin,
            "mapping": self.mapping,
            "accepted": self.accepted,
            "refused": self.refused,
            "delivered": self.delivered,
            "duplicates": self.duplicates,
            "missing": self.missing,
            "accepted_per_second": per_second(self.accepted, self.sending),
            "delivered_per_second": per_second(self.delivered, self.lasted),
            "server_cpu_us_per_event": self.cpu_us_per_event(),
            "yardstick_us": (self.yardstick.as_secs_f64() * 1e7).round() / 10.0,
            "server_cpu_yardsticks_per_event": self.yardsticks_per_event(),
            "acknowledged_ms": latencies(&self.acknowledged),
            "end_to_end_ms": latencies(&self.end_to_end),
            "resident_bytes": self.memory.resident,
            "resident_bytes_peak": self.memory.peak,
        })
    }

    /// A table.
    pub(super) fn text(&self) -> String {
        let steps = match (self.mapping, self.plugin) {
            (false, false) => "no steps",
            (true, false) => "a mapping",
            (false, true) => "a plugin",
            (true, true) => "a mapping and a plugin",
        };
        let mut text = format!(
            "{} bytes a payload, {} connections, {steps}; acknowledged when on disk\n",
            self.payload_bytes, self.connections
        );
        let mut row = |name: &str, value: String| {
            let _infallible = writeln!(text, "  {name:<24} {value}");
        };
        row("accepted", format!("{} ({}/s)", self.accepted, per_second(self.accepted, self.sending)));
        row("delivered", format!("{} ({}/s)", self.delivered, per_second(self.delivered, self.lasted)));
        row("refused", self.refused.to_string());
        row("missing, duplicates", format!("{}, {}", self.missing, self.duplicates));
        row("server CPU per event", format!("{} µs", self.cpu_us_per_event()));
        let (times, yardstick) = (self.yardsticks_per_event(), self.yardstick);
        row("", format!("{times} times what serde_json takes here to read and write 1 KiB, {yardstick:.1?}"));
        for (name, histogram) in
            [("acknowledged after", &self.acknowledged), ("delivered after", &self.end_to_end)]
        {
            let quantiles = QUANTILES
                .iter()
                .map(|(name, quantile)| format!("{name} {} ms", millis(histogram, *quantile)));
            row(name, quantiles.collect::<Vec<_>>().join(" · "));
        }
        let mib = |bytes: u64| bytes / (1 << 20);
        row("memory", format!("{} MiB, at most {} MiB", mib(self.memory.resident), mib(self.memory.peak)));
        text
    }
}
