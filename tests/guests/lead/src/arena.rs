//! An allocator for instances that live for one event: it hands out the memory the module was
//! linked with, from below, and asks for more only when that is used up. Only the newest block is
//! given back or grown in place.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::UnsafeCell;

pub(crate) struct Arena(UnsafeCell<Span>);

struct Span {
    next: usize,
    end: usize,
}

// The module has no threads.
unsafe impl Sync for Arena {}

unsafe extern "C" {
    static __heap_base: u8;
}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(Span { next: 0, end: 0 }))
    }
}

impl Span {
    /// Makes room up to `end`; false when the host gives no more.
    fn reach(&mut self, end: usize) -> bool {
        if end <= self.end {
            return true;
        }
        let pages = (end - self.end).div_ceil(1 << 16);
        let granted = wasm32::memory_grow(0, pages) != usize::MAX;
        if granted {
            self.end += pages << 16;
        }
        granted
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        if self.end == 0 {
            self.next = &raw const __heap_base as usize;
            self.end = wasm32::memory_size(0) << 16;
        }
        let start = self.next.next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else {
            return core::ptr::null_mut();
        };
        if !self.reach(end) {
            return core::ptr::null_mut();
        }
        self.next = end;
        start as *mut u8
    }
}

unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { &mut *self.0.get() }.take(layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let span = unsafe { &mut *self.0.get() };
        if block as usize + layout.size() == span.next {
            span.next = block as usize;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let span = unsafe { &mut *self.0.get() };
        let end = block as usize + size;
        if block as usize + layout.size() == span.next && span.reach(end) {
            span.next = end;
            return block;
        }
        let moved = span.take(unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
        if !moved.is_null() {
            unsafe { core::ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
        }
        moved
    }
}
