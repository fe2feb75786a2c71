//! What does not fit, told by place. Not here: finding it (`check`).

use crate::shape::budget::Exhausted;
use crate::shape::fault::push_pointer;

/// Misfits that are told of one payload.
pub(super) const MISFITS_MAX: usize = 8;

/// A place of a payload that does not fit its schema. Says nothing of the payload's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as a JSON pointer into the payload; empty for the whole of it.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// Nobody can say within reasonable work whether it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Too many rules were looked at.
    #[error("comparing it with its schema takes too much work: make the schema simpler")]
    Work,
    /// Schemas lead to each other without end.
    #[error("its schema nests deeper than is followed: let no `$ref` lead back to itself at the same value")]
    Depth,
}

impl From<Exhausted> for Undecided {
    fn from(_: Exhausted) -> Self {
        Self::Work
    }
}

/// The way to a value, from it to the root.
#[derive(Clone, Copy, Debug)]
pub(super) enum PayloadPlace<'p> {
    Root,
    Member(&'p PayloadPlace<'p>, &'p str),
    Element(&'p PayloadPlace<'p>, usize),
}

impl PayloadPlace<'_> {
    pub(super) fn pointer(&self) -> String {
        let (mut here, mut steps) = (self, Vec::new());
        loop {
            here = match here {
                PayloadPlace::Root => break,
                PayloadPlace::Member(before, name) => {
                    steps.push((*name).to_owned());
                    before
                }
                PayloadPlace::Element(before, at) => {
                    steps.push(at.to_string());
                    before
                }
            };
        }
        steps.iter().rev().fold(String::new(), |pointer, step| push_pointer(&pointer, step))
    }
}
