//! What waits for each destination. One lane each, so that a dead destination holds up nobody
//! else. Not here: sending (`delivery::deliver`), deciding (`rules::lifecycle`).

mod alarm;
mod lane;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use alarm::Alarm;
pub(crate) use lane::Gate;
pub(crate) use lane::Next;
pub(crate) use lane::NextBatch;
pub(crate) use lane::Parked;
pub(crate) use lane::Queue;
pub(crate) use lane::Removed;

use parking_lot::Mutex;
use parking_lot::RwLock;

use crate::domain::id::DestinationId;
use crate::domain::id::IdMap;

/// Every lane, by destination.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    lanes: RwLock<IdMap<DestinationId, Arc<Mutex<Queue>>>>,
}

impl Queues {
    /// The lane of a destination, made when first asked for.
    pub(crate) fn of(&self, destination: DestinationId) -> Arc<Mutex<Queue>> {
        let lanes = self.lanes.read();
        if let Some(lane) = lanes.get(&destination) {
            return lane.clone();
        }
        drop(lanes);
        let mut lanes = self.lanes.write();
        lanes.entry(destination).or_default().clone()
    }

    /// Every lane there is.
    pub(crate) fn all(&self) -> Vec<(DestinationId, Arc<Mutex<Queue>>)> {
        let lanes = self.lanes.read();
        lanes.iter().map(|(id, lane)| (*id, lane.clone())).collect()
    }

    /// Deliveries waiting in memory and on disk, over all destinations.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.all().iter().fold((0, 0), |(ready, parked), (_, lane)| {
            let (more_ready, more_parked) = lane.lock().waiting();
            (ready + more_ready, parked + more_parked)
        })
    }
}
