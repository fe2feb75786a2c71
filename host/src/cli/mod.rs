//! The words of the command line. One file or folder per command; this one only says which there
//! are. Data goes to stdout, everything else to stderr. Read this file, `exit` (what the shell is told), `text` (how it
//! speaks) and `client` (how it asks a gateway).
//!
//! Not here: what the gateway does.

mod alerts;
mod bench;
mod client;
mod compare;
mod compile_plugin;
mod completions;
mod documents;
mod exit;
mod judge_payloads;
mod listen;
mod map;
mod mcp;
mod plugin;
mod receive;
mod sample;
mod secret;
mod serve;
mod tail;
mod text;
mod trigger;

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::Parser;
use clap::Subcommand;

pub use exit::Exit;

/// A webhook gateway: events in, sandboxed plugins and mappings, signed and retried deliveries out.
#[derive(Debug, Parser)]
#[command(name = "hookmill", version, about, propagate_version = true, after_help = exit::HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(Box<serve::ServeArgs>),
    /// Send a sample event to a source, signed as its provider would sign it.
    Trigger(trigger::TriggerArgs),
    /// Show what happens in a running gateway, as it happens.
    Tail(tail::TailArgs),
    /// List the alerts that stand: what has begun to fail and not come right again.
    Alerts(alerts::AlertsArgs),
    /// Forward a source's events to a local port as they come, signed, and print what is answered.
    #[command(after_help = listen::HELP)]
    Listen(Box<listen::ListenArgs>),
    /// Receive deliveries on this machine and print them.
    Receive(receive::ReceiveArgs),
    /// Try filters and mappings out, without a gateway.
    Map(map::MapArgs),
    /// Make, build, check, test and upload plugins.
    Plugin(plugin::PluginArgs),
    /// Set, list and delete secrets that plugins may be given.
    Secret(secret::SecretArgs),
    /// Print what is set up as documents, which can be kept in files.
    Export(documents::ExportArgs),
    /// Show what applying documents would change.
    Diff(documents::DiffArgs),
    /// Make the configuration what documents say: all of it or nothing.
    Apply(documents::ApplyArgs),
    /// Print the JSON Schema of documents, for editors and CI.
    #[command(after_help = documents::schema::HELP)]
    Schema,
    /// Turn what another product has set up into documents: OpenAPI, AsyncAPI, Hookdeck, Svix, Convoy, n8n.
    #[command(after_help = documents::import::HELP)]
    Import(documents::import::ImportArgs),
    /// Whole set-ups by name: the webhooks of a product, or a receiver.
    Preset(documents::preset::PresetArgs),
    /// Let an assistant work on a running gateway: an MCP server on stdin and stdout.
    Mcp(mcp::McpArgs),
    /// Measure this machine: load and receiver in one, over loopback.
    Bench(bench::BenchArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
    /// Compile one plugin; the gateway runs this as a child of its own.
    #[command(hide = true)]
    CompilePlugin(compile_plugin::CompilePluginArgs),
    /// Check payloads against a schema; the gateway runs this as a child of its own.
    #[command(hide = true)]
    JudgePayloads,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Trigger(args) => trigger::run(&args),
        Command::Tail(args) => tail::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Listen(args) => listen::run(&args),
        Command::Receive(args) => receive::run(&args),
        Command::Map(args) => map::run(&args),
        Command::Plugin(args) => plugin::run(&args),
        Command::Secret(args) => secret::run(&args),
        Command::Export(args) => documents::export(&args),
        Command::Diff(args) => documents::diff(&args),
        Command::Apply(args) => documents::apply(&args),
        Command::Schema => documents::schema::run(),
        Command::Import(args) => documents::import::run(&args),
        Command::Preset(args) => documents::preset::run(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::CompilePlugin(args) => compile_plugin::run(&args),
        Command::JudgePayloads => judge_payloads::run(),
    }
    .into()
}
