//! Counts differences by class and groups them by what they have in common; keeps a few examples
//! of each group and a bounded list of the events. Not here: finding a difference.

use std::collections::HashMap;

use bytes::Bytes;

use crate::domain::id::EventId;
use crate::shape::difference::Changes;
use crate::shape::difference::Class;
use crate::shape::difference::Difference;
use crate::shape::difference::Outcome;

/// Groups told apart; what fits none of them is counted by class only.
const GROUPS_MAX: usize = 200;
/// Events named in a group.
const EXAMPLES_MAX: usize = 10;
/// Events listed one by one.
const LISTED_MAX: usize = 100_000;
/// Outputs kept of a group's first event, and bytes of the payload of each.
const EXAMPLE_OUTPUTS: usize = 3;
const EXAMPLE_BYTES: usize = 8 << 10;

/// What the events of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    class: Class,
    changes: Changes,
    why: Option<String>,
}

/// One event, before and after.
#[derive(Clone, Debug)]
pub struct Example {
    /// Which.
    pub event: EventId,
    /// What became of it; payloads are cut.
    pub before: Outcome,
    /// What would become of it; payloads are cut.
    pub after: Outcome,
}

/// Events that differ in the same way.
#[derive(Clone, Debug)]
pub struct Group {
    /// The class of all of them.
    pub class: Class,
    /// What changed in all of them.
    pub changes: Changes,
    /// Why all of them are (or were) dropped, or fail.
    pub why: Option<String>,
    /// How many.
    pub count: u64,
    /// Those that were met first: the newest of a comparison, the oldest of a rollout.
    pub examples: Vec<EventId>,
    /// The first, in full.
    pub first: Example,
}

/// An event that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Which.
    pub event: EventId,
    /// How.
    pub class: Class,
    /// Its place in [`Tally::groups`]; `None` when there was no room for its group.
    pub group: Option<u32>,
}

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: [u64; Class::ALL.len()],
    /// Events whose bytes are others but mean the same; counted as same.
    pub respelled: u64,
    /// In the order they were met.
    pub groups: Vec<Group>,
    /// Events that differ, newest first; at most 100,000.
    pub listed: Vec<Differing>,
    known: HashMap<Key, u32>,
}

impl Tally {
    /// Events of a class.
    pub fn count(&self, class: Class) -> u64 {
        self.counts[class as usize]
    }

    /// Events that differ.
    pub fn differing(&self) -> u64 {
        Class::ALL.into_iter().filter(|class| *class != Class::Same).map(|class| self.count(class)).sum()
    }

    /// Whether a difference like this was met before.
    pub(crate) fn knows(&self, difference: &Difference) -> bool {
        difference.class == Class::Same || self.known.contains_key(&key(difference))
    }

    /// Adds an event and lists it. They must come newest first.
    pub(crate) fn add(&mut self, event: EventId, difference: &Difference, before: &Outcome, after: &Outcome) {
        let group = self.count_in(event, difference, before, after);
        if difference.class != Class::Same && self.listed.len() < LISTED_MAX {
            self.listed.push(Differing { event, class: difference.class, group });
        }
    }

    /// Counts an event in its class and group; answers the group, if it has one.
    pub(crate) fn count_in(
        &mut self,
        event: EventId,
        difference: &Difference,
        before: &Outcome,
        after: &Outcome,
    ) -> Option<u32> {
        self.counts[difference.class as usize] += 1;
        self.respelled += u64::from(difference.respelled);
        if difference.class == Class::Same { None } else { self.group(event, difference, before, after) }
    }

    fn group(
        &mut self,
        event: EventId,
        difference: &Difference,
        before: &Outcome,
        after: &Outcome,
    ) -> Option<u32> {
        let key = key(difference);
        if let Some(at) = self.known.get(&key).copied() {
            let group = self.groups.get_mut(at as usize)?;
            group.count += 1;
            if group.examples.len() < EXAMPLES_MAX {
                group.examples.push(event);
            }
            return Some(at);
        }
        if self.groups.len() == GROUPS_MAX {
            return None;
        }
        let at = u32::try_from(self.groups.len()).ok()?;
        self.groups.push(Group {
            class: key.class,
            changes: key.changes.clone(),
            why: key.why.clone(),
            count: 1,
            examples: vec![event],
            first: Example { event, before: cut(before), after: cut(after) },
        });
        self.known.insert(key, at);
        Some(at)
    }
}

fn key(difference: &Difference) -> Key {
    Key { class: difference.class, changes: difference.changes.clone(), why: difference.why.clone() }
}

fn cut(outcome: &Outcome) -> Outcome {
    let Outcome::Forwarded(made) = outcome else { return outcome.clone() };
    let mut kept: Vec<_> = made.iter().take(EXAMPLE_OUTPUTS).cloned().collect();
    for made in &mut kept {
        // A copy, so that not a whole chunk of events is kept for the sake of one.
        made.payload = Bytes::copy_from_slice(&made.payload[..made.payload.len().min(EXAMPLE_BYTES)]);
    }
    Outcome::Forwarded(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::difference::compare;

    fn dropped(why: &str) -> Outcome {
        Outcome::Dropped(why.to_owned())
    }

    #[test]
    fn what_is_alike_is_one_group_and_everything_is_bounded() {
        let mut tally = Tally::default();
        let failed = Outcome::Failed("trapped".to_owned());
        let add = |tally: &mut Tally, number: u128, before: &Outcome, after: &Outcome| {
            let difference = compare(before, after);
            assert_eq!(tally.knows(&difference), number.is_multiple_of(2), "{number}");
            tally.add(EventId::from_bits(1000 - number), &difference, before, after);
        };
        for number in 0..10 {
            let other = dropped(&format!("a{number}"));
            let number = if number == 0 { 1 } else { 2 * number };
            add(&mut tally, number, &other, &failed);
        }
        assert_eq!((tally.groups.len(), tally.groups[0].count), (1, 10));
        assert_eq!(tally.groups[0].examples.len(), EXAMPLES_MAX);
        assert_eq!((tally.count(Class::NewlyFailing), tally.differing()), (10, 10));
        for number in 0..GROUPS_MAX {
            let code = Outcome::Failed(number.to_string());
            add(&mut tally, 101, &dropped("a"), &code);
        }
        assert_eq!((tally.groups.len(), tally.listed.len()), (GROUPS_MAX, 10 + GROUPS_MAX));
        assert_eq!(tally.listed.last().unwrap().group, None);
    }
}
