//! What calls of plugins cost, by version and connection: sums since the start, by the minute for an hour, by the hour
//! for a day. In memory only, and bounded. Pure: the time is an argument. Not here: metrics for a monitoring system.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use crate::domain::id::ConnectionId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;

/// Versions in connections that are remembered, at some 10 KB each; then the one that was quiet longest is forgotten.
const ROWS_MAX: usize = 2000;
/// Milliseconds of a short and of a long interval, and how many there are of each.
const MINUTE: (u64, u64) = (60_000, 60);
const HOUR: (u64, u64) = (3_600_000, 24);
/// Ten minutes; longer calls count as that.
const LONGEST_US: u64 = 600_000_000;

/// One call, as it is counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct PluginCall {
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// Linear memory at its end, bytes.
    pub memory_bytes: u64,
    /// Bytes of the payloads it gave.
    pub output_bytes: u64,
    /// The fault's name, if it ended in one.
    pub fault: Option<&'static str>,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSums {
    /// Calls.
    pub calls: u64,
    /// Of these, how many ended in a fault; refusals are among them.
    pub faults: u64,
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// The most linear memory of a call, bytes.
    pub memory_peak_bytes: u64,
    /// Bytes of the payloads it gave.
    pub output_bytes: u64,
}

/// What one version did in one connection.
#[derive(Clone, Debug)]
pub struct UsageRow {
    /// The version.
    pub version: Digest,
    /// The connection.
    pub connection: ConnectionId,
    /// Since the start.
    pub total: UsageSums,
    /// Faults since the start, by name.
    pub faults: BTreeMap<&'static str, u64>,
    /// CPU microseconds that half of the calls, 95 and 99 in a hundred, and all of them stayed within; within 10 %.
    pub cpu_p50_us: u64,
    /// See `cpu_p50_us`.
    pub cpu_p95_us: u64,
    /// See `cpu_p50_us`.
    pub cpu_p99_us: u64,
    /// See `cpu_p50_us`.
    pub cpu_max_us: u64,
    /// The last hour by the minute in which it begins, oldest first; minutes without a call are left out.
    pub minutes: Vec<(Timestamp, UsageSums)>,
    /// The last day by the hour.
    pub hours: Vec<(Timestamp, UsageSums)>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Usage {
    rows: Mutex<HashMap<Key, Row>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    workspace: WorkspaceId,
    plugin: Arc<str>,
    version: Digest,
    connection: ConnectionId,
}

struct Row {
    last: Timestamp,
    total: UsageSums,
    faults: BTreeMap<&'static str, u64>,
    cpu: Histogram<u32>,
    minutes: Ring,
    hours: Ring,
}

/// Sums of the last intervals, by their number since 1970.
#[derive(Debug)]
struct Ring {
    shape: (u64, u64),
    slots: Vec<(u64, UsageSums)>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({:?})", self.total)
    }
}

impl Usage {
    /// Counts a call.
    pub fn record(
        &self,
        now: Timestamp,
        workspace: WorkspaceId,
        plugin: &Arc<str>,
        version: Digest,
        connection: ConnectionId,
        call: &PluginCall,
    ) {
        let key = Key { workspace, plugin: plugin.clone(), version, connection };
        let mut rows = self.rows.lock();
        if rows.len() >= ROWS_MAX && !rows.contains_key(&key) {
            let quiet = rows.iter().min_by_key(|(_, row)| row.last).map(|(key, _)| key.clone());
            quiet.and_then(|quiet| rows.remove(&quiet));
        }
        rows.entry(key).or_insert_with(Row::new).add(now, call);
    }

    /// What is remembered of a plugin: most calls first.
    pub fn of(&self, workspace: WorkspaceId, plugin: &str, now: Timestamp) -> Vec<UsageRow> {
        let rows = self.rows.lock();
        let own = rows.iter().filter(|(key, _)| key.workspace == workspace && &*key.plugin == plugin);
        let mut list: Vec<UsageRow> = own.map(|(key, row)| row.show(key, now)).collect();
        drop(rows);
        list.sort_by_key(|row| (std::cmp::Reverse(row.total.calls), row.version, row.connection));
        list
    }

    /// The last hour of all plugins of a workspace together, by the minute.
    pub fn last_hour(&self, workspace: WorkspaceId, now: Timestamp) -> Vec<(Timestamp, UsageSums)> {
        let rows = self.rows.lock();
        let own = rows.iter().filter(|(key, _)| key.workspace == workspace);
        merged(own.flat_map(|(_, row)| row.minutes.since(now)))
    }
}

/// Sums of several series, oldest first.
pub fn merged(points: impl Iterator<Item = (Timestamp, UsageSums)>) -> Vec<(Timestamp, UsageSums)> {
    let mut all: BTreeMap<Timestamp, UsageSums> = BTreeMap::new();
    points.for_each(|(at, sums)| all.entry(at).or_default().merge(&sums));
    all.into_iter().collect()
}

impl UsageSums {
    fn add(&mut self, call: &PluginCall) {
        self.merge(&Self {
            calls: 1,
            faults: u64::from(call.fault.is_some()),
            cpu_us: call.cpu_us,
            memory_peak_bytes: call.memory_bytes,
            output_bytes: call.output_bytes,
        });
    }

    /// Adds others; of the peaks the higher one stays.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.faults += other.faults;
        self.cpu_us += other.cpu_us;
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        self.output_bytes += other.output_bytes;
    }
}

