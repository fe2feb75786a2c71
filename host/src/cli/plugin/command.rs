//! Which commands there are. Not here: what any of them does.

use clap::Args;
use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::plugin::build;
use crate::cli::plugin::gateway::activate;
use crate::cli::plugin::gateway::capture;
use crate::cli::plugin::gateway::compare;
use crate::cli::plugin::gateway::limits;
use crate::cli::plugin::gateway::list;
use crate::cli::plugin::gateway::push;
use crate::cli::plugin::gateway::release;
use crate::cli::plugin::gateway::rollout;
use crate::cli::plugin::gateway::usage;
use crate::cli::plugin::local::bench;
use crate::cli::plugin::local::check;
use crate::cli::plugin::local::trial;
use crate::cli::plugin::scaffold::new;
use crate::cli::text::talk;

/// Flags of `plugin`.
#[derive(Debug, Args)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    command: Command,
    /// Print the result as one line of JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a project that builds, with a test and sample events.
    New(new::NewArgs),
    /// Build the project to one .wasm file.
    Build(build::BuildArgs),
    /// Look at a plugin as an upload would.
    Check(check::CheckArgs),
    /// Run a plugin's examples, captured tests, or one event, in the sandbox.
    Test(trial::TestArgs),
    /// Measure what an event costs.
    Bench(bench::PluginBenchArgs),
    /// Upload a plugin to a gateway.
    Push(push::PushArgs),
    /// Make a version the active one, forward or back.
    Activate(activate::ActivateArgs),
    /// Keep an event as a test that every version has to pass before it becomes active.
    Capture(capture::CaptureArgs),
    /// End the quarantine of a version: it runs again, first for what was held.
    Release(release::ReleaseArgs),
    /// Give a version a share of the live events, rolled back by itself when it is worse than the active one.
    #[command(
        after_help = "Exit codes: 0 done, 1 failed, 10 not begun, or with --watch: rolled back",
        disable_version_flag = true
    )]
    Canary(rollout::CanaryArgs),
    /// Run a version on live events beside the active one, compare, and throw away what it makes.
    #[command(disable_version_flag = true)]
    Shadow(rollout::ShadowArgs),
    /// List a gateway's plugins.
    List(list::ListArgs),
    /// Show what a plugin costs: calls, faults, CPU time, memory and output by version and connection.
    #[command(disable_version_flag = true)]
    Usage(usage::UsageArgs),
    /// Show or change what a plugin may use: CPU time, memory, output, calls at a time.
    #[command(disable_version_flag = true)]
    Limits(limits::LimitsArgs),
    /// Run a version over stored events and compare with what was really sent.
    #[command(after_help = crate::cli::compare::HELP, disable_version_flag = true)]
    Compare(compare::PluginCompareArgs),
}

/// Runs one of the commands.
pub(crate) fn run(args: &PluginArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            talk!("hookmill: {error}");
            return Exit::Failed;
        }
    };
    let outcome = runtime.block_on(async {
        match &args.command {
            Command::New(new) => new::run(new, args.json),
            Command::Build(build) => build::run(build, args.json),
            Command::Check(check) => check::run(check, args.json).await,
            Command::Test(test) => trial::run(test, args.json).await,
            Command::Bench(bench) => bench::run(bench, args.json).await,
            Command::Push(push) => push::run(push, args.json).await,
            Command::Activate(activate) => activate::run(activate, args.json).await,
            Command::Capture(capture) => capture::run(capture, args.json).await,
            Command::Release(release) => release::run(release, args.json).await,
            Command::Canary(canary) => rollout::canary(canary, args.json).await,
            Command::Shadow(shadow) => rollout::shadow(shadow, args.json).await,
            Command::List(list) => list::run(list, args.json).await,
            Command::Limits(limits) => limits::run(limits, args.json).await,
            Command::Usage(usage) => usage::run(usage, args.json).await,
            Command::Compare(compare) => Ok(compare::run(compare, args.json).await),
        }
    });
    outcome.unwrap_or_else(|error| {
        talk!("hookmill: {error:#}");
        Exit::Failed
    })
}
