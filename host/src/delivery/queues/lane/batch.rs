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
        if let Some(until) = gate.shut_until() {
            self.workers = self.workers.saturating_sub(1);
            return NextBatch::Nothing(until);
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
        NextBatch::Nothing(first.into_iter().chain(self.next_parked(wait)).min())
    }

    /// Those at the head that are held back, up to as many as are looked at: fewer than `most` new ones and `most` others.
    fn put_aside(&mut self, now: Timestamp, most: usize, paused: impl Fn(&Parked) -> bool) {
        let (mut held, mut can_go) = (Vec::new(), 0);
        for (key, parked) in &self.parked {
            if key.0 > now || can_go == 2 * most {
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

    /// What failed together and is due goes before what is new: that may wait for others, which must hold nobody up.
    fn due_together(&mut self, now: Timestamp, most: usize, wait: Duration) -> Vec<(DeliveryId, Parked)> {
        let (mut new, mut again) = (Vec::new(), Vec::new());
        let mut again_due = None;
        for (key, parked) in &self.parked {
            let is_another = again_due.is_some_and(|due| key.0 != due);
            if key.0 > now || is_another || new.len() == most || again.len() == most {
                break;
            }
            if parked.is_new() {
                new.push(*key);
            } else {
                again_due = Some(key.0);
                again.push(*key);
            }
        }
        let new_due = new.first().map(|(due, _)| due.plus(wait));
        let keys = match (again.is_empty(), new_due) {
            (false, _) => again,
            (true, Some(due)) if new.len() == most || due <= now => new,
            (true, _) => return Vec::new(),
        };
        let take = |key: (Timestamp, DeliveryId)| self.parked.remove(&key).map(|parked| (key.1, parked));
        keys.into_iter().filter_map(take).collect()
    }

    /// When the first of what is parked goes, also without others. Behind the first that goes again, none is sooner.
    fn next_parked(&self, wait: Duration) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        for ((due, _), parked) in &self.parked {
            let goes = if parked.is_new() { due.plus(wait) } else { *due };
            next = Some(next.map_or(goes, |next| next.min(goes)));
            if !parked.is_new() {
                break;
            }
        }
        next
    }
}

impl Parked {
    /// Whether it was never sent: it came when there was no room in memory, or while something was paused.
    fn is_new(&self) -> bool {
        self.attempts == 0
    }
}
