//! Durable events on their way to the steps, and the memory they may take meanwhile.
//! Not here: what is done with them (`worker`).

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::id::EventId;

/// Events that are durable, in the order of commits, each commit once. Reading the feed also
/// sends the acknowledgements, so somebody must always read it.
pub trait Feed: Send + 'static {
    /// The next commit that holds events; `None` when the store is closed.
    fn next(&mut self) -> impl Future<Output = Option<Committed>> + Send;
}

/// The events of one commit, or where to read them again.
#[derive(Debug)]
pub struct Committed {
    /// First id and number of events; `read` finds them by it.
    pub range: CommitRange,
    /// The events, if memory allowed to hand them over; otherwise `read` them when their turn comes.
    pub events: Option<Vec<HotEvent>>,
}

/// Where the events of one commit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitRange {
    /// The id of the first event.
    pub first: EventId,
    /// How many events the commit has.
    pub count: u32,
}

/// An event that is kept in memory between its commit and its close. Its bytes count against the budget until the last
/// clone is dropped.
#[derive(Clone, Debug)]
pub struct HotEvent(pub Arc<CountedEvent>);

/// What the clones of a [`HotEvent`] share.
#[derive(Debug)]
pub struct CountedEvent {
    /// The event.
    pub event: Event,
    /// Gives its bytes back when dropped.
    pub(crate) budget: Option<Arc<HotBudget>>,
}

/// How many bytes of events may be in memory between commit and close.
#[derive(Debug)]
pub struct HotBudget {
    /// Bytes in use.
    used: AtomicU64,
    /// Bytes allowed.
    max: u64,
}

impl HotBudget {
    /// So many bytes, none of them in use.
    pub(crate) fn new(max: u64) -> Self {
        Self { used: AtomicU64::new(0), max }
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether these may be handed over.
    pub(crate) fn fits(&self, events: &[Event]) -> bool {
        let bytes: u64 = events.iter().map(|event| hot_bytes(&event.data)).sum();
        self.used().saturating_add(bytes) <= self.max
    }

    /// Counts events against the budget until the last clone is dropped.
    pub(crate) fn hold(self: &Arc<Self>, events: Vec<Event>) -> Vec<HotEvent> {
        let held = events.into_iter().map(|event| {
            self.used.fetch_add(hot_bytes(&event.data), Ordering::Relaxed);
            HotEvent(Arc::new(CountedEvent { event, budget: Some(Arc::clone(self)) }))
        });
        held.collect()
    }
}

impl Drop for CountedEvent {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            let bytes = hot_bytes(&self.event.data);
            budget.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// What an event counts against the budget: its body, its query and a flat kilobyte for the rest.
pub(crate) fn hot_bytes(event: &NewEvent) -> u64 {
    event.body.len() as u64 + event.request.query.len() as u64 + 1024
}
