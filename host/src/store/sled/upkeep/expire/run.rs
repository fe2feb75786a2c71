//! One step of an expiry, whichever it is.

use crate::store::sled::commit::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::upkeep::expire::old;
use crate::store::sled::upkeep::expire::places;
use crate::store::sled::upkeep::expire::step::ExpireLook;
use crate::store::sled::upkeep::expire::step::ExpireStep;
use crate::store::sled::upkeep::expire::step::Expired;
use crate::store::sled::upkeep::expire::within;

/// One step of an expiry.
pub(crate) fn expire(commit: &mut Commit<'_>, step: &ExpireStep) -> Result<Expired, SledFault> {
    match &step.look {
        ExpireLook::Old => old::expire(commit, &step.expiry, &step.from),
        ExpireLook::Left => within::look_again(commit, &step.expiry, &step.from),
        ExpireLook::Within { until } => within::look(commit, &step.expiry, &step.from, *until),
        ExpireLook::Nowhere(places) => {
            places::write(commit, places)?;
            Ok(Expired { chunks: 0, at: Vec::new(), is_done: true })
        }
    }
}
