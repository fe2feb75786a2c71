//! `hookmill serve`: reads the settings, starts the server, says where it is, waits for a signal.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::cli::Exit;
use crate::cli::documents::folder;
use crate::cli::documents::folder::BadConfigFolder;
use crate::cli::documents::folder::ConfigFolder;
use crate::cli::sample;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::config;
use crate::config::Config;
use crate::config::Override;
use crate::config::Sources;
use crate::node;
use crate::node::CannotBind;
use crate::node::PreparedNode;
use crate::node::Running;
use crate::observe;
use crate::sandbox::executable;
use crate::store::StoreError;

/// Flags of `serve`. Everything else is a setting: see `--print-config`.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Directory of everything that is kept.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Settings file [default: hookmill.toml if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one line of JSON on stdout when ready.
    #[arg(long)]
    ready_json: bool,
    /// Check the settings and stop.
    #[arg(long)]
    check: bool,
    /// Print all settings with their meaning and present value, and stop.
    #[arg(long)]
    print_config: bool,
    /// Move a damaged store aside, restore the configuration from its export, and start.
    #[arg(long)]
    recover: bool,
    /// Set up a sample pipeline with a receiver on this machine that prints what it gets. Lets
    /// deliveries go to 127.0.0.1 and over plain HTTP; not for production.
    #[arg(long)]
    sample: bool,
    /// Make the first workspace what the documents in this folder say before anything is taken, as the set `config-dir`:
    /// what the folder has no more is deleted (5 at most), what was changed otherwise is put back. Where they have a fault
    /// the gateway does not start.
    #[arg(long, value_name = "DIR", env = "HOOKMILL_CONFIG_DIR")]
    config_dir: Option<OsString>,
}

/// Runs the server until it is told to stop.
pub(crate) fn run(args: ServeArgs) -> Exit {
    let mut config = match settings(&args) {
        Ok(config) => config,
        Err(faults) => return refuse(&faults),
    };
    if args.sample {
        config.egress.allow.push(sample::NETWORK);
        config.egress.allow_http = true;
    }
    if args.print_config {
        return print(&config::print(&config));
    }
    let unusable = node::unusable(&config);
    if !unusable.is_empty() {
        return refuse(&unusable);
    }
    if let Err(fault) = node::check_listen(&config) {
        talk!("hookmill: {fault}");
        return Exit::CannotBind;
    }
    let folder = match config_folder(&args) {
        Ok(folder) => folder,
        Err(fault) => return refuse(&[fault]),
    };
    if args.check {
        return check();
    }
    let format = match config.log.format {
        config::LogStyle::Text => observe::LogFormat::Text,
        config::LogStyle::Json => observe::LogFormat::Json,
    };
    if let Err(fault) = observe::install(format, &config.log.filter) {
        talk!("hookmill: {fault}");
        return Exit::Config;
    }
    for warning in warnings() {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("hookmill").build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            talk!("hookmill: cannot start threads: {error}");
            return Exit::Failed;
        }
    };
    match runtime.block_on(serve(&args, &config, folder.as_ref())) {
        Ok(exit) => exit,
        Err(error) => {
            talk!("hookmill: {error:#}");
            exit_of(&error)
        }
    }
}

fn refuse(faults: &[impl Display]) -> Exit {
    talk!("hookmill: the settings cannot be used:");
    for fault in faults {
        talk!("  {fault}");
    }
    Exit::Config
}

/// The folder of `--config-dir`; an empty name is none.
fn config_folder(args: &ServeArgs) -> Result<Option<ConfigFolder>, String> {
    let named = args.config_dir.as_deref().filter(|name| !name.is_empty());
    let read = named.map(|name| ConfigFolder::read(Path::new(name))).transpose();
    read.map_err(|error| format!("--config-dir: {error:#}"))
}

/// Nothing that is looked at before a start is at fault.
fn check() -> Exit {
    for warning in warnings() {
        talk!("hookmill: {warning}");
    }
    talk!("hookmill: the settings are good");
    Exit::Ok
}

