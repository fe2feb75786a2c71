//! `hookmill completions`: a script that lets a shell complete this program's words.

use clap::Command;
use clap_complete::Shell;

use crate::cli::Exit;
use crate::cli::text::print;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for all the words of `program`.
pub(crate) fn run(args: &CompletionsArgs, mut program: Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "hookmill", &mut script);
    print(&String::from_utf8_lossy(&script))
}
