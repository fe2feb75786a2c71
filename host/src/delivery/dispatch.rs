//! Brings deliveries to the wire: into their destination's lane or onto the disk, and keeps at
//! most the destination's number of workers busy with each lane. Not here: sending, deciding.

mod batch;
mod load;
mod place;
mod refusals;
mod split;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::resources::transport::Transport;
use crate::control::snapshot::DestinationRuntime;
use crate::control::snapshot::Snapshot;
use crate::delivery::Delivery;
use crate::delivery::deliver;
use crate::delivery::dispatch::place::WorkerPlace;
use crate::delivery::in_flight::WorkspaceSlots;
use crate::delivery::queues::Gate;
use crate::delivery::queues::Next;
use crate::delivery::queues::NextBatch;
use crate::delivery::queues::Parked;
use crate::delivery::queues::Queue;
use crate::delivery::settle;
use crate::delivery::settle::Settlement;
use crate::domain::config::FlowState;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::BatchRule;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::pipeline::job::ToDeliver;
use crate::rules::lifecycle;
use crate::rules::lifecycle::Cx;
use crate::rules::lifecycle::LifecycleInput;
use crate::store::Change;
use crate::store::Store;

/// Milliseconds that a delivery waits for others in memory, at most.
const IN_MEMORY_MS: u64 = 2000;

impl Delivery {
    /// Takes over what an event came to.
    pub(crate) fn take(&self, made: ToDeliver) {
        made.jobs.into_iter().for_each(|job| self.enqueue(job));
        self.take_parked(made.parked);
    }

    /// Takes over deliveries with records. Their time may have passed long ago.
    pub(crate) fn take_parked(&self, parked: impl IntoIterator<Item = DeliveryRecord>) {
        for record in parked {
            self.park(record.destination, record.due, record.id, Parked::of(&record));
        }
    }

    /// Takes a new delivery: into memory if there is room and nothing is paused, else onto disk.
    pub(super) fn enqueue(&self, job: Job) {
        let snapshot = self.snapshot();
        let lane = self.lanes().of(job.destination);
        let waits = snapshot.is_paused(job.connection) || waits_long(&snapshot, job.destination);
        let gate = if waits { Gate::Shut } else { self.gate(job.destination) };
        let destination = job.destination;
        let offered = lane.lock().offer(Box::new(job), gate);
        if let Err(job) = offered {
            self.park_new(*job);
        }
        self.kick(destination, &lane);
    }

    /// Gives a delivery that was never tried a record of its own, due at once. Its bytes are made
    /// again when its turn comes.
    fn park_new(&self, mut job: Job) {
        let due = job.received_at;
        let mut change = Change::default();
        change.deliveries.push(job.record(DeliveryState::Pending, due));
        change.closed.extend(job.close());
        self.store().note(change);
        self.park(
            job.destination,
            due,
            job.id,
            Parked { connection: job.connection, attempts: 0, held: false, faults: 0 },
        );
    }

    /// Remembers when a delivery with a record is due.
    pub(crate) fn park(&self, destination: DestinationId, due: Timestamp, id: DeliveryId, parked: Parked) {
        let lane = self.lanes().of(destination);
        lane.lock().park(due, id, parked);
        if due <= self.now() {
            self.kick(destination, &lane);
        } else {
            self.alarm().set(due, destination);
        }
    }

    /// Wakes destinations when their next delivery is due; never ends.
    pub(crate) async fn run_alarm(&self) {
        self.alarm().run(self.clock(), |destination| self.wake(destination)).await;
    }

    /// Looks at a destination again: something is due, or it was resumed.
    fn wake(&self, destination: DestinationId) {
        let lane = self.lanes().of(destination);
        self.kick(destination, &lane);
    }

    /// Looks at every destination again, also at what paused connections held back.
    pub(crate) fn wake_all(&self) {
        for (destination, lane) in self.lanes().all() {
            lane.lock().readmit();
            self.kick(destination, &lane);
        }
    }

    /// When something may be due.
    fn look_again(&self, due: Option<Timestamp>, destination: DestinationId) {
        if let Some(due) = due {
            self.alarm().set(due, destination);
        }
    }

    fn gate(&self, destination: DestinationId) -> Gate {
        let snapshot = self.snapshot();
        let paused = snapshot
            .documents
            .destinations
            .get(destination)
            .is_some_and(|found| found.state == FlowState::Paused);
        if paused || self.is_stopping() { Gate::Shut } else { Gate::Open }
    }

