//! What is alive, and so is needed.

use crate::domain::id::EventId;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;

/// Whether any event of `first..=last` is open or has a live delivery.
pub(super) fn is_live(commit: &Commit<'_>, first: u128, last: u128) -> Result<bool, SledFault> {
    if commit.state.open.any_in(first, last) {
        return Ok(true);
    }
    let last = EventId::from_bits(last).delivery(u16::MAX);
    commit.set.any(keys::LIVE, first, last.bits())
}
