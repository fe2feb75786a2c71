//! Percentiles of the recent past, for the statistics of the API. Pure: the time is an argument.
//! Not here: histograms for a monitoring system (`metrics`).

use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

use crate::domain::time::Timestamp;

/// Intervals that are remembered; the oldest is forgotten when a new one begins.
const INTERVALS: u64 = 12;

/// An hour. Longer ones count as that.
const LONGEST_US: u64 = 3_600_000_000;

/// What the values of a time span look like; microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// How many values.
    pub count: u64,
    /// Half of them were at most this.
    pub p50_us: u64,
    /// Nine in ten.
    pub p90_us: u64,
    /// 99 in a hundred.
    pub p99_us: u64,
    /// The largest.
    pub max_us: u64,
}

/// Values of the last twelve intervals, within 1 %. About 300 KB when all of them are in use.
#[derive(Debug)]
pub struct Latencies {
    interval_ms: u64,
    ring: Mutex<Vec<Slot>>,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    histogram: Histogram<u32>,
}

fn histogram() -> Histogram<u32> {
    Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are constants hdrhistogram takes")
}

impl Latencies {
    /// Nothing yet. `interval` times twelve is what is remembered; at least a millisecond.
    pub fn new(interval: Duration) -> Self {
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { interval_ms, ring: Mutex::new(Vec::new()) }
    }

    /// Takes a value in.
    pub fn record(&self, now: Timestamp, value: Duration) {
        let number = now.as_millis() / self.interval_ms;
        let place = usize::try_from(number % INTERVALS).unwrap_or_default();
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let mut ring = self.ring.lock();
        while ring.len() <= place {
            ring.push(Slot { number, histogram: histogram() });
        }
        let slot = &mut ring[place];
        if slot.number != number {
            slot.number = number;
            slot.histogram.reset();
        }
        slot.histogram.saturating_record(micros.max(1));
    }

    /// What the remembered intervals hold, the present one included.
    pub fn percentiles(&self, now: Timestamp) -> Percentiles {
        let present = now.as_millis() / self.interval_ms;
        let oldest = present.saturating_sub(INTERVALS - 1);
        let mut sum = histogram();
        let ring = self.ring.lock();
        for slot in ring.iter().filter(|slot| (oldest..=present).contains(&slot.number)) {
            sum.add(&slot.histogram).expect("all histograms have the same bounds");
        }
        drop(ring);
        if sum.is_empty() {
            return Percentiles::default();
        }
        Percentiles {
            count: sum.len(),
            p50_us: sum.value_at_quantile(0.5),
            p90_us: sum.value_at_quantile(0.9),
            p99_us: sum.value_at_quantile(0.99),
            max_us: sum.max(),
        }
    }
}
