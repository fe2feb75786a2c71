//! Holds a delivery that cannot be sent as it was planned, and has it wait for somebody. Not here: what is written of
//! it (`pipeline::plan::held`), releasing it (`release`).

use crate::delivery::Delivery;
use crate::delivery::queues::Parked;
use crate::domain::delivery::DeliveryRecord;
use crate::pipeline::plan::held;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// On disk when this returns, and in its lane.
pub(super) async fn hold(
    delivery: &Delivery,
    record: DeliveryRecord,
    reason: &str,
) -> Result<(), StoreError> {
    let (record, note) = held::of(delivery.pipeline(), record, reason);
    let change =
        Change { deliveries: vec![record.clone()], log: vec![LogEntry::Note(note)], ..Change::default() };
    delivery.store().commit(change).await?;
    delivery.pipeline().observe_held(&record, reason);
    delivery.park(record.destination, record.due, record.id, Parked::of(&record));
    Ok(())
}
