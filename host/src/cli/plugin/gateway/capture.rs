//! `plugin capture`: keeps an event as a test of a plugin.

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::plugin::report;

/// Flags of `plugin capture`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct CaptureArgs {
    /// The plugin.
    plugin: String,
    /// The event's id.
    event: String,
    /// By which connection it reaches the plugin, if more than one runs it.
    #[arg(long)]
    connection: Option<String>,
    /// What to call the test [default: the event's type and id].
    #[arg(long)]
    name: Option<String>,
    /// JSONPath of values that must not be kept; their shape stays. May be given several times.
    #[arg(long, value_name = "PATH")]
    redact: Vec<String>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

pub(in crate::cli::plugin) async fn run(args: &CaptureArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let mut draft = json!({"event": args.event, "redact": args.redact});
    for (field, given) in [("connection", &args.connection), ("name", &args.name)] {
        if let Some(given) = given {
            draft[field] = given.as_str().into();
        }
    }
    let path = format!("v1/plugins/{}/tests", args.plugin);
    let test = client.post_bytes(&path, "application/json", draft.to_string().into()).await?;
    Ok(report::data(json, &test, &text(&test)))
}

fn text(test: &Value) -> String {
    let expect = &test["example"]["expect"];
    let expected = match (expect["forward"].as_array(), expect["drop"].as_str(), expect["error"].as_str()) {
        (Some(outputs), ..) => format!("forwards {}", outputs.len()),
        (_, Some(reason), _) => format!("drops: {reason}"),
        (.., Some(message)) => format!("refuses: {message}"),
        _ => "something".to_owned(),
    };
    let name = test["name"].as_str().unwrap_or_default();
    format!("{name}: {expected}\na version that does not becomes active only with --override")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_told_by_what_it_expects() {
        let check = |expect: Value, expected: &str| {
            let test = json!({"name": "n", "example": {"expect": expect}});
            assert_eq!(text(&test).lines().next(), Some(expected));
        };
        check(json!({"forward": [{}, {}]}), "n: forwards 2");
        check(json!({"drop": "small"}), "n: drops: small");
        check(json!({"error": "no"}), "n: refuses: no");
    }
}
