//! What a node has, as it finds it when it begins and as another one adopts it. Not here: whose it is then (`data`).

use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::EventId;
use crate::store::LogEntry;
use crate::store::NodeId;
use crate::store::Recovered;
use crate::store::Unfinished;
use crate::store::memory::data::Data;
use crate::store::memory::lists;

impl Data {
    /// What that node has: its unfinished events, its live deliveries.
    pub(super) fn recovered(&self, whose: NodeId) -> Recovered {
        let open = self.open.iter().filter(|(_, owner)| **owner == whose);
        let unfinished: Vec<Unfinished> = open.map(|(event, _)| self.unfinished(*event)).collect();
        let owned = self.owners.iter().filter(|(_, owner)| **owner == whose);
        let live: Vec<DeliveryRecord> = owned.filter_map(|(id, _)| self.records.get(id)).cloned().collect();
        let config = self.configs.last().cloned().unwrap_or_default();
        let needed = |revision: u64| {
            let mut open = unfinished.iter().filter_map(|one| self.events.get(&one.event));
            open.any(|event| event.revision == revision) || live.iter().any(|one| one.revision == revision)
        };
        let old = self.configs.iter().filter(|state| state.revision < config.revision);
        let past = old.filter(|state| needed(state.revision)).cloned().collect();
        Recovered { unfinished, live, config, past }
    }

    fn unfinished(&self, event: EventId) -> Unfinished {
        let ended = self.log.iter().filter_map(|(_, entry)| match entry {
            LogEntry::Attempt(entry) if entry.attempt.state.is_terminal() => {
                Some(entry.attempt.id.delivery())
            }
            _ => None,
        });
        let done = ended.chain(self.records.keys().copied()).filter(|id| id.event() == event);
        let mut done: Vec<u16> = done.map(|id| id.slot()).collect();
        done.sort_unstable();
        done.dedup();
        Unfinished { event, done, planned: lists::event_log(self, event).plan.is_some() }
    }
}
