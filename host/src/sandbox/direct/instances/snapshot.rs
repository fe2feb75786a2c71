//! What an instance is put back to: its memory as it was at the beginning, and where it differs after a configuration.
//! Both are the same for all instances of a guest, since nothing else happened to them. Not here: instances (`live`), how
//! much of it is kept (`shelf`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use wasmtime::Val;

use crate::sandbox::direct::instances::budget::Room;
use crate::sandbox::direct::instances::pages::PAGE;
use crate::sandbox::host::state::Recorded;

/// Memory in which nothing happened yet.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct Beginning {
    pub(in crate::sandbox::direct) bytes: usize,
    /// From this byte on, whole pages; all else is zero.
    start: usize,
    data: Box<[u8]>,
    pub(in crate::sandbox::direct) room: Room,
}

/// What is different once the guest took a configuration.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct Configured {
    config: Arc<str>,
    pub(in crate::sandbox::direct) bytes: usize,
    /// Pages, by their first byte.
    pages: BTreeMap<usize, Box<[u8]>>,
    pub(in crate::sandbox::direct) globals: Vec<Val>,
    /// What it logged and cost: so does each event that has this instead of a configuration of its own.
    pub(in crate::sandbox::direct) recorded: Recorded,
    pub(in crate::sandbox::direct) room: Room,
}

impl Beginning {
    /// Outside of the pages that `data` is on, all is zero; there must be room for [`Beginning::bytes`] of it.
    pub(in crate::sandbox::direct) fn of(memory: &[u8], data: &Range<usize>, room: Room) -> Self {
        let Range { start, end } = whole_pages(data);
        let (start, end) = (start.min(memory.len()), end.min(memory.len()));
        Self { bytes: memory.len(), start, data: memory[start..end].into(), room }
    }

    /// How many bytes are kept of a memory with data there.
    pub(in crate::sandbox::direct) fn bytes(data: &Range<usize>) -> usize {
        whole_pages(data).len()
    }

    /// The page that begins at this byte; `None` if it is all zeros.
    pub(in crate::sandbox::direct) fn page(&self, at: usize) -> Option<&[u8]> {
        let at = at.checked_sub(self.start)?;
        self.data.get(at..at + PAGE)
    }

    /// Which pages are different now, of those that were written.
    pub(in crate::sandbox::direct) fn differences(
        &self,
        memory: &[u8],
        written: &[Range<usize>],
    ) -> Vec<usize> {
        let is_other = |at: &usize| match self.page(*at) {
            Some(page) => memory[*at..*at + PAGE] != *page,
            None => memory[*at..*at + PAGE].iter().any(|byte| *byte != 0),
        };
        pages(written).filter(is_other).collect()
    }
}

impl Configured {
    /// There must be room for [`Configured::room_bytes`].
    pub(in crate::sandbox::direct) fn new(
        config: Arc<str>,
        memory: &[u8],
        differences: &[usize],
        globals: Vec<Val>,
        recorded: Recorded,
        room: Room,
    ) -> Self {
        let page = |at: &usize| (*at, memory[*at..*at + PAGE].into());
        let pages = differences.iter().map(page).collect();
        Self { config, bytes: memory.len(), pages, globals, recorded, room }
    }

    /// How many bytes are kept of so many differences.
    pub(in crate::sandbox::direct) fn room_bytes(
        config: &str,
        differences: &[usize],
        recorded: &Recorded,
    ) -> usize {
        let lines: usize = recorded.log.iter().map(|line| line.message.len()).sum();
        differences.len() * PAGE + config.len() + lines
    }

    /// Whether it is what this configuration makes.
    pub(in crate::sandbox::direct) fn is_of(&self, config: &Arc<str>) -> bool {
        Arc::ptr_eq(&self.config, config) || self.config == *config
    }

    /// The page that begins at this byte, if it is another than at the beginning.
    pub(in crate::sandbox::direct) fn page(&self, at: usize) -> Option<&[u8]> {
        self.pages.get(&at).map(|page| &**page)
    }

    /// Where pages begin that are others than at the beginning.
    pub(in crate::sandbox::direct) fn pages(&self) -> impl Iterator<Item = usize> {
        self.pages.keys().copied()
    }
}

fn whole_pages(bytes: &Range<usize>) -> Range<usize> {
    bytes.start / PAGE * PAGE..bytes.end.next_multiple_of(PAGE)
}

/// Where the pages of these ranges begin.
pub(in crate::sandbox::direct) fn pages(ranges: &[Range<usize>]) -> impl Iterator<Item = usize> {
    ranges.iter().flat_map(|range| range.clone().step_by(PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::direct::instances::budget::ByteBudget;

    #[test]
    fn what_is_different_is_seen_page_by_page() {
        let budget = Arc::new(ByteBudget::new(PAGE));
        let mut memory = vec![0; 5 * PAGE];
        memory[2 * PAGE + 7] = 1;
        let data = 2 * PAGE + 5..2 * PAGE + 9;
        let room = budget.room(Beginning::bytes(&data)).unwrap();
        let beginning = Beginning::of(&memory, &data, room);
        let at_first = (beginning.page(PAGE), beginning.page(2 * PAGE));
        assert_eq!(at_first, (None, Some(&memory[2 * PAGE..3 * PAGE])));
        memory[2 * PAGE + 8] = 2;
        memory[4 * PAGE] = 3;
        assert_eq!(beginning.differences(&memory, &[0..PAGE, 2 * PAGE..5 * PAGE]), [2 * PAGE, 4 * PAGE]);
    }
}
