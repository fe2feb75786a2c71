//! The words of the command line. One file per command; this one only says which there are.
//! Data goes to stdout, everything else to stderr.

mod compile_plugin;
mod completions;
mod exit;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

pub use exit::Exit;

/// A webhook gateway: events in, sandboxed plugins and mappings, signed and retried deliveries out.
#[derive(Debug, Parser)]
#[command(name = "hookmill", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(Box<serve::ServeArgs>),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
    /// Compile one plugin; the gateway runs this as a child of its own.
    #[command(hide = true)]
    CompilePlugin(compile_plugin::CompilePluginArgs),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Completions(args) => completions::run(&args),
        Command::CompilePlugin(args) => compile_plugin::run(&args),
    }
    .into()
}
