//! Up to where it was looked for what is old of workspaces that keep less than others, so that no chunk is looked into
//! again and again. Not here: looking (`within`).

use std::collections::BTreeMap;

use sled::Tree;

use crate::domain::id::compose;
use crate::domain::time::Timestamp;
use crate::store::Expiry;
use crate::store::sled::commit::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::LookedPlaces;
use crate::store::sled::layout::record::LookedTo;

/// A workspace may have been made by a clock that was so much ahead.
const CLOCK_AHEAD_MILLIS: u64 = 24 * 3600 * 1000;

/// Where to begin for each workspace of an expiry: where it was looked for last, or what came in when it was made. The
/// first answer is what is written down.
pub(crate) fn starts(tree: &Tree, expiry: &Expiry) -> Result<(LookedPlaces, LookedPlaces), SledFault> {
    let written: LookedPlaces = match parts::get(tree, keys::LOOKED.to_vec())? {
        Some(entry) => record::decode("the places that retention has come to", &entry.body(tree)?)?,
        None => LookedPlaces::new(),
    };
    let mut starts = LookedPlaces::new();
    for (workspace, sooner) in &expiry.sooner {
        let start = match written.get(workspace) {
            Some(known) => known.clone(),
            None => made(tree, sooner.made_at)?,
        };
        starts.insert(*workspace, start);
    }
    Ok((written, starts))
}

/// Where the first things of a workspace may lie that was made then. Ids of events only grow; rows about a workspace come
/// after the last event before it.
fn made(tree: &Tree, at: Timestamp) -> Result<LookedTo, SledFault> {
    let first = compose(at.as_millis().saturating_sub(CLOCK_AHEAD_MILLIS), 0, 0);
    let events = keys::by_id(keys::EVENTS, first);
    let seq = match parts::backward(tree, vec![keys::EVENTS], events.clone()).next() {
        Some(entry) => event_chunk::head(entry?.head()?)?.seq,
        None => 0,
    };
    Ok(LookedTo { events, log: keys::log_chunk(seq, 0) })
}

/// Where to begin for each bound: workspaces with the same one are looked for together, from the first of their places.
pub(crate) fn at_first<'p>(
    places: impl Iterator<Item = (Timestamp, &'p [u8])>,
) -> BTreeMap<Timestamp, Vec<u8>> {
    let mut first: BTreeMap<Timestamp, &[u8]> = BTreeMap::new();
    for (until, from) in places {
        let known = first.entry(until).or_insert(from);
        *known = from.min(known);
    }
    first.into_iter().map(|(until, from)| (until, from.to_vec())).collect()
}

/// Writes down how far it was looked. Commits are counted on from there, also after a crash: otherwise new rows would lie
/// where it was looked already.
pub(super) fn write(commit: &mut Commit<'_>, places: &LookedPlaces) -> Result<(), SledFault> {
    commit.wants_mark = true;
    commit.set.put(keys::LOOKED, &record::encode(places)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_with_one_bound_are_looked_for_together() {
        let at = Timestamp::from_millis;
        let places = [(at(5), &b"e3"[..]), (at(7), b"e9"), (at(5), b"e1"), (at(5), b"e2")];
        let first = at_first(places.into_iter());
        assert_eq!(first, BTreeMap::from([(at(5), b"e1".to_vec()), (at(7), b"e9".to_vec())]));
    }
}