impl Row {
    fn new() -> Self {
        let cpu = Histogram::new_with_bounds(1, LONGEST_US, 1);
        Self {
            last: Timestamp::default(),
            total: UsageSums::default(),
            faults: BTreeMap::new(),
            cpu: cpu.expect("the bounds are constants hdrhistogram takes"),
            minutes: Ring { shape: MINUTE, slots: Vec::new() },
            hours: Ring { shape: HOUR, slots: Vec::new() },
        }
    }

    fn add(&mut self, now: Timestamp, call: &PluginCall) {
        self.last = now;
        self.total.add(call);
        if let Some(fault) = call.fault {
            *self.faults.entry(fault).or_default() += 1;
        }
        self.cpu.saturating_record(call.cpu_us.max(1));
        self.minutes.add(now, call);
        self.hours.add(now, call);
    }

    fn show(&self, key: &Key, now: Timestamp) -> UsageRow {
        let within = |share: f64| self.cpu.value_at_quantile(share);
        UsageRow {
            version: key.version,
            connection: key.connection,
            total: self.total,
            faults: self.faults.clone(),
            cpu_p50_us: within(0.5),
            cpu_p95_us: within(0.95),
            cpu_p99_us: within(0.99),
            cpu_max_us: self.cpu.max(),
            minutes: self.minutes.since(now),
            hours: self.hours.since(now),
        }
    }
}

impl Ring {
    fn add(&mut self, now: Timestamp, call: &PluginCall) {
        let (interval, count) = self.shape;
        let number = now.as_millis() / interval;
        let place = self.slots.iter().position(|(have, _)| have % count == number % count);
        let place = place.unwrap_or_else(|| {
            self.slots.push((number, UsageSums::default()));
            self.slots.len() - 1
        });
        let slot = &mut self.slots[place];
        if slot.0 != number {
            *slot = (number, UsageSums::default());
        }
        slot.1.add(call);
    }

    fn since(&self, now: Timestamp) -> Vec<(Timestamp, UsageSums)> {
        let (interval, count) = self.shape;
        let present = now.as_millis() / interval;
        let oldest = (present + 1).saturating_sub(count);
        let fresh = self.slots.iter().filter(|(number, _)| (oldest..=present).contains(number));
        let mut list: Vec<_> =
            fresh.map(|(number, sums)| (Timestamp::from_millis(number * interval), *sums)).collect();
        list.sort_by_key(|(at, _)| *at);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_699_999_200_000;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_millis(START + minutes * 60_000)
    }

    fn record(usage: &Usage, minute: u64, connection: u128, call: &PluginCall) {
        let (workspace, plugin) = (WorkspaceId::from_bits(1), "leads".into());
        let (version, connection) = (Digest::from_bytes([7; 32]), ConnectionId::from_bits(connection));
        usage.record(at(minute), workspace, &plugin, version, connection, call);
    }

    fn of(usage: &Usage, minute: u64) -> Vec<UsageRow> {
        usage.of(WorkspaceId::from_bits(1), "leads", at(minute))
    }

    #[test]
    fn sums_and_what_is_too_old_for_them() {
        let usage = Usage::default();
        let call = |cpu_us, fault| PluginCall { cpu_us, memory_bytes: cpu_us * 10, output_bytes: 5, fault };
        record(&usage, 0, 1, &call(100, None));
        record(&usage, 0, 1, &call(300, Some("trapped")));
        record(&usage, 59, 1, &call(200, Some("refused")));
        let row = &of(&usage, 59)[0];
        let total = UsageSums { calls: 3, faults: 2, cpu_us: 600, memory_peak_bytes: 3000, output_bytes: 15 };
        assert_eq!(row.total, total);
        assert_eq!(row.faults, BTreeMap::from([("trapped", 1), ("refused", 1)]));
        assert!((180..=220).contains(&row.cpu_p50_us) && row.cpu_max_us >= 290, "{row:?}");
        let calls = |list: &[(Timestamp, UsageSums)]| -> Vec<(Timestamp, u64)> {
            list.iter().map(|(at, sums)| (*at, sums.calls)).collect()
        };
        assert_eq!(calls(&row.minutes), [(at(0), 2), (at(59), 1)]);
        assert_eq!(row.hours.len(), 1);
        // An hour later, a day later.
        assert_eq!(calls(&of(&usage, 60)[0].minutes), [(at(59), 1)]);
        record(&usage, 60, 1, &call(1, None));
        assert_eq!(calls(&of(&usage, 60)[0].minutes), [(at(59), 1), (at(60), 1)]);
        let row = &of(&usage, 24 * 60)[0];
        assert_eq!((row.minutes.len(), calls(&row.hours)), (0, vec![(at(60), 1)]));
        assert_eq!(row.total.calls, 4);
    }

    #[test]
    fn connections_count_apart_and_only_so_many() {
        let usage = Usage::default();
        for connection in 0..ROWS_MAX as u128 + 5 {
            record(&usage, connection as u64, connection, &PluginCall::default());
        }
        let rows = of(&usage, 0);
        assert_eq!(rows.len(), ROWS_MAX);
        assert!(rows.iter().all(|row| row.connection >= ConnectionId::from_bits(5)), "the quiet ones went");
        let hour = usage.last_hour(WorkspaceId::from_bits(1), at(ROWS_MAX as u64 + 4));
        assert_eq!((hour.len(), hour[0].1.calls), (60, 1));
        assert!(usage.last_hour(WorkspaceId::from_bits(2), at(0)).is_empty());
    }
}
