//! `map prove`: an ejected project in its mapping's place, over the stored events of a connection.
//! Not here: what a comparison is (`cli::compare`).

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::compare;
use crate::cli::compare::Selection;
use crate::cli::map::eject::stored::MappedEvent;
use crate::cli::plugin;
use crate::cli::text::talk;

/// Arguments of `map prove`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// The project's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The plugin's name in the gateway [default: the project's].
    #[arg(long)]
    name: Option<String>,
    /// The number of the mapping's step, from 0 [default: the only mapping].
    #[arg(long, value_name = "N")]
    step: Option<usize>,
    #[command(flatten)]
    selection: Selection,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &ProveArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.context("start").and_then(|runtime| runtime.block_on(try_run(args)));
    compare::exit(outcome)
}

async fn try_run(args: &ProveArgs) -> anyhow::Result<Exit> {
    let client = args.selection.client()?;
    let mapped = MappedEvent::read(&client, args.selection.connection(), args.step).await?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => package(&args.dir)?,
    };
    let request = args.selection.request()?;
    try_in_place(&client, (&args.dir, &name), &mapped, request, args.json).await
}

/// The package's name.
fn package(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let manifest: toml::Table = text.parse().with_context(|| format!("read {}", path.display()))?;
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    Ok(name.with_context(|| format!("{} names no package", path.display()))?.to_owned())
}

/// What `map eject --prove` compares.
#[derive(Debug)]
pub(super) struct ProvingOrder<'o> {
    pub(super) folder: &'o Path,
    pub(super) name: &'o str,
    pub(super) connection: &'o str,
    /// The newest so many events.
    pub(super) last: u64,
}

/// Builds, uploads and compares.
pub(super) async fn prove(
    client: &ApiClient,
    order: &ProvingOrder<'_>,
    mapped: &MappedEvent,
    json: bool,
) -> anyhow::Result<Exit> {
    let request = json!({"connection": order.connection, "last": order.last});
    try_in_place(client, (order.folder, order.name), mapped, request, json).await
}

async fn try_in_place(
    client: &ApiClient,
    (folder, name): (&Path, &str),
    mapped: &MappedEvent,
    request: Value,
    json: bool,
) -> anyhow::Result<Exit> {
    // An upload is named in the path; the first version of a name is active, but nothing runs it yet.
    let bytes = plugin::bytes(Some(folder))?;
    let path = format!("v1/plugins/{name}/versions");
    let answer = client.post_bytes(&path, "application/wasm", bytes.into()).await?;
    let digest = answer["digest"].as_str().context("the gateway's answer has no digest")?;
    talk!("uploaded {name} {digest}; no connection runs it");
    let replaced: Value = serde_json::from_str(mapped.steps[mapped.at].get())?;
    if replaced["mapping"].is_null() {
        bail!("step {} is not a mapping", mapped.at);
    }
    let mut step = json!({"plugin": {"name": name, "version": digest, "config": {}}});
    if let Some(on_error) = replaced.get("on_error") {
        step["on_error"] = on_error.clone();
    }
    let mut tried = mapped.steps.clone();
    tried[mapped.at] = to_raw_value(&step)?;
    let mut body: BTreeMap<String, Box<serde_json::value::RawValue>> = BTreeMap::new();
    for (field, value) in request.as_object().into_iter().flatten() {
        body.insert(field.clone(), to_raw_value(value)?);
    }
    body.insert("steps".to_owned(), to_raw_value(&tried)?);
    let over = compare::finished(client, serde_json::to_string(&body)?, json).await?;
    let (differing, alike) = (compare::differing(&over), fails_alike(&over));
    if alike > 0 {
        talk!("of these, {alike} are the same: the mapping fails, and the plugin refuses");
    }
    if differing > alike {
        return Ok(Exit::Differs);
    }
    talk!("proven: {name} and the mapping agree on all {} events", over["done"]);
    Ok(Exit::Ok)
}

/// Events for which the mapping fails and that the plugin refuses: nothing goes out either way, only
/// the code of the failure is that of another kind of step.
fn fails_alike(comparison: &Value) -> u64 {
    let failure = json!([{"place": "failure", "kind": "changed"}]);
    let groups = comparison["groups"].as_array().into_iter().flatten();
    let alike = groups.filter(|group| {
        let before = group["example"]["before"]["why"].as_str();
        group["class"] == "changed"
            && group["changes"] == failure
            && group["why"] == "refused"
            && matches!(before, Some("mapping_failed" | "not_json"))
    });
    alike.filter_map(|group| group["count"].as_u64()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_for_a_failed_mapping_is_alike() {
        let check = |before: &str, why: &str, places: Value, expected: u64| {
            let group = json!({"class": "changed", "count": 3, "why": why, "changes": places,
                "example": {"before": {"outcome": "failed", "why": before}}});
            assert_eq!(fails_alike(&json!({"groups": [group]})), expected, "{before} {why}");
        };
        let failure = json!([{"place": "failure", "kind": "changed"}]);
        check("mapping_failed", "refused", failure.clone(), 3);
        check("not_json", "refused", failure.clone(), 3);
        check("mapping_failed", "trapped", failure.clone(), 0);
        check("out_of_time", "refused", failure, 0);
        check("mapping_failed", "refused", json!([{"place": "$.a", "kind": "changed"}]), 0);
    }
}
