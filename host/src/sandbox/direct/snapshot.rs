//! What an instance is put back to: its memory as it was at the beginning, and where it differs after a configuration.
//! Both are the same for all instances of a guest, since nothing else happened to them. Not here: instances (`live`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use wasmtime::Val;

use crate::domain::plugin::LogLine;
use crate::sandbox::direct::pages::PAGE;

/// Memory in which nothing happened yet.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) bytes: usize,
    /// From this byte on, whole pages; all else is zero.
    start: usize,
    data: Box<[u8]>,
    _room: Room,
}

/// What is different once the guest took a configuration.
#[derive(Debug)]
pub(super) struct Configured {
    config: Arc<str>,
    pub(super) bytes: usize,
    /// Pages, by their first byte.
    pages: BTreeMap<usize, Box<[u8]>>,
    pub(super) globals: Vec<Val>,
    /// What it logged: so does each event that has this instead of a configuration of its own.
    pub(super) log: Vec<LogLine>,
    _room: Room,
}

/// Bytes that are kept of all guests of a pool, and how many there may be.
#[derive(Debug)]
pub(super) struct Budget {
    kept: AtomicUsize,
    most: usize,
}

/// Some of them. Dropped, they are free.
#[derive(Debug)]
pub(super) struct Room {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: AtomicUsize::new(0), most }
    }

    /// Room for so many bytes, if there is.
    pub(super) fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let before = self.kept.fetch_add(bytes, Ordering::Relaxed);
        // Dropped if it is too much, it is given back.
        let room = Room { budget: Arc::clone(self), bytes };
        (before + bytes <= self.most).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.kept.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Beginning {
    /// Outside of the pages that `data` is on, all is zero; there must be room for [`Beginning::bytes`] of it.
    pub(super) fn of(memory: &[u8], data: &Range<usize>, room: Room) -> Self {
        let Range { start, end } = whole_pages(data);
        let (start, end) = (start.min(memory.len()), end.min(memory.len()));
        Self { bytes: memory.len(), start, data: memory[start..end].into(), _room: room }
    }

    /// How many bytes are kept of a memory with data there.
    pub(super) fn bytes(data: &Range<usize>) -> usize {
        whole_pages(data).len()
    }

    /// The page that begins at this byte; `None` if it is all zeros.
    pub(super) fn page(&self, at: usize) -> Option<&[u8]> {
        let at = at.checked_sub(self.start)?;
        self.data.get(at..at + PAGE)
    }

    /// What is different now, of the pages that were written. `None` if there is no room for it.
    pub(super) fn compared(
        &self,
        memory: &[u8],
        written: &[Range<usize>],
        budget: &Arc<Budget>,
    ) -> Option<Differences> {
        let is_other = |at: &usize| match self.page(*at) {
            Some(page) => memory[*at..*at + PAGE] != *page,
            None => memory[*at..*at + PAGE].iter().any(|byte| *byte != 0),
        };
        let others: Vec<usize> = pages(written).filter(is_other).collect();
        let room = budget.room(others.len() * PAGE)?;
        let pages = others.into_iter().map(|at| (at, memory[at..at + PAGE].into())).collect();
        Some(Differences { pages, room })
    }
}

/// Pages that are not as they were at the beginning.
pub(super) struct Differences {
    pages: BTreeMap<usize, Box<[u8]>>,
    room: Room,
}

impl Configured {
    pub(super) fn new(
        config: Arc<str>,
        bytes: usize,
        globals: Vec<Val>,
        log: Vec<LogLine>,
        different: Differences,
    ) -> Self {
        let Differences { pages, room } = different;
        Self { config, bytes, pages, globals, log, _room: room }
    }

    /// Whether it is what this configuration makes.
    pub(super) fn is_of(&self, config: &Arc<str>) -> bool {
        Arc::ptr_eq(&self.config, config) || self.config == *config
    }

    /// The page that begins at this byte, if it is another than at the beginning.
    pub(super) fn page(&self, at: usize) -> Option<&[u8]> {
        self.pages.get(&at).map(|page| &**page)
    }

    /// Of the pages.
    pub(super) fn kept_bytes(&self) -> usize {
        self.pages.len() * PAGE
    }

    /// Where pages begin that are others than at the beginning.
    pub(super) fn pages(&self) -> impl Iterator<Item = usize> {
        self.pages.keys().copied()
    }
}

fn whole_pages(bytes: &Range<usize>) -> Range<usize> {
    bytes.start / PAGE * PAGE..bytes.end.next_multiple_of(PAGE)
}

/// Where the pages of these ranges begin.
pub(super) fn pages(ranges: &[Range<usize>]) -> impl Iterator<Item = usize> {
    ranges.iter().flat_map(|range| range.clone().step_by(PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_is_kept_while_there_is_room() {
        let budget = Arc::new(Budget::new(3 * PAGE));
        let mut memory = vec![0; 5 * PAGE];
        memory[2 * PAGE + 7] = 1;
        let data = 2 * PAGE + 5..2 * PAGE + 9;
        let room = budget.room(Beginning::bytes(&data)).unwrap();
        let beginning = Beginning::of(&memory, &data, room);
        assert_eq!(
            (beginning.page(PAGE), beginning.page(2 * PAGE)),
            (None, Some(&memory[2 * PAGE..3 * PAGE]))
        );
        memory[2 * PAGE + 8] = 2;
        memory[4 * PAGE] = 3;
        let written = [0..PAGE, 2 * PAGE..5 * PAGE];
        let different = beginning.compared(&memory, &written, &budget).unwrap();
        let pages: Vec<usize> = different.pages.keys().copied().collect();
        assert_eq!(pages, [2 * PAGE, 4 * PAGE]);
        assert!(beginning.compared(&memory, &written, &budget).is_none(), "three pages are kept");
        drop(different);
        assert!(beginning.compared(&memory, &written, &budget).is_some());
    }
}
