//! `plugin compare`: runs a version of a plugin over events a gateway has stored, and tells what
//! would be delivered differently.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::compare;
use crate::cli::compare::Selection;
use crate::cli::plugin::local::examine;
use crate::cli::plugin::report;

/// Flags of `plugin compare`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct PluginCompareArgs {
    /// The plugin's name in the gateway.
    name: String,
    /// The version to try: `active`, or a digest such as sha256:… [default: the newest].
    #[arg(long, value_name = "VERSION", conflicts_with = "file")]
    version: Option<String>,
    /// A .wasm file, or the folder of a project, to upload and try; connections do not run it.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

pub(in crate::cli::plugin) async fn run(args: &PluginCompareArgs, json: bool) -> Exit {
    compare::exit(try_run(args, json).await)
}

async fn try_run(args: &PluginCompareArgs, json: bool) -> anyhow::Result<Exit> {
    let client = args.selection.client()?;
    let mut request = args.selection.request()?;
    let version = match (&args.version, &args.file) {
        (Some(version), _) => version.clone(),
        (None, Some(_)) => upload(args, &client).await?,
        (None, None) => newest(args, &client).await?,
    };
    request["plugin"] = json!({"name": args.name, "version": version});
    compare::follow(&client, request.to_string(), json).await
}

/// Uploads without activating; the first version of a name would become active, and then no
/// connection can be running the plugin yet.
async fn upload(args: &PluginCompareArgs, client: &ApiClient) -> anyhow::Result<String> {
    let plugin = format!("v1/plugins/{}", args.name);
    client.get(&plugin).await.context("look the plugin up")?;
    let bytes = examine::bytes(args.file.as_deref())?;
    let answer = client.post_bytes(&format!("{plugin}/versions"), "application/wasm", bytes.into()).await?;
    let digest = answer["digest"].as_str().context("the gateway's answer has no digest")?;
    report::talk(&format!("uploaded {} {digest}, not active", args.name));
    Ok(digest.to_owned())
}

async fn newest(args: &PluginCompareArgs, client: &ApiClient) -> anyhow::Result<String> {
    let plugin = client.get(&format!("v1/plugins/{}", args.name)).await?;
    let versions = plugin["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let newest = versions.iter().max_by_key(|version| version["uploaded_at"].as_str().unwrap_or_default());
    let digest = newest.and_then(|version| version["digest"].as_str());
    let digest = digest.with_context(|| format!("plugin `{}` has no version", args.name))?;
    report::talk(&format!("the newest version of {} is {digest}", args.name));
    Ok(digest.to_owned())
}
