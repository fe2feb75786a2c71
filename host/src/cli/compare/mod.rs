//! Comparisons from the command line: which events (`selection`), the request and the wait for it
//! (`follow`), the summary (`show`). Not here: what is tried (`plugin::compare`, `map::compare`).

mod follow;
mod selection;
mod show;

use crate::cli::Exit;
use crate::cli::text::talk;

pub(crate) use follow::finished;
pub(crate) use follow::follow;
pub(crate) use selection::Selection;
pub(crate) use selection::when;
pub(crate) use show::differing;
pub(crate) use show::groups;

/// For `--help` of the commands that compare.
pub(crate) const HELP: &str =
    "Exit codes: 0 all the same, 1 something differs, 2 could not compare (stderr says why)";

/// How a comparison ends the program.
pub(crate) fn exit(outcome: anyhow::Result<Exit>) -> Exit {
    outcome.unwrap_or_else(|error| {
        talk!("hookmill: {error:#}");
        Exit::NotCompared
    })
}
