//! Finds the nodes of all plain paths of a mapping in one walk over the payload.
//! Not here: paths with filters, wildcards or negative indexes (`query`).

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::query::Query;
use crate::shape::query::Segment;
use crate::shape::query::Selector;
use crate::shape::source::NO_NODE;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::text::stands_for;

/// Most paths with a slot; further ones are evaluated where they are needed.
pub(super) const MAX_SLOTS: usize = 64;
/// Longest path with a slot; bounds the recursion of the walk.
const MAX_STEPS: usize = 32;

/// The paths as a tree of their names and indexes.
#[derive(Debug, Default)]
pub(super) struct Trie {
    branches: Vec<Branch>,
    slots: usize,
}

#[derive(Debug, Default)]
struct Branch {
    slot: Option<usize>,
    names: Vec<(Box<str>, usize)>,
    /// Bit n: some name has n bytes (63: or more). Tells most keys apart without comparing.
    lengths: u64,
    indexes: Vec<(usize, usize)>,
}

#[inline]
fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

impl Trie {
    /// The slot for `query`, if it is a plain path and there is room.
    pub(super) fn slot(&mut self, query: &Query) -> Option<usize> {
        let segments = query.segments();
        let plain = |segment: &Segment| match segment {
            Segment::Child(selectors) => match &**selectors {
                [Selector::Name(_)] => true,
                [Selector::Index(index)] => *index >= 0,
                _ => false,
            },
            Segment::Descendant(_) => false,
        };
        if segments.is_empty() || segments.len() > MAX_STEPS || !segments.iter().all(plain) {
            return None;
        }
        if self.branches.is_empty() {
            self.branches.push(Branch::default());
        }
        let mut at = 0;
        for segment in segments {
            let Segment::Child(selectors) = segment else { return None };
            at = match selectors.first() {
                Some(Selector::Name(name)) => self.by_name(at, name),
                Some(Selector::Index(index)) => self.by_index(at, usize::try_from(*index).ok()?),
                _ => return None,
            };
        }
        if self.branches[at].slot.is_none() && self.slots < MAX_SLOTS {
            self.branches[at].slot = Some(self.slots);
            self.slots += 1;
        }
        self.branches[at].slot
    }

    fn by_name(&mut self, at: usize, name: &str) -> usize {
        if let Some((_, known)) = self.branches[at].names.iter().find(|(known, _)| **known == *name) {
            return *known;
        }
        let new = self.branches.len();
        self.branches.push(Branch::default());
        let branch = &mut self.branches[at];
        branch.names.push((name.into(), new));
        branch.lengths |= length_bit(name.len());
        new
    }

    fn by_index(&mut self, at: usize, index: usize) -> usize {
        if let Some((_, known)) = self.branches[at].indexes.iter().find(|(known, _)| *known == index) {
            return *known;
        }
        let new = self.branches.len();
        self.branches.push(Branch::default());
        self.branches[at].indexes.push((index, new));
        new
    }

    /// Fills `slots` for one document; what is not found is [`NO_NODE`]. The used part of `slots`.
    pub(super) fn fill<'s>(
        &self,
        document: &Document<'_>,
        slots: &'s mut [u32; MAX_SLOTS],
        budget: &mut Budget,
    ) -> Result<&'s [u32], Exhausted> {
        let used = &mut slots[..self.slots];
        used.fill(NO_NODE);
        if !self.branches.is_empty() {
            self.walk(document.root(), 0, used, budget)?;
        }
        Ok(used)
    }

    fn walk(
        &self,
        node: Node<'_>,
        at: usize,
        slots: &mut [u32],
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let branch = &self.branches[at];
        if let Some(slot) = branch.slot {
            slots[slot] = node.index();
        }
        match node.kind() {
            NodeKind::Object if !branch.names.is_empty() => self.walk_object(node, branch, slots, budget),
            NodeKind::Array if !branch.indexes.is_empty() => {
                let last = branch.indexes.iter().map(|(index, _)| *index).max().unwrap_or(0);
                for (place, child) in node.elements().take(last.saturating_add(1)).enumerate() {
                    budget.visit(1)?;
                    for (_, next) in branch.indexes.iter().filter(|(index, _)| *index == place) {
                        self.walk(child, *next, slots, budget)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn walk_object(
        &self,
        node: Node<'_>,
        branch: &Branch,
        slots: &mut [u32],
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let (mut seen, mut keys) = (0_u64, 0);
        for (key, escaped, value) in node.members_as_written() {
            keys += 1;
            if !escaped && branch.lengths & length_bit(key.len()) == 0 {
                continue;
            }
            let is = |name: &str| if escaped { stands_for(key, name) } else { key == name };
            let Some(place) = branch.names.iter().position(|(name, _)| is(name)) else { continue };
            let next = branch.names[place].1;
            // A name that comes again replaces what its first value held.
            let bit = 1 << place.min(63);
            if seen & bit != 0 {
                self.clear(next, slots);
            }
            seen |= bit;
            self.walk(value, next, slots, budget)?;
        }
        budget.visit(keys)
    }

    fn clear(&self, at: usize, slots: &mut [u32]) {
        let branch = &self.branches[at];
        if let Some(slot) = branch.slot {
            slots[slot] = NO_NODE;
        }
        let below = branch.names.iter().map(|(_, next)| *next);
        for next in below.chain(branch.indexes.iter().map(|(_, next)| *next)) {
            self.clear(next, slots);
        }
    }
}
