//! `plugin activate`: makes a version the active one, forward or back.

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::plugin::report;

/// Flags of `plugin activate`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct ActivateArgs {
    /// The plugin.
    name: String,
    /// Which version: its digest, or how it begins. [default: the newest]
    #[arg(value_name = "VERSION")]
    which: Option<String>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
    /// What connections that follow `active` are granted with it, if it uses it: clock, kv, random.
    #[arg(long, value_name = "GRANTS")]
    accept: Option<String>,
    /// Why it may become active although captured tests fail; kept with the activation.
    #[arg(long = "override", value_name = "REASON")]
    reason: Option<String>,
}

pub(in crate::cli::plugin) async fn run(args: &ActivateArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let plugin = client.get(&format!("v1/plugins/{}", args.name)).await?;
    let digest = choose(&plugin, args.which.as_deref())?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let given = [("accept", &args.accept), ("override", &args.reason)];
    query.extend_pairs(given.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
    let path = format!("v1/plugins/{}/versions/{digest}/activate?{}", args.name, query.finish());
    match client.post_bytes(&path, "application/json", "".into()).await {
        Ok(answer) => {
            let before = plugin["active"].as_str().unwrap_or("no version");
            Ok(report::data(json, &answer, &format!("{} {digest}\nactive; before: {before}", args.name)))
        }
        // It needs consent, or fails captured tests; the answer says to what, and which.
        Err(ClientError::Problem(problem)) if problem.status == 409 => {
            if json {
                report::data(true, &problem.body, "");
            } else {
                report::talk(&format!("not activated: {problem}"));
            }
            Ok(Exit::PluginRejected)
        }
        Err(error) => Err(error.into()),
    }
}

/// The digest of the one version that is meant; versions are listed newest first.
pub(in crate::cli::plugin) fn choose(plugin: &Value, wanted: Option<&str>) -> anyhow::Result<String> {
    let versions = plugin["versions"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let digests: Vec<&str> = versions.iter().filter_map(|version| version["digest"].as_str()).collect();
    let Some(wanted) = wanted else {
        let Some(newest) = digests.first() else { bail!("the plugin has no version") };
        return Ok((*newest).to_owned());
    };
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let begins = |digest: &&&str| digest.strip_prefix("sha256:").is_some_and(|hex| hex.starts_with(wanted));
    match digests.iter().filter(begins).collect::<Vec<_>>()[..] {
        [one] => Ok((*one).to_owned()),
        [] => bail!("no version begins with `{wanted}`; there are:\n  {}", digests.join("\n  ")),
        _ => bail!("more than one version begins with `{wanted}`:\n  {}", digests.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_is_chosen_by_how_it_begins() {
        let plugin =
            json!({"versions": [{"digest": "sha256:ab1"}, {"digest": "sha256:ab2"}, {"digest": "sha256:c"}]});
        let check =
            |wanted: Option<&str>, expected: Result<&str, &str>| match (choose(&plugin, wanted), expected) {
                (Ok(digest), expected) => assert_eq!(Ok(digest.as_str()), expected),
                (Err(error), expected) => {
                    assert!(expected.is_err_and(|text| error.to_string().starts_with(text)), "{error}");
                }
            };
        check(None, Ok("sha256:ab1"));
        check(Some("ab2"), Ok("sha256:ab2"));
        check(Some("sha256:c"), Ok("sha256:c"));
        check(Some("ab"), Err("more than one version begins with `ab`"));
        check(Some("d"), Err("no version begins with `d`"));
    }
}