/// What is no fault of the settings and yet not as somebody may think.
fn warnings() -> impl Iterator<Item = String> {
    let proxies = config::proxy_variables().join(", ");
    let proxies = (!proxies.is_empty()).then(|| {
        format!("outgoing requests use no proxy, so the environment's {proxies} changes nothing: they connect directly")
    });
    [proxies, executable::hindrance()].into_iter().flatten()
}

fn settings(args: &ServeArgs) -> Result<Config, Vec<config::BadKey>> {
    let mut overrides = Vec::new();
    let mut flag = |flag: &'static str, key: &'static str, value: &Option<String>| {
        if let Some(value) = value {
            overrides.push(Override { flag, key, value: value.clone() });
        }
    };
    flag("--listen", "listen", &args.listen);
    flag("--data", "data", &args.data);
    let sources = Sources::gather(args.config.as_deref(), overrides).map_err(|fault| vec![fault])?;
    Config::load(&sources)
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<CannotBind>() {
        Exit::CannotBind
    } else if error.is::<StoreError>() {
        Exit::Store
    } else if error.is::<BadConfigFolder>() {
        Exit::Config
    } else {
        Exit::Failed
    }
}

/// What the folder says is so before anybody is answered; where that fails, what was prepared is taken down again.
async fn start(
    config: &Config,
    prepared: PreparedNode,
    folder: Option<&ConfigFolder>,
) -> anyhow::Result<(Running, Vec<Value>)> {
    let Some(folder) = folder else { return Ok((prepared.serve(), Vec::new())) };
    match folder.apply(&prepared).await {
        Ok(made) => Ok((prepared.serve(), made)),
        Err(fault) => {
            // One that was made now is in force, and nobody is shown it again.
            if let (Some(key), None) = (prepared.admin_key(), &config.server.admin_key) {
                talk!("  admin key  {key}   (shown once; keep it)");
            }
            prepared.abandon().await?;
            Err(fault)
        }
    }
}

async fn serve(args: &ServeArgs, config: &Config, folder: Option<&ConfigFolder>) -> anyhow::Result<Exit> {
    // Installed before anything starts, so that no signal is missed.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if args.recover {
        node::recover_store(config).await?;
    }
    let prepared = node::prepare(config, std::env::current_exe()?).await?;
    let (running, made) = start(config, prepared, folder).await?;
    // The sample first: who reads that the server is ready may post to it at once.
    let receiving = if args.sample { Some(sample::set_up(&running.control).await?) } else { None };
    say_ready(args, config, &running, &made);
    if let Some((listener, receiver)) = receiving {
        running.spawn(receiver.serve(listener));
        talk!("{}", sample::advice(running.listening));
    }
    let asked = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    asked.await;
    tracing::info!("stopping: no new requests, finishing what is on the wire; a second signal stops at once");
    let again = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::select! {
        stopped = running.stop() => {
            let all_ended = stopped?;
            tracing::info!(all_ended, "stopped");
            Ok(Exit::Ok)
        }
        () = again => {
            tracing::warn!("stopped at once; what was on the wire is sent again at the next start");
            Ok(Exit::Failed)
        }
    }
}

#[derive(Serialize)]
struct Ready<'a> {
    listening: String,
    dashboard: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_key: Option<&'a str>,
    /// What has a key or secret that is shown this once.
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    made: &'a [Value],
}

fn say_ready(args: &ServeArgs, config: &Config, running: &Running, made: &[Value]) {
    let public = config.server.public_url.as_ref();
    let base = public.map_or_else(
        || format!("http://{}", running.listening),
        |url| url.as_str().trim_end_matches('/').to_owned(),
    );
    let admin_key = running.admin_key.as_deref();
    let dashboard = match admin_key {
        Some(key) => format!("{base}/login#{key}"),
        None => base.clone(),
    };
    if args.ready_json {
        let ready = Ready { listening: running.listening.to_string(), dashboard, admin_key, made };
        let line = serde_json::to_string(&ready).unwrap_or_default();
        print(&format!("{line}\n"));
        return;
    }
    talk!("\n  hookmill is ready at {base}");
    if let Some(key) = admin_key {
        talk!("  admin key  {key}   (shown once; keep it)");
    }
    talk!("  open       {dashboard}\n  API        {base}/docs\n");
    if !made.is_empty() {
        talk!("{}", folder::shown_once(made));
    }
}
