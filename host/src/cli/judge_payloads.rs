//! `hookmill judge-payloads`: the child process in which schemas of destinations are compiled.

use crate::cli::Exit;
use crate::sandbox;

/// Answers what comes in, within limits that it sets for itself.
#[expect(clippy::print_stderr, reason = "somebody may run it by hand")]
pub(crate) fn run() -> Exit {
    match sandbox::judge::child_main(std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            eprintln!("{error}");
            Exit::Failed
        }
    }
}
