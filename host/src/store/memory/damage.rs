//! What a disk may lose or change behind the gateway's back, done on purpose.

use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::plan::Plan;
use crate::store::LogEntry;
use crate::store::memory::MemoryStore;

impl MemoryStore {
    /// The bytes of a delivery are gone.
    pub(crate) fn lose_bytes(&self, id: DeliveryId) {
        let mut data = self.data();
        data.bytes.remove(&id);
        data.lasting_bytes.remove(&id);
    }

    /// A revision of the configuration is gone.
    pub(crate) fn lose_config(&self, revision: u64) {
        self.data().configs.retain(|state| state.revision != revision);
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