    /// Starts a worker if the lane has work and the destination allows one more.
    fn kick(&self, destination: DestinationId, lane: &Arc<Mutex<Queue>>) {
        if self.gate(destination) == Gate::Shut {
            return;
        }
        let snapshot = self.snapshot();
        let workers_max =
            snapshot.destinations.get(&destination).map_or(1, |found| found.destination.concurrency);
        let most = u32::try_from(self.wire().to_destination_max()).unwrap_or(u32::MAX);
        if lane.lock().take_worker(workers_max.min(most)) {
            let (delivery, lane) = (self.clone(), lane.clone());
            self.spawn(async move { work(delivery, destination, lane).await });
        }
    }
}

/// One worker: delivers what the lane gives until it gives nothing.
async fn work(delivery: Delivery, destination: DestinationId, lane: Arc<Mutex<Queue>>) {
    let mut place = WorkerPlace::new(lane.clone());
    let mut share = None;
    loop {
        let snapshot = delivery.snapshot();
        let gate = delivery.gate(destination);
        place.rate = snapshot.destinations.get(&destination).and_then(|found| found.destination.rate);
        let waits = |parked: &Parked| waits(&snapshot, parked);
        if let Some((found, rule)) = batching(&snapshot, destination) {
            let taken = place.next_batch(delivery.now(), gate, rule, waits);
            if let NextBatch::Nothing(next_due) = taken {
                return delivery.look_again(next_due, destination);
            }
            delivery.kick(destination, &lane);
            let jobs = Box::pin(batch::load(&delivery, destination, taken)).await;
            if let Some(first) = jobs.first() {
                let share = share.get_or_insert_with(|| delivery.wire().share(first.workspace));
                Box::pin(batch::attempt(&delivery, share, found, rule, jobs)).await;
            }
            continue;
        }
        let next = place.next(delivery.now(), gate, waits);
        let job = match next {
            Next::Ready(job) => *job,
            // Rare and large: the future of every other worker need not have room for it.
            Next::Parked(id, parked) => match Box::pin(load::run(&delivery, destination, id, parked)).await {
                Some(job) => job,
                None => continue,
            },
            Next::Nothing(next_due) => return delivery.look_again(next_due, destination),
        };
        // Another worker can use the next one meanwhile.
        delivery.kick(destination, &lane);
        match snapshot.destinations.get(&destination) {
            Some(found) => {
                // Of one destination, all are of one workspace.
                let share = share.get_or_insert_with(|| delivery.wire().share(job.workspace));
                attempt(&delivery, share, found, job).await
            }
            None => cancel(&delivery, job),
        }
    }
}

/// How its deliveries go in one request, if they do.
fn batching(snapshot: &Snapshot, destination: DestinationId) -> Option<(&DestinationRuntime, &BatchRule)> {
    let found = snapshot.destinations.get(&destination)?;
    match &found.transport {
        Transport::Http(transport) => transport.batch.as_ref().map(|rule| (found.as_ref(), rule)),
        _ => None,
    }
}

/// Whether a new delivery waits for others for so long that it does so on disk: in memory it would hold its event.
fn waits_long(snapshot: &Snapshot, destination: DestinationId) -> bool {
    batching(snapshot, destination).is_some_and(|(_, rule)| rule.max_wait_ms > IN_MEMORY_MS)
}

/// Whether a delivery that is due is held back.
fn waits(snapshot: &Snapshot, parked: &Parked) -> bool {
    snapshot.is_paused(parked.connection) || (parked.held && snapshot.is_quarantined(parked.connection))
}

async fn attempt(delivery: &Delivery, share: &WorkspaceSlots, destination: &DestinationRuntime, job: Job) {
    let turn = delivery.wire().turn(share).await;
    let began = delivery.now();
    delivery.observer().metrics.in_flight(1);
    let attempted = deliver::run(delivery, destination, &job, began).await;
    delivery.observer().metrics.in_flight(-1);
    drop(turn);
    let (now, jitter) = (delivery.now(), delivery.jitter());
    settle::run(delivery, destination, job, Settlement { began, now, jitter, attempted, noted: Vec::new() });
}

/// The destination is gone: so is the reason to deliver.
fn cancel(delivery: &Delivery, mut job: Job) {
    let now = delivery.now();
    let (state, _) =
        lifecycle::step(job.state, LifecycleInput::Cancelled, &Cx::by_hand(&delivery.limits().retry, now));
    let mut change = Change::default();
    change.deliveries.push(job.record(state, now));
    change.closed.extend(job.close());
    delivery.store().note(change);
}
