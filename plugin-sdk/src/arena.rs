//! The allocator of a plugin. An instance lives for one event, or for one batch, so what counts is
//! that a small event never has to ask the host for memory (`memory.grow` changes page protections
//! under the lock of the host's address space) and that a large one still fits.
//!
//! Blocks are cut from a mebibyte that the module brings along as zeroed memory: it costs nothing in
//! the file and nothing until it is touched. When it is used up, memory is asked for in steps of
//! at least a mebibyte, up to the gateway's limit. Freed blocks go to the list of their size class and
//! are handed out again, so that a batch of a hundred events needs little more than its largest
//! event. The newest block grows and shrinks in place, as a `Vec` being filled wants. Nothing is merged,
//! nothing is given back.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;

/// Every block begins at a multiple of this and is a multiple of it long.
const GRAIN: usize = 16;
/// Four classes to each doubling above `GRAIN`: at most a quarter of a block is waste.
const CLASSES: usize = 4 * 27;
/// The least that is asked of the host.
const STEP: usize = 1 << 20;

/// Where memory comes from.
pub(crate) trait Memory {
    /// The span to begin with: start and end.
    fn first(&self) -> (usize, usize);
    /// A span of at least this many bytes: start and end. None when there is no more.
    fn more(&self, bytes: usize) -> Option<(usize, usize)>;
}

/// The allocator over some memory.
pub(crate) struct Arena<M> {
    memory: M,
    state: UnsafeCell<State>,
}

struct State {
    next: usize,
    end: usize,
    /// The first free block of each class; a free block begins with the address of the next one.
    free: [usize; CLASSES],
}

// SAFETY: a module of this target has one thread; the tests use an arena from one thread only.
unsafe impl<M> Sync for Arena<M> {}

impl<M: Memory> Arena<M> {
    pub(crate) const fn new(memory: M) -> Self {
        let state = State { next: 0, end: 0, free: [0; CLASSES] };
        Self { memory, state: UnsafeCell::new(state) }
    }

    #[expect(clippy::mut_from_ref, reason = "one thread, and no call keeps the reference")]
    fn state(&self) -> &mut State {
        // SAFETY: see above; the callers do not call each other while they hold it.
        unsafe { &mut *self.state.get() }
    }

    /// Cuts a new block.
    fn cut(&self, state: &mut State, size: usize, align: usize) -> *mut u8 {
        if state.end == 0 {
            (state.next, state.end) = self.memory.first();
        }
        let start = state.next.next_multiple_of(align);
        if start.checked_add(size).is_some_and(|end| end <= state.end) {
            state.next = start + size;
            return ptr::with_exposed_provenance_mut(start);
        }
        let least = size + align;
        let more = self.memory.more(least.max(STEP));
        let Some((start, end)) = more.or_else(|| self.memory.more(least)) else {
            return ptr::null_mut();
        };
        // What is left of the span before is lost, unless the new one continues it.
        let start = if start == state.end { state.next } else { start };
        state.end = end;
        let start = start.next_multiple_of(align);
        state.next = start + size;
        ptr::with_exposed_provenance_mut(start)
    }
}

/// The class of a size and the size of its blocks. Sizes are at least 1.
fn class(size: usize) -> (usize, usize) {
    let grains = size.div_ceil(GRAIN);
    if grains <= 4 {
        return (grains - 1, grains * GRAIN);
    }
    // Between 2^n and 2^(n+1) grains there are four steps of 2^(n-2).
    let doubling = (grains - 1).ilog2() as usize;
    let step = 1 << (doubling - 2);
    let steps = grains.div_ceil(step);
    ((doubling - 2) * 4 + steps - 1, steps * step * GRAIN)
}

/// Larger blocks and alignments than anything sensible; cut to measure and not used again.
fn is_odd(layout: Layout) -> bool {
    layout.align() > GRAIN || layout.size() > isize::MAX as usize / 8
}

