//! Who works on which open event. Whoever does has its [`Duty`], and loses it when the work ends in whatever way; so
//! an event that is open in the store and has none has nobody. In memory only: a lease of this process, made anew at
//! each start. Not here: finding those that have nobody (`unattended`).

use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::domain::id::EventId;
use crate::domain::id::IdSet;
use crate::store::HotEvent;

/// The duties there are. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duties(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    events: IdSet<EventId>,
    /// Younger events are on their way here, in the store's feed.
    youngest: Option<EventId>,
}

impl Duties {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock()
    }

    /// Takes the duty for an event; `None` if somebody has it.
    pub(crate) fn take(&self, event: EventId) -> Option<Duty> {
        let mut known = self.known();
        known.youngest = known.youngest.max(Some(event));
        known.events.insert(event).then(|| Duty { duties: self.clone(), event })
    }

    /// Whether somebody works on an event, or is about to.
    pub(crate) fn has(&self, event: EventId) -> bool {
        let known = self.known();
        known.events.contains(&event) || known.youngest.is_none_or(|youngest| youngest < event)
    }
}

/// The duty to see an event through. Dropping it says that nobody does any more.
#[derive(Debug)]
pub(crate) struct Duty {
    duties: Duties,
    event: EventId,
}

impl Drop for Duty {
    fn drop(&mut self) {
        self.duties.known().events.remove(&self.event);
    }
}

/// An event in memory and the duty to see it through.
#[derive(Debug)]
pub(crate) struct Charge {
    /// The event.
    pub held: HotEvent,
    /// See [`Duty`].
    pub duty: Duty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it_and_what_is_on_its_way_counts() {
        let duties = Duties::default();
        let [one, two] = [1, 2].map(EventId::from_bits);
        assert!(duties.has(one), "before anything was read from the feed, all may be on its way");
        let duty = duties.take(one);
        assert!(duty.is_some() && duties.take(one).is_none());
        assert!(duties.has(one) && duties.has(two));
        drop(duty);
        assert!(!duties.has(one) && duties.has(two));
        assert!(duties.take(one).is_some());
    }
}
