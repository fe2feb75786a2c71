//! Reading a list page by page to its end, or to a bound, and knowing which of both it was: what was not read to its end
//! must not be taken for all. Pure. Not here: asking for the pages.

/// Pages that are read for one list. Each looks at a bounded number of rows, and may be empty.
pub(super) const PAGES_MAX: usize = 100;

/// Where the reading is.
#[derive(Debug)]
pub(super) struct PageWalk<C> {
    before: Option<C>,
    pages: usize,
    at_end: bool,
}

impl<C: Copy> PageWalk<C> {
    /// From the newest on.
    pub(super) fn new() -> Self {
        Self { before: None, pages: 0, at_end: false }
    }

    /// The cursor of the page to be read next.
    pub(super) fn before(&self) -> Option<C> {
        self.before
    }

    /// Whether there is one to be read.
    pub(super) fn goes_on(&self) -> bool {
        !self.at_end && self.pages < PAGES_MAX
    }

    /// A page was read, after which this one comes.
    pub(super) fn read(&mut self, next: Option<C>) {
        self.pages += 1;
        self.before = next;
        self.at_end = next.is_none();
    }

    /// Whether all of the list was read.
    pub(super) fn is_whole(&self) -> bool {
        self.at_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_to_its_end_is_not_whole() {
        let read = |pages: usize| {
            let mut walk = PageWalk::new();
            while walk.goes_on() {
                let next = walk.before().unwrap_or(0) + 1;
                walk.read((next < pages).then_some(next));
            }
            walk.is_whole()
        };
        assert!(read(1) && read(2) && read(PAGES_MAX));
        assert!(!read(PAGES_MAX + 1));
    }
}
