//! Makes known what is on disk: to the feed, and to who asks for the configuration.
//! Not here: writing it (`committer`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use crate::domain::event::Event;
use crate::store::CommitRange;
use crate::store::Committed;
use crate::store::Held;
use crate::store::HeldEvent;
use crate::store::HotBudget;
use crate::store::held_bytes;
use crate::store::sled::commit::Effects;
use crate::store::sled::write::committer::Committer;
use crate::store::sled::write::request::FeedMessage;

impl Committer {
    /// Makes what is on disk known: the configuration, then answers and events in one message.
    pub(super) fn publish(&mut self, effects: Effects) {
        if let Some(config) = effects.config {
            self.exporter.send(&config);
            self.shared.set_config(config);
        }
        if effects.acks.is_empty() && effects.events.is_empty() {
            return;
        }
        let committed = effects
            .events
            .first()
            .map(|event| CommitRange { first: event.id, count: effects.events.len() as u32 });
        let committed = committed.map(|range| {
            let bytes: u64 = effects.events.iter().map(|event| held_bytes(&event.data)).sum();
            let budget = &self.shared.budget;
            let fits = budget.used.load(Ordering::Relaxed).saturating_add(bytes) <= budget.max;
            let events = fits.then(|| hold(effects.events, budget));
            Committed { range, events }
        });
        let message = FeedMessage { acks: effects.acks, committed };
        if let Err(mpsc::error::SendError(mut message)) = self.feed.send(message) {
            // Nobody reads the feed any more; who asked still wants an answer.
            message.acknowledge();
        }
    }
}

/// Counts events against the budget until the last clone is dropped.
pub(crate) fn hold(events: Vec<Event>, budget: &Arc<HotBudget>) -> Vec<Held> {
    let held = events.into_iter().map(|event| {
        budget.used.fetch_add(held_bytes(&event.data), Ordering::Relaxed);
        Held(Arc::new(HeldEvent { event, budget: Some(Arc::clone(budget)) }))
    });
    held.collect()
}
