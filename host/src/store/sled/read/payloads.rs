//! Finds the bytes of deliveries. Not here: their records (`log`).

use sled::Tree;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::id::DeliveryId;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::record;

/// The bytes kept of a delivery, for as long as it is live or as its event is there.
pub(crate) fn of_delivery(tree: &Tree, id: DeliveryId) -> Result<Option<DeliveryBytes>, SledFault> {
    for kind in [keys::BYTES, keys::LASTING_BYTES] {
        if let Some(entry) = parts::get(tree, keys::by_id(kind, id.bits()))? {
            return record::decode("the bytes of a delivery", &entry.body(tree)?).map(Some);
        }
    }
    Ok(None)
}
