//! What is known while code is written: faults, and what the code turned out to need.

use std::collections::BTreeSet;

use crate::shape::fault::SpecFault;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct CodeWriter {
    pub(super) faults: Vec<SpecFault>,
    /// Headers that are looked at, in lower case.
    pub(super) headers: BTreeSet<String>,
    /// What of the function's arguments is used since it was last cleared.
    pub(super) uses: Uses,
    pub(super) dates: bool,
    pub(super) codecs: bool,
    pub(super) patterns: bool,
}

/// Names that stand in the code.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    pub(super) event: bool,
    pub(super) payload: bool,
    pub(super) item: bool,
}

impl CodeWriter {
    /// Notes what cannot be written.
    pub(super) fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        self.faults.push(SpecFault::new(pointer, detail.into()));
    }
}
