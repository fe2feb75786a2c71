//! How a guest that runs directly is put together from its core modules, what of it is called, and what is put back. Made
//! in the compiler's process (`prepare`), followed at run time (`assembly`). Not here: either.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::Serialize;

/// See the head of this file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// In the order they are made.
    pub instances: Vec<Making>,
    /// The only memory there is.
    pub memory: Place,
    /// What the driver calls, by the names of its imports.
    pub functions: BTreeMap<String, Place>,
    /// Mutable globals, of all instances.
    pub globals: Vec<Place>,
    /// Bytes of memory outside of which all is zero at first. Looking for them in the memory itself would touch all of
    /// its pages, and make every look at what was written slower.
    pub data: Range<usize>,
}

/// An instance of a core module.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Making {
    pub module: usize,
    /// What it gets, import by import.
    pub imports: Vec<Source>,
}

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// The host's function `log`.
    Log,
    Export(Place),
}

/// An export of an instance that was made before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub instance: usize,
    pub name: String,
}
