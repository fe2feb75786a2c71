//! Makes known what is on disk: to the feed, and to who asks for the configuration.
//! Not here: writing it (`committer`).

use tokio::sync::mpsc;

use crate::store::CommitRange;
use crate::store::Committed;
use crate::store::sled::commit::CommitEffects;
use crate::store::sled::write::committer::Committer;
use crate::store::sled::write::request::FeedMessage;

impl Committer {
    /// Makes what is on disk known: the configuration, then answers and events in one message.
    pub(super) fn publish(&mut self, effects: CommitEffects) {
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
            let budget = &self.shared.budget;
            let events = budget.fits(&effects.events).then(|| budget.hold(effects.events));
            Committed { range, events }
        });
        let message = FeedMessage { acks: effects.acks, committed };
        if let Err(mpsc::error::SendError(mut message)) = self.feed.send(message) {
            // Nobody reads the feed any more; who asked still wants an answer.
            message.acknowledge();
        }
    }
}
