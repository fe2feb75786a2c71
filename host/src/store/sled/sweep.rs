//! An expiry from its beginning to its end, in steps of the committer. What is old of all goes first; then, if there are
//! workspaces that keep less, it is looked into chunks that have come to a bound of theirs since the last time, once for
//! each bound there is, and where something was left. Not here: the steps (`upkeep::expire`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::store::Expiry;
use crate::store::StoreError;
use crate::store::sled::SledStore;
use crate::store::sled::layout::record::LookedPlaces;
use crate::store::sled::layout::record::LookedTo;
use crate::store::sled::upkeep::expire;
use crate::store::sled::upkeep::expire::ExpireLook;
use crate::store::sled::upkeep::expire::ExpireStep;
use crate::store::sled::write::CommitterRequest;

impl SledStore {
    /// Lets go of what is old; answers of how many chunks.
    pub(super) async fn let_go(&self, expiry: Expiry) -> Result<u64, StoreError> {
        let expiry = Arc::new(expiry);
        let (mut chunks, _) = self.walk(&expiry, ExpireLook::Old, Vec::new()).await?;
        if expiry.sooner.is_empty() {
            return Ok(chunks);
        }
        let wanted = Arc::clone(&expiry);
        let (written, mut places) = self.read(move |tree, _| expire::starts(tree, &wanted)).await?;
        chunks += self.walk(&expiry, ExpireLook::Left, Vec::new()).await?.0;
        chunks += self.look_within(&expiry, &mut places, |place| &mut place.events).await?;
        chunks += self.look_within(&expiry, &mut places, |place| &mut place.log).await?;
        if places != written {
            self.walk(&expiry, ExpireLook::Nowhere(places), Vec::new()).await?;
        }
        Ok(chunks)
    }

    /// Looks into chunks of one kind, and notes how far it came for each workspace.
    async fn look_within(
        &self,
        expiry: &Arc<Expiry>,
        places: &mut LookedPlaces,
        of: fn(&mut LookedTo) -> &mut Vec<u8>,
    ) -> Result<u64, StoreError> {
        let until = |workspace: &WorkspaceId| expiry.of(*workspace).unwrap_or_default();
        let from = places.iter_mut().map(|(workspace, place)| (until(workspace), of(place).as_slice()));
        let mut chunks = 0;
        let mut reached: BTreeMap<Timestamp, Vec<u8>> = BTreeMap::new();
        for (until, from) in expire::at_first(from) {
            let (thinned, at) = self.walk(expiry, ExpireLook::Within { until }, from).await?;
            chunks += thinned;
            reached.insert(until, at);
        }
        for (workspace, place) in places.iter_mut() {
            let (reached, place) = (reached.get(&until(workspace)), of(place));
            // Somebody who keeps less for a while only has come further already.
            if let Some(reached) = reached.filter(|reached| **reached > *place) {
                place.clone_from(reached);
            }
        }
        Ok(chunks)
    }

    /// All steps of one look: of how many chunks something went, and where it ended.
    async fn walk(
        &self,
        expiry: &Arc<Expiry>,
        look: ExpireLook,
        mut from: Vec<u8>,
    ) -> Result<(u64, Vec<u8>), StoreError> {
        let mut chunks = 0;
        loop {
            let step = ExpireStep { expiry: Arc::clone(expiry), look: look.clone(), from };
            let expired = self.ask(|reply| CommitterRequest::Expire { step, reply }).await?;
            chunks += expired.chunks;
            from = expired.at;
            if expired.is_done {
                return Ok((chunks, from));
            }
        }
    }
}
