//! What waits for one destination: payloads ready in memory, and the ids of deliveries parked on
//! disk until they are due. A pure structure behind one short lock; nothing here waits or sends.

mod batch;
mod sent;

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::SendRate;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;

pub(crate) use batch::NextBatch;
use sent::SentLately;

/// Deliveries kept ready in memory per destination; the others are parked on disk.
const READY_MAX: usize = 1024;
/// Bytes of payloads kept ready in memory per destination.
const READY_BYTES_MAX: usize = 2 << 20;

/// What a worker does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Send this.
    Ready(Box<Job>),
    /// Load this from the store and send it.
    Parked(DeliveryId, Parked),
    /// Nothing now; the worker's place is free again. Something may be due at that time.
    Nothing(Option<Timestamp>),
}

/// What was taken out of a lane.
#[derive(Debug)]
pub(crate) enum Removed {
    /// From memory.
    Ready(Box<Job>),
    /// Only its id, which was parked until that time.
    Parked(Timestamp, Parked),
}

/// What is remembered of a delivery whose record is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    /// By which connection it was made.
    pub connection: ConnectionId,
    /// Attempts its newest record counts; a read that finds fewer came too early.
    pub attempts: u8,
    /// Whether its steps are still to be run: it waited for a plugin, or for somebody to retry it.
    pub held: bool,
    /// How often in a row it could not be loaded through a fault that passes.
    pub faults: u32,
}

impl Parked {
    /// Of a record that is on disk, or on its way there.
    pub(crate) fn of(record: &DeliveryRecord) -> Self {
        let held = record.state == DeliveryState::Held;
        Self { connection: record.connection, attempts: record.attempts, held, faults: 0 }
    }
}

/// Whether deliveries may go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// They may.
    Open,
    /// The destination is paused or the server is stopping.
    Shut,
    /// Not before that time: the destination has got as many as it takes.
    Later(Timestamp),
}

impl Gate {
    /// If nothing may go out now: from when on it may, if that is known.
    fn shut_until(self) -> Option<Option<Timestamp>> {
        match self {
            Self::Open => None,
            Self::Shut => Some(None),
            Self::Later(at) => Some(Some(at)),
        }
    }
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    ready: VecDeque<Box<Job>>,
    ready_bytes: usize,
    parked: BTreeMap<(Timestamp, DeliveryId), Parked>,
    aside: Vec<((Timestamp, DeliveryId), Parked)>,
    /// What workers have taken and not given back.
    working: Vec<DeliveryId>,
    workers: u32,
    parked_turn: bool,
    /// When requests went out, where there is a rate.
    sent: SentLately,
}

impl Queue {
    /// Takes a delivery into memory, or gives it back when it must be parked: too much waits.
    pub(crate) fn offer(&mut self, job: Box<Job>, gate: Gate) -> Result<(), Box<Job>> {
        let bytes = job.bytes.payload.len();
        let full = self.ready.len() >= READY_MAX || self.ready_bytes + bytes > READY_BYTES_MAX;
        if gate == Gate::Shut || (full && !self.ready.is_empty()) {
            return Err(job);
        }
        self.ready_bytes += bytes;
        self.ready.push_back(job);
        Ok(())
    }

    /// Remembers a delivery that has a record in the store.
    pub(crate) fn park(&mut self, due: Timestamp, id: DeliveryId, parked: Parked) {
        self.parked.insert((due, id), parked);
    }

    /// Whether one more worker may start; if so its place is taken.
    pub(crate) fn take_worker(&mut self, workers_max: u32) -> bool {
        let wanted = !self.ready.is_empty() || !self.parked.is_empty();
        let free = self.workers < workers_max.max(1);
        if wanted && free {
            self.workers += 1;
        }
        wanted && free
    }

