//! `hookmill compile-plugin`: the child process in which uploads are compiled.

use std::path::PathBuf;

use crate::cli::Exit;
use crate::sandbox;

/// Arguments of the hidden command.
#[derive(Debug, clap::Args)]
pub(crate) struct CompilePluginArgs {
    /// The module.
    #[arg(long = "in")]
    input: PathBuf,
    /// Where the compiled code goes.
    #[arg(long = "out")]
    output: PathBuf,
    /// The kind of guest, which says what compiling may cost.
    #[arg(long, default_value = "native")]
    tier: String,
}

/// Compiles, within limits that it sets for itself.
#[expect(clippy::print_stderr, reason = "the parent reads what is wrong there")]
pub(crate) fn run(args: &CompilePluginArgs) -> Exit {
    match sandbox::compile::child_main(&args.tier, &args.input, &args.output) {
        Ok(()) => Exit::Ok,
        Err(refusal) => {
            eprintln!("{refusal}");
            Exit::PluginRejected
        }
    }
}
