//! A worker's place at a lane: what it has taken out and not given back, and that it is there at all. In whatever way
//! the worker ends, both go with it, so that others can take its place and what it had is seen to be with nobody.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::delivery::queues::Gate;
use crate::delivery::queues::Next;
use crate::delivery::queues::Parked;
use crate::delivery::queues::Queue;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct WorkerPlace {
    lane: Arc<Mutex<Queue>>,
    taken: Option<DeliveryId>,
    given_back: bool,
}

impl WorkerPlace {
    /// The place that `take_worker` gave.
    pub(super) fn new(lane: Arc<Mutex<Queue>>) -> Self {
        Self { lane, taken: None, given_back: false }
    }

    /// Gives back what was taken, and takes the next. Nothing gives the place back, too.
    pub(super) fn next(&mut self, now: Timestamp, gate: Gate, paused: impl Fn(&Parked) -> bool) -> Next {
        let mut lane = self.lane.lock();
        if let Some(id) = self.taken.take() {
            lane.done(id);
        }
        let next = lane.next(now, gate, paused);
        match &next {
            Next::Ready(job) => self.taken = Some(job.id),
            Next::Parked(id, _) => self.taken = Some(*id),
            Next::Nothing(_) => self.given_back = true,
        }
        next
    }
}

impl Drop for WorkerPlace {
    fn drop(&mut self) {
        let mut lane = self.lane.lock();
        if let Some(id) = self.taken.take() {
            lane.done(id);
        }
        if !self.given_back {
            lane.leave();
        }
    }
}
