//! Metrics, latencies and the log as others use them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::plugin::Fault;
use crate::domain::time::Timestamp;
use crate::observe::Latencies;
use crate::observe::LogFormat;
use crate::observe::Metrics;
use crate::observe::Percentiles;
use crate::observe::PluginCall;
use crate::observe::QueueKind;
use crate::observe::StepLabel;
use crate::observe::StepVerdict;
use crate::observe::TextFormat;
use crate::observe::subscriber::subscriber;

#[test]
fn every_count_shows_under_its_name() {
    let metrics = Metrics::new("1.2.3");
    metrics.received(3);
    metrics.duplicate();
    metrics.rejected("bad_signature");
    metrics.planned(false);
    metrics.step(StepLabel::Mapping, StepVerdict::Drop);
    let plugin = metrics.plugin("filter-leads");
    plugin.called(&PluginCall { cpu_us: 21, memory_bytes: 4096, output_bytes: 7, fault: None });
    plugin.faulted(&Fault::Refused { message: "no".to_owned() });
    metrics.delivery(DeliveryState::FailedByGateway);
    metrics.attempt(None);
    metrics.attempt(Some(ErrorCode::Timeout));
    metrics.in_flight(2);
    metrics.plugin_artifacts([1, 5, 0]);
    metrics.queued(QueueKind::Retry, 9);
    metrics.commits().committed(7, 0.0003);
    metrics.acknowledged(0.0015);
    metrics.end_to_end(0.0025);
    let text = metrics.encode(TextFormat::OpenMetrics);
    for line in [
        "hookmill_build_info{version=\"1.2.3\"} 1",
        "hookmill_events_received_total 3",
        "hookmill_events_duplicate_total 1",
        "hookmill_events_rejected_total{code=\"bad_signature\"} 1",
        "hookmill_events_planned_total 1",
        "hookmill_events_unrouted_total 1",
        "hookmill_steps_total{step=\"mapping\",verdict=\"drop\"} 1",
        "hookmill_plugin_calls_total{plugin=\"filter-leads\"} 1",
        "hookmill_plugin_cpu_microseconds_total{plugin=\"filter-leads\"} 21",
        "hookmill_plugin_output_bytes_total{plugin=\"filter-leads\"} 7",
        "hookmill_plugin_memory_peak_bytes{plugin=\"filter-leads\"} 4096",
        "hookmill_plugin_faults_total{plugin=\"filter-leads\",fault=\"refused\"} 1",
        "hookmill_deliveries_total{state=\"failed_by_gateway\"} 1",
        "hookmill_attempts_total{outcome=\"ok\"} 1",
        "hookmill_attempts_total{outcome=\"timeout\"} 1",
        "hookmill_attempts_in_flight 2",
        "hookmill_plugin_artifacts{state=\"building\"} 1",
        "hookmill_plugin_artifacts{state=\"ready\"} 5",
        "hookmill_queued{queue=\"retry\"} 9",
        "hookmill_commits_total 1",
        "hookmill_commit_records_sum 7.0",
        "hookmill_acknowledge_seconds_count 1",
        "hookmill_end_to_end_seconds_count 1",
    ] {
        assert!(text.lines().any(|have| have == line), "no `{line}` in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn two_servers_count_apart() {
    let (one, other) = (Metrics::new("1"), Metrics::new("1"));
    one.received(1);
    assert_eq!((one.received_total(), other.received_total()), (1, 0));
}

#[test]
fn old_latencies_are_forgotten() {
    let latencies = Latencies::new(Duration::from_secs(5));
    let at = |secs: u64| Timestamp::from_millis(1_000_000_000_000 + secs * 1000);
    assert_eq!(latencies.percentiles(at(0)), Percentiles::default());
    for micros in 1..=100 {
        latencies.record(at(0), Duration::from_micros(micros));
    }
    latencies.record(at(30), Duration::from_secs(9999));
    let seen = latencies.percentiles(at(50));
    assert_eq!((seen.count, seen.p50_us, seen.p90_us), (101, 51, 91));
    assert!(seen.max_us >= 3_600_000_000, "{seen:?}");
    assert_eq!(latencies.percentiles(at(61)).count, 1);
    assert_eq!(latencies.percentiles(at(600)).count, 0);
    latencies.record(at(600), Duration::from_micros(5));
    assert_eq!(latencies.percentiles(at(601)).count, 1);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_is_filtered_and_json_when_asked() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = subscriber(LogFormat::Json, "info", move || writer.clone()).unwrap();
    tracing::subscriber::with_default(log, || {
        tracing::debug!("unseen");
        tracing::warn!(event = "evt_1", "slow");
    });
    let text = String::from_utf8(lines.0.lock().clone()).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((line["level"].as_str(), line["event"].as_str()), (Some("WARN"), Some("evt_1")));
    assert_eq!(line["message"], "slow");
    assert!(subscriber(LogFormat::Text, "info,=,", io::stderr).is_err());
}

#[test]
fn what_others_sent_can_neither_drive_a_terminal_nor_add_a_line() {
    let foreign = "x\n2026-01-01T00:00:00Z  INFO all is well \x1b[2J\u{9b}31m\u{202e}";
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = subscriber(format, "info", move || writer.clone()).unwrap();
        tracing::subscriber::with_default(log, || {
            tracing::warn!(shown = %foreign, quoted = foreign, debugged = ?foreign, "said {foreign}");
        });
        let text = String::from_utf8(lines.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let driving = |letter: char| letter.is_control() || letter == '\u{202e}';
        assert!(text.ends_with('\n') && !text.trim_end_matches('\n').contains(driving), "{text:?}");
        assert!(text.contains("all is well"), "{text}");
    }
}
