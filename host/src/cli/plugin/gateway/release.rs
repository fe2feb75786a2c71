//! `plugin release`: ends the quarantine of a version.

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::plugin::gateway::activate;
use crate::cli::plugin::report;

/// Flags of `plugin release`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct ReleaseArgs {
    /// The plugin.
    name: String,
    /// Which version: its digest, or how it begins. [default: the one in quarantine]
    #[arg(value_name = "VERSION")]
    which: Option<String>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

pub(in crate::cli::plugin) async fn run(args: &ReleaseArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let plugin = client.get(&format!("v1/plugins/{}", args.name)).await?;
    let digest = match &args.which {
        Some(which) => activate::choose(&plugin, Some(which))?,
        None => quarantined(&plugin)?,
    };
    let path = format!("v1/plugins/{}/versions/{digest}/release", args.name);
    let answer = client.post_bytes(&path, "application/json", "".into()).await?;
    let text =
        format!("{} {digest}\nreleased: it runs again, and what was held for it is delivered", args.name);
    Ok(report::data(json, &answer, &text))
}

/// The digest of the one version in quarantine.
fn quarantined(plugin: &Value) -> anyhow::Result<String> {
    let versions = plugin["versions"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let held = versions.iter().filter(|version| version["quarantine"].is_object());
    match held.filter_map(|version| version["digest"].as_str()).collect::<Vec<_>>()[..] {
        [one] => Ok(one.to_owned()),
        [] => bail!("no version of it is in quarantine"),
        ref several => bail!("say which of these in quarantine:\n  {}", several.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_version_in_quarantine_is_meant() {
        let version =
            |digest: &str, held: bool| json!({"digest": digest, "quarantine": held.then(|| json!({}))});
        let plugin = |versions: Vec<Value>| json!({"versions": versions});
        let one = plugin(vec![version("sha256:a", false), version("sha256:b", true)]);
        assert_eq!(quarantined(&one).unwrap(), "sha256:b");
        let none = quarantined(&plugin(vec![version("sha256:a", false)]));
        assert_eq!(none.unwrap_err().to_string(), "no version of it is in quarantine");
        let two = quarantined(&plugin(vec![version("sha256:a", true), version("sha256:b", true)]));
        assert!(two.unwrap_err().to_string().ends_with("sha256:a\n  sha256:b"));
    }
}
