//! A worker's place at a lane: what it has taken out and not given back, and that it is there at all. In whatever way
//! the worker ends, both go with it, so that others can take its place and what it had is seen to be with nobody.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::delivery::queues::Gate;
use crate::delivery::queues::Next;
use crate::delivery::queues::NextBatch;
use crate::delivery::queues::Parked;
use crate::delivery::queues::Queue;
use crate::domain::destination::BatchRule;
use crate::domain::destination::SendRate;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct WorkerPlace {
    lane: Arc<Mutex<Queue>>,
    /// What the destination takes in a time.
    pub(super) rate: Option<SendRate>,
    taken: Vec<DeliveryId>,
    given_back: bool,
}

impl WorkerPlace {
    /// The place that `take_worker` gave.
    pub(super) fn new(lane: Arc<Mutex<Queue>>) -> Self {
        Self { lane, rate: None, taken: Vec::new(), given_back: false }
    }

    /// Gives back what was taken, and takes the next. Nothing gives the place back, too.
    pub(super) fn next(&mut self, now: Timestamp, gate: Gate, paused: impl Fn(&Parked) -> bool) -> Next {
        let mut lane = self.lane.lock();
        self.taken.drain(..).for_each(|id| lane.done(id));
        let gate = lane.within_rate(gate, self.rate, now);
        let next = lane.next(now, gate, paused);
        match &next {
            Next::Ready(job) => self.taken.push(job.id),
            Next::Parked(id, _) => self.taken.push(*id),
            Next::Nothing(_) => self.given_back = true,
        }
        if !self.given_back {
            lane.note_sent(self.rate, now);
        }
        next
    }

    /// The same for several.
    pub(super) fn next_batch(
        &mut self,
        now: Timestamp,
        gate: Gate,
        rule: &BatchRule,
        paused: impl Fn(&Parked) -> bool,
    ) -> NextBatch {
        let mut lane = self.lane.lock();
        self.taken.drain(..).for_each(|id| lane.done(id));
        let gate = lane.within_rate(gate, self.rate, now);
        let next = lane.next_batch(now, gate, rule, paused);
        match &next {
            NextBatch::Ready(jobs) => self.taken.extend(jobs.iter().map(|job| job.id)),
            NextBatch::Parked(parked) => self.taken.extend(parked.iter().map(|(id, _)| *id)),
            NextBatch::Nothing(_) => self.given_back = true,
        }
        if !self.given_back {
            lane.note_sent(self.rate, now);
        }
        next
    }
}

impl Drop for WorkerPlace {
    fn drop(&mut self) {
        let mut lane = self.lane.lock();
        self.taken.drain(..).for_each(|id| lane.done(id));
        if !self.given_back {
            lane.leave();
        }
    }
}
