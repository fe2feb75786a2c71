//! `plugin list`: the plugins of a gateway.

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::plugin::report;
use crate::cli::text::one_line;

/// Flags of `plugin list`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct ListArgs {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

pub(in crate::cli::plugin) async fn run(args: &ListArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let mut plugins = Vec::new();
    let mut path = "v1/plugins".to_owned();
    loop {
        let page = client.get(&path).await?;
        plugins.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("v1/plugins?cursor={cursor}"),
            None => break,
        }
    }
    let lines: Vec<String> = plugins.iter().map(line).collect();
    match lines.is_empty() && !json {
        true => report::talk("no plugins yet: `hookmill plugin push` uploads one"),
        false => return Ok(report::data(json, &json!({"items": plugins}), &lines.join("\n"))),
    }
    Ok(Exit::Ok)
}

fn line(plugin: &Value) -> String {
    let name = plugin["name"].as_str().unwrap_or_default();
    let active = plugin["active"].as_str().unwrap_or("no active version");
    let versions = plugin["versions"].as_array().map_or(0, Vec::len);
    let held = plugin["versions"].as_array().into_iter().flatten();
    let held = held.filter(|version| version["quarantine"].is_object()).map(quarantine);
    let code = plugin["versions"].as_array().into_iter().flatten().filter_map(artifact);
    let batch = plugin["versions"].as_array().into_iter().flatten().filter_map(batch);
    format!("{name:<24} {versions:>3}  {active}{}", batch.chain(held).chain(code).collect::<String>())
}

/// A line below the plugin's for the active version if it takes events in batches.
fn batch(version: &Value) -> Option<String> {
    let shares = version["batch"].as_bool()? && version["active"].as_bool()?;
    shares.then(|| "\n  events that wait share an instance, and are made again together".to_owned())
}

/// A line below the plugin's for a version that has no code yet, or cannot have any.
fn artifact(version: &Value) -> Option<String> {
    let digest = version["digest"].as_str().unwrap_or_default();
    match version["artifact"].as_str()? {
        "building" => Some(format!("\n  being compiled for this engine: {digest}")),
        "failed" => {
            let error = version["artifact_error"].as_str().unwrap_or_default();
            Some(format!("\n  does not compile any more: {digest}\n    {}", one_line(error)))
        }
        _ => None,
    }
}

/// A line of its own below the plugin's.
fn quarantine(version: &Value) -> String {
    let (digest, quarantine) = (version["digest"].as_str().unwrap_or_default(), &version["quarantine"]);
    let since = quarantine["since"].as_str().unwrap_or_default();
    let detail = quarantine["detail"].as_str().unwrap_or_default();
    format!("\n  in quarantine since {since}: {digest}\n    {}", one_line(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_a_line() {
        let check = |plugin: Value, expected: &str| assert_eq!(line(&plugin), expected);
        check(
            json!({"name": "leads", "active": "sha256:0", "versions": [{}, {}]}),
            "leads                      2  sha256:0",
        );
        check(json!({"name": "new"}), "new                        0  no active version");
        let quarantine = json!({"since": "2026-01-02T03:04:05Z", "detail": "trapped: unreachable"});
        check(
            json!({"name": "bad", "active": "sha256:1", "versions": [{"digest": "sha256:1", "quarantine": quarantine}]}),
            "bad                        1  sha256:1\n  in quarantine since 2026-01-02T03:04:05Z: sha256:1\n    trapped: unreachable",
        );
        check(
            json!({"name": "both", "active": "sha256:3", "versions": [
                {"digest": "sha256:3", "active": true, "batch": true}, {"digest": "sha256:4", "active": false, "batch": true}]}),
            "both                       2  sha256:3\n  events that wait share an instance, and are made again together",
        );
        let version =
            |artifact: &str| json!({"digest": "sha256:2", "artifact": artifact, "artifact_error": "why"});
        check(
            json!({"name": "old", "active": "sha256:2", "versions": [version("building"), version("failed"), version("ready")]}),
            "old                        3  sha256:2\n  being compiled for this engine: sha256:2\n  does not compile any more: sha256:2\n    why",
        );
    }
}
