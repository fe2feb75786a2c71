//! What a disk may lose or change behind the gateway's back, done on purpose.

use crate::domain::id::EventId;
use crate::domain::plan::Plan;
use crate::store::LogEntry;
use crate::store::memory::MemoryStore;

impl MemoryStore {
    /// A revision of the configuration is gone.
    pub(crate) fn lose_config(&self, revision: u64) {
        self.data().configs.retain(|state| state.revision != revision);
    }

    /// The body of an event is another one.
    pub(crate) fn change_event(&self, event: EventId, body: &'static str) {
        let mut data = self.data();
        let found = data.events.get_mut(&event).expect("the event is there");
        found.body = bytes::Bytes::from_static(body.as_bytes());
    }

    /// The plan of an event says something else.
    pub(crate) fn change_plan(&self, event: EventId, change: impl Fn(&mut Plan)) {
        for (_, entry) in &mut self.data().log {
            if let LogEntry::Plan(plan) = entry
                && plan.event == event
            {
                change(plan);
            }
        }
    }

    /// How often an event was planned.
    pub(crate) fn plans(&self, event: EventId) -> usize {
        let data = self.data();
        let plans =
            data.log.iter().filter(|(_, entry)| matches!(entry, LogEntry::Plan(plan) if plan.event == event));
        plans.count()
    }
}
