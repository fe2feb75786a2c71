//! Which pages of some memory hold something of its own: since it was mapped, somebody wrote to them. The system knows,
//! and tells since Linux 6.7 (`PAGEMAP_SCAN`, <https://docs.kernel.org/admin-guide/mm/pagemap.html>). Not here: putting
//! them back.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd as _;

/// Bytes of a page; other sizes are not supported, and then nothing is told.
pub(crate) const PAGE: usize = 4096;

/// Ranges that are told at a time.
const REGIONS: usize = 32;

/// `_IOWR('f', 16, struct pm_scan_arg)` of linux/fs.h.
const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610_u32 as libc::Ioctl;

// Kinds of pages, as in linux/fs.h.
const FILE: u64 = 1 << 2;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
const ZERO: u64 = 1 << 5;

/// `struct page_region`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[derive(Default)]
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// What this process may ask about its own pages.
pub(crate) struct Pages {
    pagemap: Option<File>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self { pagemap: File::open("/proc/self/pagemap").ok() }
    }

    /// As where the system cannot tell.
    #[cfg(test)]
    pub(crate) const fn untold() -> Self {
        Self { pagemap: None }
    }

    /// Whether the system can tell at all.
    pub(crate) fn can_tell(&self) -> bool {
        let bytes = vec![0; 2 * PAGE];
        let start = bytes.as_ptr().align_offset(PAGE);
        bytes.get(start..start + PAGE).is_some_and(|page| self.written(page, 1).is_some())
    }

    /// Ranges of bytes of `memory`, whole pages, outside of which it is as it was mapped. `None` if they are more than
    /// `pages_max` pages, or if the system cannot tell.
    pub(crate) fn written(&self, memory: &[u8], pages_max: u64) -> Option<Vec<Range<usize>>> {
        let base = memory.as_ptr().addr();
        if !base.is_multiple_of(PAGE) || !memory.len().is_multiple_of(PAGE) {
            return None;
        }
        let (mut start, end) = (base as u64, base as u64 + memory.len() as u64);
        let (mut found, mut left) = (Vec::new(), pages_max);
        while start < end {
            let mut regions = [Region::default(); REGIONS];
            let (told, seen_to) = self.scan(start..end, left, &mut regions)?;
            for region in regions.get(..told)? {
                left = left.checked_sub((region.end - region.start) / PAGE as u64)?;
                let offset = |address: u64| usize::try_from(address).ok()?.checked_sub(base);
                found.push(offset(region.start)?..offset(region.end)?);
            }
            // It always comes further, or tells of something.
            start = (seen_to > start).then_some(seen_to)?;
        }
        Some(found)
    }

    /// How many regions were found, and up to where.
    fn scan(&self, range: Range<u64>, pages_max: u64, regions: &mut [Region]) -> Option<(usize, u64)> {
        let mut scan = Scan {
            size: size_of::<Scan>() as u64,
            start: range.start,
            end: range.end,
            regions: regions.as_mut_ptr().expose_provenance() as u64,
            regions_len: regions.len() as u64,
            // One more than is wanted tells that there are too many.
            max_pages: pages_max + 1,
            // Neither a page of zeros nor one of a file: whoever only read has those.
            category_inverted: FILE | ZERO,
            category_mask: FILE | ZERO,
            category_anyof_mask: PRESENT | SWAPPED,
            ..Scan::default()
        };
        let pagemap = self.pagemap.as_ref()?.as_raw_fd();
        #[expect(
            unsafe_code,
            reason = "a system call that writes to the two places it is given, which are ours, and only looks at the pages"
        )]
        let told = unsafe { libc::ioctl(pagemap, PAGEMAP_SCAN, &raw mut scan) };
        Some((usize::try_from(told).ok()?, scan.walk_end))
    }
}

/// Pages that are to be all zeros, and were so when the memory was mapped.
#[derive(Debug, Default)]
pub(in crate::sandbox::direct) struct Empty {
    ranges: Vec<Range<usize>>,
    pages: usize,
}

impl Empty {
    /// The page that begins at this byte.
    pub(in crate::sandbox::direct) fn add(&mut self, at: usize) {
        self.pages += 1;
        match self.ranges.last_mut() {
            Some(last) if last.end == at => last.end += PAGE,
            _ => self.ranges.push(at..at + PAGE),
        }
    }

