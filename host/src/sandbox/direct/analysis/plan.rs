//! How a guest that runs directly is put together from its core modules, what of it is called, and what is put back. Made
//! in the compiler's process (`prepare`), kept in a file beside the code, followed at run time (`assembly`). It is bounded:
//! a guest of which there is more to say runs as a component. Not here: making it, following it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::Serialize;
use wasmparser::BinaryReaderError;

use crate::sandbox::text;

/// Bytes of a plan as it is kept. What the compilers of JavaScript and Python make stays below, see the tests of languages.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// Instances of core modules, as many as an interpreted component may have.
pub(in crate::sandbox::direct) const INSTANCES_MAX: usize = 60;
/// The same with those that only give names to what is there.
pub(in crate::sandbox::direct) const NAMED_MAX: usize = 2000;
/// Imports of all of them.
pub(in crate::sandbox::direct) const IMPORTS_MAX: usize = 10_000;
/// Bytes of the names of all imports.
pub(in crate::sandbox::direct) const NAMES_MAX: usize = 512 << 10;
/// Mutable globals that are put back after each event, which nothing interrupts.
pub(in crate::sandbox::direct) const GLOBALS_MAX: usize = 1000;

/// What the compiler says of how a guest may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Found {
    /// So.
    Plan(DirectPlan),
    /// Only as a component.
    Not(Why),
}

/// Why a guest runs as a component, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Why(String);

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DirectPlan {
    /// In the order they are made.
    pub instances: Vec<Making>,
    /// The only memory there is.
    pub memory: ExportPlace,
    /// What the driver calls, by the names of its imports; and what is called when an answer was read.
    pub functions: BTreeMap<String, ExportPlace>,
    /// Mutable globals, of all instances.
    pub globals: Vec<ExportPlace>,
    /// Bytes of memory outside of which all is zero at first. Looking for them in the memory itself would touch all of
    /// its pages, and make every look at what was written slower.
    pub data: Range<usize>,
}

/// An instance of a core module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Making {
    pub module: usize,
    /// What it gets, import by import.
    pub imports: Vec<ImportSource>,
}

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ImportSource {
    /// The host's function `log`.
    Log,
    Export(ExportPlace),
}

/// An export of an instance that was made before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportPlace {
    pub instance: usize,
    pub name: String,
}

impl Found {
    /// As it is kept.
    pub(crate) fn encoded(&self) -> serde_json::Result<Vec<u8>> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > BYTES_MAX {
            return serde_json::to_vec(&Self::Not(too_much("bytes of a plan", bytes.len(), BYTES_MAX)));
        }
        Ok(bytes)
    }

    /// What was kept; whoever calls has looked that it is not longer than [`BYTES_MAX`].
    pub(crate) fn decoded(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }
}

impl Why {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        const SHOWN: usize = 200;
        Self(text::cut(text.into(), SHOWN))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<BinaryReaderError> for Why {
    fn from(error: BinaryReaderError) -> Self {
        Self::new(format!("it cannot be read: {}", error.message()))
    }
}

/// There is more of something than is followed.
pub(in crate::sandbox::direct) fn too_much(what: &str, seen: usize, most: usize) -> Why {
    Why::new(format!("{seen} {what}, of which at most {most} are followed"))
}

/// No more of something than is followed.
pub(in crate::sandbox::direct) fn within(what: &str, seen: usize, most: usize) -> Result<(), Why> {
    if seen > most { Err(too_much(what, seen, most)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_kept_as_it_is_unless_it_is_too_long() {
        let place = |name: String| ExportPlace { instance: 0, name };
        let plan = |name: String| {
            Found::Plan(DirectPlan {
                instances: vec![Making { module: 0, imports: vec![ImportSource::Log] }],
                memory: place(name),
                functions: BTreeMap::new(),
                globals: Vec::new(),
                data: 3..9,
            })
        };
        let short = plan("memory".to_owned());
        assert_eq!(Found::decoded(&short.encoded().unwrap()).unwrap(), short);
        let kept = plan("m".repeat(BYTES_MAX)).encoded().unwrap();
        assert!(kept.len() < 1000);
        let Found::Not(why) = Found::decoded(&kept).unwrap() else { panic!("it is too long") };
        assert!(why.to_string().contains("bytes of a plan"), "{why}");
    }
}
