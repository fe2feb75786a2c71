//! What of a lane goes in one request. New deliveries go as soon as enough of them wait, or the first has waited for long
//! enough. Those that failed together are due together, and go together again. Not here: the request (`dispatch::batch`).

use std::time::Duration;

use super::Gate;
use super::Parked;
use super::Queue;
use crate::domain::destination::BatchRule;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;

/// What a worker sends next in one request.
#[derive(Debug)]
pub(crate) enum NextBatch {
    /// These.
    Ready(Vec<Job>),
    /// Those that can be loaded of these.
    Parked(Vec<(DeliveryId, Parked)>),
    /// Nothing now; the worker's place is free again. Something may be due at that time.
    Nothing(Option<Timestamp>),
}

impl Queue {
    /// The same as `next`, for several.
    pub(crate) fn next_batch(
        &mut self,
        now: Timestamp,
        gate: Gate,
        rule: &BatchRule,
        paused: impl Fn(&Parked) -> bool,
    ) -> NextBatch {
        if gate == Gate::Shut {
            self.workers = self.workers.saturating_sub(1);
            return NextBatch::Nothing(None);
        }
        let (most, wait) = (rule.max_events as usize, Duration::from_millis(rule.max_wait_ms));
        self.put_aside(now, most, paused);
        let parked = self.due_together(now, most, wait);
        if !parked.is_empty() {
            self.working.extend(parked.iter().map(|(id, _)| *id));
            return NextBatch::Parked(parked);
        }
        let first = self.ready.front().map(|job| job.received_at.plus(wait));
        if self.ready.len() >= most || first.is_some_and(|first| first <= now) {
            let taken = self.ready.drain(..most.min(self.ready.len()));
            let jobs: Vec<Job> = taken.map(|job| *job).collect();
            self.ready_bytes -= jobs.iter().map(|job| job.bytes.payload.len()).sum::<usize>();
            self.working.extend(jobs.iter().map(|job| job.id));
            return NextBatch::Ready(jobs);
        }
        self.workers = self.workers.saturating_sub(1);
        let parked = self.parked.iter().next().map(|((due, _), parked)| sent_at(*due, parked, wait));
        NextBatch::Nothing(first.into_iter().chain(parked).min())
    }

    /// Those at the head that are held back, up to as many as can be sent.
    fn put_aside(&mut self, now: Timestamp, most: usize, paused: impl Fn(&Parked) -> bool) {
        let (mut held, mut can_go) = (Vec::new(), 0);
        for (key, parked) in &self.parked {
            if key.0 > now || can_go == most {
                break;
            }
            if paused(parked) {
                held.push((*key, *parked));
            } else {
                can_go += 1;
            }
        }
        for (key, parked) in held {
            self.parked.remove(&key);
            self.aside.push((key, parked));
        }
    }

    fn due_together(&mut self, now: Timestamp, most: usize, wait: Duration) -> Vec<(DeliveryId, Parked)> {
        let Some(((first_due, _), first)) = self.parked.first_key_value() else { return Vec::new() };
        let (first_due, is_new) = (*first_due, first.is_new());
        let together = self.parked.iter().take_while(|((due, _), parked)| {
            *due <= now && parked.is_new() == is_new && (is_new || *due == first_due)
        });
        let keys: Vec<_> = together.map(|(key, _)| *key).take(most).collect();
        if keys.len() < most && sent_at(first_due, first, wait) > now {
            return Vec::new();
        }
        let take = |key: (Timestamp, DeliveryId)| self.parked.remove(&key).map(|parked| (key.1, parked));
        keys.into_iter().filter_map(take).collect()
    }
}

impl Parked {
    /// Whether it was never sent: it came when there was no room in memory, or while something was paused.
    fn is_new(&self) -> bool {
        self.attempts == 0
    }
}

/// When it is sent, also without others.
fn sent_at(due: Timestamp, parked: &Parked, wait: Duration) -> Timestamp {
    if parked.is_new() { due.plus(wait) } else { due }
}