// SAFETY: blocks come from `cut`, which never hands out the same bytes twice, or from the list of
// their class, where `dealloc` put them; both are at least as long as their class says.
unsafe impl<M: Memory> GlobalAlloc for Arena<M> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = self.state();
        if is_odd(layout) {
            return self.cut(state, layout.size(), layout.align());
        }
        let (class, size) = class(layout.size().max(1));
        let Some(head) = state.free.get_mut(class) else {
            return ptr::null_mut();
        };
        if *head == 0 {
            return self.cut(state, size, GRAIN);
        }
        let block = ptr::with_exposed_provenance_mut::<usize>(*head);
        // SAFETY: a free block of a class is at least GRAIN long and begins with the next one's address.
        *head = unsafe { block.read() };
        block.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_odd(layout) {
            return;
        }
        let state = self.state();
        let (class, size) = class(layout.size().max(1));
        let start = block.expose_provenance();
        if start + size == state.next {
            state.next = start;
        } else if let Some(head) = state.free.get_mut(class) {
            // SAFETY: the block is the caller's no more, aligned to GRAIN and at least that long.
            unsafe { block.cast::<usize>().write(*head) };
            *head = start;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        // SAFETY: the caller promises that `new` with this alignment is a valid layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(new, layout.align()) };
        if !is_odd(layout) && !is_odd(wanted) {
            let (_, size) = class(layout.size().max(1));
            let (_, new_size) = class(new.max(1));
            if size == new_size {
                return block;
            }
            let state = self.state();
            let start = block.expose_provenance();
            if start + size == state.next && start + new_size <= state.end {
                state.next = start + new_size;
                return block;
            }
        }
        // SAFETY: both layouts are valid, the blocks are different, and the copy stays within both.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(new));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    //! The memory of a module.

    use std::arch::wasm32;
    use std::cell::UnsafeCell;
    use std::mem::MaybeUninit;

    use super::{Arena, Memory};

    const FIRST: usize = 1 << 20;
    const PAGE: usize = 1 << 16;

    pub(super) struct Module {
        first: UnsafeCell<MaybeUninit<[u128; FIRST / 16]>>,
    }

    impl Memory for Module {
        fn first(&self) -> (usize, usize) {
            let start = self.first.get().expose_provenance();
            (start, start + FIRST)
        }

        fn more(&self, bytes: usize) -> Option<(usize, usize)> {
            let pages = bytes.div_ceil(PAGE);
            let first = wasm32::memory_grow::<0>(pages);
            if first == usize::MAX {
                return None;
            }
            Some((first * PAGE, (first + pages) * PAGE))
        }
    }

    #[global_allocator]
    static ARENA: Arena<Module> = Arena::new(Module { first: UnsafeCell::new(MaybeUninit::uninit()) });
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Spans of the real heap, freed with it.
    struct Heap {
        spans: RefCell<Vec<Vec<u128>>>,
        limit: usize,
    }

    impl Heap {
        fn span(&self, bytes: usize) -> (usize, usize) {
            let mut span = vec![0u128; bytes.div_ceil(16)];
            let start = span.as_mut_ptr().expose_provenance();
            let end = start + span.len() * 16;
            self.spans.borrow_mut().push(span);
            (start, end)
        }
    }

    impl Memory for Heap {
        fn first(&self) -> (usize, usize) {
            self.span(4096)
        }

        fn more(&self, bytes: usize) -> Option<(usize, usize)> {
            let used: usize = self.spans.borrow().iter().map(|span| span.len() * 16).sum();
            (used + bytes <= self.limit).then(|| self.span(bytes))
        }
    }

    fn arena(limit: usize) -> Arena<Heap> {
        Arena::new(Heap { spans: RefCell::new(vec![]), limit })
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// A repeatable sequence of numbers (xorshift).
    fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
        move |below| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        }
    }

    #[test]
    fn a_class_holds_its_sizes_and_wastes_at_most_a_quarter() {
        let mut last = (0, 0);
        for size in 1..200_000 {
            let (class, block) = class(size);
            assert!(class < CLASSES && block >= size && block % GRAIN == 0, "{size}: {block}");
            assert!(block - size < GRAIN || (block - size) * 4 <= block, "{size}: {block}");
            assert!((class, block) == last || class == last.0 + 1 || last == (0, 0), "{size}");
            last = (class, block);
        }
        assert!(class(1 << 30).0 < CLASSES);
    }

    #[test]
    fn blocks_do_not_overlap_and_keep_their_bytes() {
        for seed in 1..20 {
            let arena = arena(64 << 20);
            let mut next = numbers(seed);
            let mut live: Vec<(*mut u8, Layout, u8)> = vec![];
            for step in 0..4000usize {
                let size = match next(10) {
                    0 => next(60_000),
                    1 | 2 => next(3000),
                    _ => next(100),
                };
                let chosen = if live.is_empty() { 0 } else { next(live.len()) };
                let mark = step as u8;
                match next(3) {
                    0 => {
                        let layout = layout(size, 1 << next(7));
                        let block = unsafe { arena.alloc(layout) };
                        assert_eq!(block as usize % layout.align(), 0);
                        unsafe { block.write_bytes(mark, size) };
                        live.push((block, layout, mark));
                    }
                    1 if !live.is_empty() => {
                        let (block, old, mark) = live.swap_remove(chosen);
                        unsafe { intact(block, old.size(), mark) };
                        unsafe { arena.dealloc(block, old) };
                    }
                    _ if !live.is_empty() => {
                        let (block, old, mark) = live.swap_remove(chosen);
                        let block = unsafe { arena.realloc(block, old, size) };
                        unsafe { intact(block, old.size().min(size), mark) };
                        unsafe { block.write_bytes(mark, size) };
                        live.push((block, layout(size, old.align()), mark));
                    }
                    _ => {}
                }
            }
            for (block, layout, mark) in live {
                unsafe { intact(block, layout.size(), mark) };
            }
        }
    }

    unsafe fn intact(block: *mut u8, size: usize, mark: u8) {
        let bytes = unsafe { std::slice::from_raw_parts(block, size) };
        assert!(bytes.iter().all(|byte| *byte == mark));
    }

    #[test]
    fn a_batch_needs_little_more_than_one_event() {
        let arena = arena(2 << 20);
        for _ in 0..10_000 {
            let blocks: Vec<_> = [300, 20, 20, 9000, 64]
                .map(|size| layout(size, 8))
                .into_iter()
                .map(|layout| (unsafe { arena.alloc(layout) }, layout))
                .collect();
            for (block, layout) in blocks {
                assert!(!block.is_null());
                unsafe { arena.dealloc(block, layout) };
            }
        }
    }

    #[test]
    fn no_more_memory_is_an_answer_and_not_a_crash() {
        let arena = arena(2 << 20);
        assert!(!unsafe { arena.alloc(layout(1 << 20, 8)) }.is_null());
        assert!(unsafe { arena.alloc(layout(1 << 20, 8)) }.is_null());
        assert!(unsafe { arena.alloc(layout(usize::MAX / 4, 8)) }.is_null());
        assert!(!unsafe { arena.alloc(layout(100, 8)) }.is_null());
    }
}
