//! Runs one test of this binary again in a process of its own, which may be killed or starved.
//! Not here: what it does there.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

const DIR: &str = "HOOKMILL_STORE_CHILD_DIR";

/// In the child: the directory it was given. In the parent: nothing.
pub(super) fn dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// A command that runs that test alone, as a child on that directory. `test` is its full path as
/// `std::any::type_name_of_val` and `module_path!` spell it, with the crate's name.
pub(super) fn command(test: &str, dir: &Path) -> Command {
    let (_, name) = test.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(DIR, dir);
    command
}