    /// Makes them empty. Where they are many, they are given back to the system: a page that is filled with zeros counts as
    /// written from then on, and one large event would make every later one fill its pages again.
    pub(in crate::sandbox::direct) fn make(self, memory: &mut [u8]) {
        let gives_back = self.pages > FILLED_MAX && memory.as_ptr().addr().is_multiple_of(PAGE);
        for range in self.ranges {
            let pages = &mut memory[range];
            if !(gives_back && given_back(pages)) {
                pages.fill(0);
            }
        }
    }
}

/// Pages that are filled rather than given back: a small event writes to so few each time.
const FILLED_MAX: usize = 64;

fn given_back(pages: &mut [u8]) -> bool {
    let place = pages.as_mut_ptr().cast();
    #[expect(
        unsafe_code,
        reason = "a system call on whole pages that are borrowed here alone; of private memory that was never a file's, it leaves zeros"
    )]
    let answer = unsafe { libc::madvise(place, pages.len(), libc::MADV_DONTNEED) };
    answer == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that were mapped afresh, as guests' memories are.
    struct Mapped(*mut u8, usize);

    impl Mapped {
        #[expect(unsafe_code, reason = "a mapping of its own, given back when it is dropped")]
        fn new(pages: usize) -> Self {
            let (read_write, private) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let bytes = pages * PAGE;
            let place = unsafe { libc::mmap(std::ptr::null_mut(), bytes, read_write, private, -1, 0) };
            assert_ne!(place, libc::MAP_FAILED);
            // A page written must not bring its neighbours along.
            unsafe { libc::madvise(place, bytes, libc::MADV_NOHUGEPAGE) };
            Self(place.cast(), bytes)
        }

        #[expect(unsafe_code, reason = "the mapping is there as long as this is")]
        fn bytes(&mut self) -> &mut [u8] {
            unsafe { std::slice::from_raw_parts_mut(self.0, self.1) }
        }
    }

    impl Drop for Mapped {
        #[expect(unsafe_code, reason = "nobody can hold its bytes any more")]
        fn drop(&mut self) {
            unsafe { libc::munmap(self.0.cast(), self.1) };
        }
    }

    #[test]
    fn tells_what_was_written_and_not_what_was_read() {
        let (pages, mut mapped) = (Pages::new(), Mapped::new(100));
        let told = |mapped: &mut Mapped, most| {
            pages.written(mapped.bytes(), most).map(|ranges| {
                ranges.into_iter().map(|range| range.start / PAGE..range.end / PAGE).collect::<Vec<_>>()
            })
        };
        assert_eq!(
            told(&mut mapped, 4),
            Some(vec![]),
            "this kernel cannot tell: at least Linux 6.7 is needed"
        );
        assert_eq!(mapped.bytes()[7 * PAGE], 0);
        assert_eq!(told(&mut mapped, 4), Some(vec![]));
        mapped.bytes()[9 * PAGE + 1] = 1;
        mapped.bytes()[10 * PAGE - 1] = 0;
        mapped.bytes()[10 * PAGE] = 0;
        mapped.bytes()[99 * PAGE] = 5;
        assert_eq!(told(&mut mapped, 3), Some(vec![9..11, 99..100]));
        assert_eq!(told(&mut mapped, 2), None);
        assert!(pages.can_tell() && !Pages::untold().can_tell());
        for page in (0..80).step_by(2) {
            mapped.bytes()[page * PAGE] = 1;
        }
        assert_eq!(
            told(&mut mapped, 100).map(|ranges| ranges.len()),
            Some(40),
            "more than are told at a time"
        );
    }
    #[test]
    fn many_pages_that_become_empty_are_no_longer_written() {
        let (pages, mut mapped) = (Pages::new(), Mapped::new(300));
        for number in [10, 200] {
            mapped.bytes()[..number * PAGE].fill(7);
            let mut empty = Empty::default();
            (1..number).for_each(|page| empty.add(page * PAGE));
            empty.make(mapped.bytes());
            let told = pages.written(mapped.bytes(), 1000).unwrap();
            let written: usize = told.iter().map(|range| range.len() / PAGE).sum();
            assert_eq!(written, if number > FILLED_MAX { 1 } else { number });
            assert!(mapped.bytes()[..PAGE].iter().all(|byte| *byte == 7));
            assert!(mapped.bytes()[PAGE..].iter().all(|byte| *byte == 0));
        }
    }
}
