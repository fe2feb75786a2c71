//! What outlives the handles, and how it changes. Not here: whether it may (`nodes`), and the lists made of it (`lists`).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::IdempotencyKey;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::compose;
use crate::domain::time::Timestamp;
use crate::store::Accepted;
use crate::store::Change;
use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::LogEntry;
use crate::store::NodeId;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Data {
    last_id: u128,
    pub(super) events: BTreeMap<EventId, NewEvent>,
    /// Events that are not closed, and whose they are.
    pub(super) open: BTreeMap<EventId, NodeId>,
    keys: HashMap<IdempotencyKey, EventId>,
    pub(super) log: Vec<(Timestamp, LogEntry)>,
    pub(super) records: BTreeMap<DeliveryId, DeliveryRecord>,
    /// Whose the live ones are.
    pub(super) owners: BTreeMap<DeliveryId, NodeId>,
    pub(super) bytes: BTreeMap<DeliveryId, DeliveryBytes>,
    pub(super) lasting_bytes: BTreeMap<DeliveryId, DeliveryBytes>,
    pub(super) configs: Vec<ConfigState>,
    pub(super) kv: BTreeMap<(KvSpace, String), Vec<u8>>,
    pub(super) modules: BTreeMap<[u8; 32], Bytes>,
}

impl Data {
    /// Stores an event of that node, unless its key is known.
    pub(super) fn accept(
        &mut self,
        node: NodeId,
        data: NewEvent,
        now: Timestamp,
        window: Duration,
    ) -> Accepted {
        let known = data.idempotency.and_then(|key| self.keys.get(&key).copied());
        let made = |id: &EventId| Timestamp::from_millis(id.unix_millis());
        if let Some(id) = known.filter(|id| now.since(made(id)) < window) {
            return Accepted { id, duplicate: true };
        }
        let fresh = compose(now.as_millis(), 0, 0);
        self.last_id = fresh.max(self.last_id + (1 << 64));
        let id = EventId::from_bits(self.last_id);
        if let Some(key) = data.idempotency {
            self.keys.insert(key, id);
        }
        self.events.insert(id, data);
        self.open.insert(id, node);
        Accepted { id, duplicate: false }
    }

    /// Writes what became of events and deliveries; a record that comes to life belongs to that node.
    pub(super) fn apply(&mut self, node: NodeId, change: Change, now: Timestamp) {
        self.log.extend(change.log.into_iter().map(|entry| (now, entry)));
        self.bytes.extend(change.bytes);
        self.lasting_bytes.extend(change.lasting_bytes);
        for record in change.deliveries {
            if record.state.is_terminal() {
                self.bytes.remove(&record.id);
                self.owners.remove(&record.id);
            } else {
                self.owners.entry(record.id).or_insert(node);
            }
            self.records.insert(record.id, record);
        }
        for write in change.kv {
            let key = (write.space, write.key);
            match write.value {
                Some(value) => self.kv.insert(key, value),
                None => self.kv.remove(&key),
            };
        }
        for event in change.closed {
            self.open.remove(&event);
        }
    }

    /// Writes configuration, if it is as it was expected.
    pub(super) fn configure(&mut self, writes: Vec<ConfigWrite>, expected: u64) -> ConfigAnswer {
        let mut state = self.configs.last().cloned().unwrap_or_default();
        if state.revision != expected {
            return ConfigAnswer::Conflict { expected, found: state.revision };
        }
        let mut documents: BTreeMap<String, Vec<u8>> = state.documents.into_iter().collect();
        for ConfigWrite { key, document } in writes {
            match document {
                Some(document) => documents.insert(key, document),
                None => documents.remove(&key),
            };
        }
        state.documents = documents.into_iter().collect();
        state.revision += 1;
        let revision = state.revision;
        self.configs.push(state);
        ConfigAnswer::Written { revision }
    }

    /// What one node left belongs to the other.
    pub(super) fn hand_over(&mut self, from: NodeId, to: NodeId) {
        let owners = self.open.values_mut().chain(self.owners.values_mut());
        owners.filter(|owner| **owner == from).for_each(|owner| *owner = to);
    }
}