    /// What a worker does next. Memory and disk take turns, so neither starves the other.
    /// `Nothing` also gives the worker's place back, under the same lock that saw the emptiness:
    /// nothing can slip in between.
    pub(crate) fn next(&mut self, now: Timestamp, gate: Gate, paused: impl Fn(&Parked) -> bool) -> Next {
        if let Some(until) = gate.shut_until() {
            self.workers = self.workers.saturating_sub(1);
            return Next::Nothing(until);
        }
        self.parked_turn = !self.parked_turn;
        if (self.parked_turn || self.ready.is_empty())
            && let Some((id, parked)) = self.pop_due(now, &paused)
        {
            return Next::Parked(id, parked);
        }
        if let Some(job) = self.ready.pop_front() {
            self.ready_bytes -= job.bytes.payload.len();
            self.working.push(job.id);
            return Next::Ready(job);
        }
        self.workers = self.workers.saturating_sub(1);
        Next::Nothing(self.parked.keys().next().map(|(due, _)| *due))
    }

    /// The gate with the destination's rate.
    pub(crate) fn within_rate(&mut self, gate: Gate, rate: Option<SendRate>, now: Timestamp) -> Gate {
        match rate {
            Some(rate) if gate == Gate::Open => self.sent.next_at(rate, now).map_or(Gate::Open, Gate::Later),
            Some(_) => gate,
            None => {
                self.sent.forget();
                gate
            }
        }
    }

    /// Takes the next request's turn in the destination's rate; or says from when on there is one. Looked at and taken
    /// under one lock: of two that ask at once, one gets the last turn.
    pub(crate) fn take_turn(&mut self, rate: SendRate, now: Timestamp) -> Result<(), Timestamp> {
        match self.sent.next_at(rate, now) {
            Some(later) => Err(later),
            None => {
                self.sent.note(rate, now);
                Ok(())
            }
        }
    }

    /// A request goes out.
    pub(crate) fn note_sent(&mut self, rate: Option<SendRate>, now: Timestamp) {
        if let Some(rate) = rate {
            self.sent.note(rate, now);
        }
    }

    fn pop_due(&mut self, now: Timestamp, paused: impl Fn(&Parked) -> bool) -> Option<(DeliveryId, Parked)> {
        while let Some(entry) = self.parked.first_entry() {
            if entry.key().0 > now {
                return None;
            }
            let (key, parked) = entry.remove_entry();
            if !paused(&parked) {
                self.working.push(key.1);
                return Some((key.1, parked));
            }
            self.aside.push((key, parked));
        }
        None
    }

    /// A worker is done with a delivery: it has ended, or waits somewhere.
    pub(crate) fn done(&mut self, id: DeliveryId) {
        if let Some(at) = self.working.iter().position(|working| *working == id) {
            self.working.swap_remove(at);
        }
    }

    /// A worker ends without having been told to.
    pub(crate) fn leave(&mut self) {
        self.workers = self.workers.saturating_sub(1);
    }

    /// Whether a delivery waits here or is with a worker. Quick if it is parked until that time or with a worker.
    pub(crate) fn has(&self, id: DeliveryId, due: Timestamp) -> bool {
        self.parked.contains_key(&(due, id))
            || self.working.contains(&id)
            || self.ready.iter().any(|job| job.id == id)
            || self.aside.iter().any(|((_, parked), _)| *parked == id)
            || self.parked.keys().any(|(_, parked)| *parked == id)
    }

    /// Looks again at what paused connections and plugins in quarantine held back.
    pub(crate) fn readmit(&mut self) {
        self.parked.extend(self.aside.drain(..));
    }

    /// Takes a waiting delivery out. Slow; for operators.
    pub(crate) fn remove(&mut self, id: DeliveryId) -> Option<Removed> {
        if let Some(at) = self.ready.iter().position(|job| job.id == id) {
            let job = self.ready.remove(at)?;
            self.ready_bytes -= job.bytes.payload.len();
            return Some(Removed::Ready(job));
        }
        if let Some(key) = self.parked.keys().find(|(_, parked)| *parked == id).copied() {
            return self.parked.remove(&key).map(|parked| Removed::Parked(key.0, parked));
        }
        let at = self.aside.iter().position(|((_, parked), _)| *parked == id)?;
        let ((due, _), parked) = self.aside.swap_remove(at);
        Some(Removed::Parked(due, parked))
    }

    /// Deliveries waiting: in memory, and on disk.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.ready.len(), self.parked.len() + self.aside.len())
    }
}
