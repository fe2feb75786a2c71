//! `hookmill secret`: what plugins may be given by name. A value comes from stdin or a variable, never as an argument,
//! which others on the machine could read.

use std::io::IsTerminal as _;
use std::io::Read as _;

use anyhow::Context as _;
use anyhow::bail;
use clap::Args;
use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::segment;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::config;
use crate::domain::secret::Secret;

/// Flags of `secret`.
#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    command: Command,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080", global = true)]
    url: String,
    /// A key that may write; to list, read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true, global = true, default_value = "")]
    key: String,
    /// The workspace to act in, by id or name, if not the key's own; for admin keys of the first one.
    #[arg(long, env = "HOOKMILL_WORKSPACE", value_name = "NAME", global = true)]
    workspace: Option<String>,
    /// Print the result as one line of JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set a secret to what comes from stdin, a line end cut off.
    Set {
        /// Its name, as the `grants` of a step say it.
        name: String,
        /// Take the value from this environment variable instead.
        #[arg(long, value_name = "VARIABLE")]
        from_env: Option<String>,
    },
    /// List the secrets; values are never shown.
    List,
    /// Delete a secret that no connection names.
    Delete {
        /// Its name.
        name: String,
    },
}

/// Runs one of the commands.
pub(crate) fn run(args: &SecretArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            talk!("hookmill: {error}");
            return Exit::Failed;
        }
    };
    match runtime.block_on(answer(args)) {
        Ok((value, text)) => print(&if args.json { format!("{value}\n") } else { text }),
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

/// The result as JSON, and for people.
async fn answer(args: &SecretArgs) -> anyhow::Result<(Value, String)> {
    let client = ApiClient::new(&args.url, Some(&args.key))?.acting_in(args.workspace.as_deref());
    match &args.command {
        Command::Set { name, from_env } => {
            let value = value(from_env.as_deref())?;
            let path = format!("v1/secrets/{}", segment(name));
            let set = client.put(&path, &json!({"value": value.expose()})).await?;
            let text = format!("set {}\n", line(&set));
            Ok((set, text))
        }
        Command::List => {
            let secrets = client.get("v1/secrets?limit=200").await?;
            let lines: Vec<String> = secrets["items"].as_array().into_iter().flatten().map(line).collect();
            let text = if lines.is_empty() { "no secrets\n".to_owned() } else { lines.join("\n") + "\n" };
            Ok((secrets, text))
        }
        Command::Delete { name } => {
            client.delete(&format!("v1/secrets/{}", segment(name))).await?;
            Ok((json!({"deleted": name}), format!("deleted {name}\n")))
        }
    }
}

/// From the variable, else from stdin.
fn value(from_env: Option<&str>) -> anyhow::Result<Secret> {
    if let Some(name) = from_env {
        return config::from_environment(name)
            .map(Secret::new)
            .with_context(|| format!("there is no variable {name}"));
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        bail!("the value comes from stdin, so that it stands in no history: hookmill secret set NAME < FILE");
    }
    let mut text = String::new();
    stdin.read_to_string(&mut text).context("read the value from stdin")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line)))
}

fn line(secret: &Value) -> String {
    let text = |name: &str| secret[name].as_str().unwrap_or_default();
    let users: Vec<&str> =
        secret["used_by"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let users =
        if users.is_empty() { "not used".to_owned() } else { format!("used by {}", users.join(", ")) };
    format!("{:<24} {}  {}  {users}", text("name"), text("fingerprint"), text("updated_at"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_line() {
        let secret = json!({"name": "token", "fingerprint": "0a1b2c3d", "updated_at": "2026-01-01T00:00:00Z",
            "used_by": ["a", "b"]});
        assert_eq!(line(&secret), "token                    0a1b2c3d  2026-01-01T00:00:00Z  used by a, b");
    }

    #[test]
    fn names_stay_in_their_part_of_a_path() {
        assert_eq!(segment("a/../b?c"), "a%2F%2E%2E%2Fb%3Fc");
    }
}
