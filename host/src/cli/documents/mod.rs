//! `hookmill export`, `diff` and `apply`: what operators set up as documents in files, which can be looked through, kept
//! under version control and applied here or elsewhere; `hookmill preset`: whole set-ups by name (`preset`);
//! `serve --config-dir`: a folder that is applied at the start (`folder`); `hookmill schema`: what documents look like.
//! Not here: what documents come to, which the gateway says.

mod files;
pub(super) mod folder;
pub(super) mod import;
mod modules;
pub(super) mod preset;
pub(super) mod schema;
mod words;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::segment;
use crate::cli::documents::modules::Modules;
use crate::cli::text::print;
use crate::cli::text::talk;

/// Which gateway.
#[derive(Debug, Args)]
struct Gateway {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write; to export, read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true, default_value = "")]
    key: String,
    /// The workspace to act in, by id or name, if not the key's own; for admin keys of the first one.
    #[arg(long, env = "HOOKMILL_WORKSPACE", value_name = "NAME")]
    workspace: Option<String>,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    gateway: Gateway,
    /// Print one line of JSON instead of YAML.
    #[arg(long)]
    json: bool,
    /// Write the secrets themselves, so that another gateway can take them; needs an admin key.
    #[arg(long)]
    plain_secrets: bool,
    /// Write the workspaces, too; needs an admin key of the first one.
    #[arg(long)]
    workspaces: bool,
}

/// What is to be so.
#[derive(Debug, Args)]
struct Wanted {
    /// A file of YAML or JSON documents, or a folder of such files; `-` is stdin.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The set that these documents are.
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Delete what the set had before and has no more.
    #[arg(long, requires = "set")]
    prune: bool,
    /// Do not delete more than so many.
    #[arg(long, value_name = "N", default_value_t = 5)]
    max_deletes: u32,
}

/// Flags of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    gateway: Gateway,
    #[command(flatten)]
    wanted: Wanted,
    /// Exit with 1 if something differs, with 2 if that could not be found out.
    #[arg(long)]
    exit_code: bool,
    /// Print the plan as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    gateway: Gateway,
    #[command(flatten)]
    wanted: Wanted,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Print what was done as one line of JSON, new keys and secrets with it.
    #[arg(long)]
    json: bool,
}

/// Prints what is set up.
pub(crate) fn export(args: &ExportArgs) -> Exit {
    ended(run(async {
        let client = args.gateway.client()?;
        let query = format!("plain_secrets={}&workspaces={}", args.plain_secrets, args.workspaces);
        let found = client.get(&format!("v1/config/documents?{query}")).await?;
        let documents = found["documents"].as_array().map_or(&[] as &[_], Vec::as_slice);
        Ok(print(&if args.json { format!("{}\n", json!(documents)) } else { files::write(documents)? }))
    }))
}

/// Prints what applying would change.
pub(crate) fn diff(args: &DiffArgs) -> Exit {
    let found = run(async {
        let plan = args.gateway.plan(&args.wanted, Modules::LookedAt).await?;
        print(&if args.json { format!("{plan}\n") } else { words::plan(&plan) });
        Ok(if words::is_empty(&plan) { Exit::Ok } else { Exit::Differs })
    });
    match found {
        Ok(Exit::Differs) if !args.exit_code => Exit::Ok,
        Err(error) if args.exit_code => {
            talk!("hookmill: {error:#}");
            Exit::NotCompared
        }
        found => ended(found),
    }
}

/// Makes it so, after asking.
pub(crate) fn apply(args: &ApplyArgs) -> Exit {
    ended(run(async {
        let plan = args.gateway.plan(&args.wanted, Modules::Uploaded).await?;
        args.gateway.carry_out(&plan, args.yes, args.json).await
    }))
}

impl Gateway {
    fn client(&self) -> anyhow::Result<ApiClient> {
        Ok(ApiClient::new(&self.url, Some(&self.key))?.acting_in(self.workspace.as_deref()))
    }

    /// What would change for these files to be so.
    async fn plan(&self, wanted: &Wanted, modules: Modules) -> anyhow::Result<Value> {
        let mut read = files::read(&wanted.files)?;
        modules::put_versions(&self.client()?, &mut read, modules).await?;
        let documents: Vec<&Value> = read.iter().map(|found| &found.document).collect();
        let mut body = json!({"documents": documents});
        if let Some(set) = &wanted.set {
            body["set"] = set.as_str().into();
            body["prune"] = wanted.prune.into();
            body["max_deletes"] = wanted.max_deletes.into();
        }
        let plan = self.client()?.post("v1/config/plans", &body).await;
        plan.map_err(|error| words::fault(&error, &read))
    }

    /// Does what a plan says, after asking.
    async fn carry_out(&self, plan: &Value, yes: bool, json: bool) -> anyhow::Result<Exit> {
        if words::is_empty(plan) {
            return Ok(print(&if json { format!("{}\n", nothing_done(plan)) } else { words::plan(plan) }));
        }
        if !yes {
            talk!("{}", words::plan(plan).trim_end());
            if !is_wanted()? {
                talk!("nothing was changed");
                return Ok(Exit::Failed);
            }
        }
        let path = format!("v1/config/plans/{}/apply", segment(plan["id"].as_str().unwrap_or_default()));
        let done = self.client()?.act(&path).await?;
        Ok(print(&if json { format!("{done}\n") } else { words::done(&done) }))
    }
}

fn nothing_done(plan: &Value) -> Value {
    json!({"says": plan["says"], "documents": []})
}

/// Asks the person. Where there is none, `--yes` is the answer.
fn is_wanted() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("nobody is there to ask; look at `hookmill diff`, then apply with --yes");
    }
    talk!("apply? [y/N]");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn ended(found: anyhow::Result<Exit>) -> Exit {
    found.unwrap_or_else(|error| {
        talk!("hookmill: {error:#}");
        Exit::Failed
    })
}
