//! The handle of this room: what it works with. Not here: what it does (one file per thing, as `impl Delivery` or a
//! function that takes one).

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::control::Limits;
use crate::control::Spawn;
use crate::control::reports::Reports;
use crate::control::snapshot::Snapshot;
use crate::delivery::in_flight::InFlight;
use crate::delivery::queues::Alarm;
use crate::delivery::queues::Queues;
use crate::delivery::transport::InboxIndexes;
use crate::domain::id::EventId;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::egress::Egress;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::pipeline::Pipeline;
use crate::store::Backend;

/// What it is made of.
pub(crate) struct DeliveryParts {
    /// Makes bytes again, and runs the steps of what was held.
    pub pipeline: Pipeline,
    /// Where deliveries are.
    pub store: Backend,
    /// The network.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
    /// Told of what happens.
    pub observer: Arc<Observer>,
    /// Where findings that change the configuration go.
    pub reports: Reports,
    /// Where tasks go.
    pub spawn: Spawn,
    /// How much of what there may be.
    pub limits: Arc<Limits>,
}

/// Brings deliveries to their receivers. Clones are the same.
#[derive(Clone)]
pub struct Delivery(Arc<Inner>);

struct Inner {
    parts: DeliveryParts,
    lanes: Queues,
    alarm: Alarm,
    wire: InFlight,
    inboxes: InboxIndexes,
    release_turns: [Arc<tokio::sync::Mutex<()>>; RELEASE_TURNS],
}

/// Events whose held deliveries are released at the same time, at most.
const RELEASE_TURNS: usize = 32;

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({:?})", self.pipeline())
    }
}

impl Delivery {
    /// See [`DeliveryParts`].
    pub(crate) fn new(parts: DeliveryParts) -> Self {
        let wire = InFlight::new(parts.limits.in_flight_max);
        let (lanes, alarm) = (Queues::default(), Alarm::default());
        let inboxes = InboxIndexes::default();
        Self(Arc::new(Inner { parts, lanes, alarm, wire, inboxes, release_turns: Default::default() }))
    }

    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.0.parts.pipeline
    }

    pub(super) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.pipeline().snapshot()
    }

    pub(super) fn store(&self) -> &Backend {
        &self.0.parts.store
    }

    pub(super) fn egress(&self) -> &Egress {
        &self.0.parts.egress
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// A random number from 0 up to 1, for jitter.
    pub(super) fn jitter(&self) -> f64 {
        fastrand::f64()
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.0.parts.observer
    }

    pub(super) fn reports(&self) -> &Reports {
        &self.0.parts.reports
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.parts.limits
    }

    pub(super) fn patience(&self) -> &Patience {
        self.pipeline().patience()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.pipeline().is_stopping()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.spawn)(Box::pin(task));
    }

    pub(crate) fn lanes(&self) -> &Queues {
        &self.0.lanes
    }

    pub(super) fn alarm(&self) -> &Alarm {
        &self.0.alarm
    }

    pub(super) fn wire(&self) -> &InFlight {
        &self.0.wire
    }

    pub(super) fn inboxes(&self) -> &InboxIndexes {
        &self.0.inboxes
    }

    /// Held by whoever releases a delivery of an event, so that two never take the same new ids.
    pub(super) fn release_turn(&self, event: EventId) -> Arc<tokio::sync::Mutex<()>> {
        self.0.release_turns[(event.bits() % RELEASE_TURNS as u128) as usize].clone()
    }
}
