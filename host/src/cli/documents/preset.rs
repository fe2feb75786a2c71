//! `hookmill preset`: which there are, what one takes, and one put in place. Not here: what is in them, which the gateway
//! says.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use clap::Subcommand;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::segment;
use crate::cli::documents::Gateway;
use crate::cli::documents::ended;
use crate::cli::documents::words;
use crate::cli::text::one_line;
use crate::cli::text::print;
use crate::config;

/// Flags of `preset`.
#[derive(Debug, Args)]
pub(crate) struct PresetArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them.
    List {
        #[command(flatten)]
        gateway: Gateway,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what one does and takes.
    Show {
        /// Its name.
        preset: String,
        #[command(flatten)]
        gateway: Gateway,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put one in place: shows the plan and asks.
    Apply(Apply),
}

#[derive(Debug, Args)]
struct Apply {
    /// Its name.
    preset: String,
    #[command(flatten)]
    gateway: Gateway,
    /// A parameter, such as url=https://example.com/hook. An object is given as JSON.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// A parameter from an environment variable, so that a secret stands in no history.
    #[arg(long = "param-env", value_name = "NAME=VARIABLE")]
    from_environment: Vec<String>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Print what was done as one line of JSON, new keys and secrets with it.
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub(crate) fn run(args: &PresetArgs) -> Exit {
    ended(super::run(async {
        match &args.command {
            Command::List { gateway, json } => {
                let found = gateway.client()?.get("v1/presets").await?;
                let items = &found["items"];
                Ok(print(&if *json { format!("{items}\n") } else { names(items) }))
            }
            Command::Show { preset, gateway, json } => {
                let found = gateway.client()?.get(&format!("v1/presets/{}", segment(preset))).await?;
                Ok(print(&if *json { format!("{found}\n") } else { detail(&found) }))
            }
            Command::Apply(apply) => {
                let path = format!("v1/presets/{}/plans", segment(&apply.preset));
                let body = json!({"parameters": parameters(apply)?});
                let plan = apply.gateway.client()?.post(&path, &body).await?;
                apply.gateway.carry_out(&plan, apply.yes, apply.json).await
            }
        }
    }))
}

fn parameters(apply: &Apply) -> anyhow::Result<Map<String, Value>> {
    let mut found = Map::new();
    for given in &apply.parameters {
        let (name, text) = split(given)?;
        found.insert(name.to_owned(), text.into());
    }
    for given in &apply.from_environment {
        let (name, variable) = split(given)?;
        let value = config::from_environment(variable);
        let value = value.with_context(|| format!("there is no variable {variable} in the environment"))?;
        found.insert(name.to_owned(), value.into());
    }
    Ok(found)
}

fn split(given: &str) -> anyhow::Result<(&str, &str)> {
    given
        .split_once('=')
        .with_context(|| format!("`{given}` is no parameter; write one as url=https://example.com/hook"))
}

fn names(presets: &Value) -> String {
    let mut text = String::new();
    for preset in words::list(presets) {
        let (name, title) = (one_line(words::word(&preset["name"])), one_line(words::word(&preset["title"])));
        let _ = writeln!(text, "{name:<16} {title:<20} {}", words::word(&preset["group"]));
    }
    text
}

fn detail(preset: &Value) -> String {
    let mut text = format!("{}\n{}\n", words::word(&preset["title"]), words::word(&preset["about"]));
    let _ = writeln!(text, "\nparameters");
    for parameter in words::list(&preset["parameters"]) {
        let default = match &parameter["default"] {
            Value::Null if parameter["required"] == true => "needed".to_owned(),
            Value::Null => "may be left out".to_owned(),
            default => format!("{default} if not given"),
        };
        let name = words::word(&parameter["name"]);
        let _ = writeln!(text, "  {name:<14} {} ({default})", words::word(&parameter["about"]));
    }
    let groups = words::list(&preset["event_types"]);
    if !groups.is_empty() {
        let _ = writeln!(text, "\nevents");
    }
    for group in groups {
        let types: Vec<&str> =
            words::list(&group["types"]).iter().map(|about| words::word(&about["name"])).collect();
        let _ = writeln!(text, "  {:<14} {}", words::word(&group["group"]), types.join(", "));
    }
    text
}
