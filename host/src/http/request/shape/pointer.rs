//! A place in a body as it is walked through: written as a JSON pointer (RFC 6901) only when something is wrong there.

use std::fmt;

use crate::http::request::faults::pointer_to;

/// See the head of this file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pointer<'p> {
    /// The whole body.
    Root,
    /// A member of what is at another place.
    Member(&'p Pointer<'p>, &'p str),
    /// An item of the list at another place.
    Item(&'p Pointer<'p>, usize),
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(outer, name) => f.write_str(&pointer_to(&outer.to_string(), name)),
            Self::Item(outer, at) => write!(f, "{outer}/{at}"),
        }
    }
}
