//! `hookmill alerts`: what stands and waits for somebody. Not here: what is told live (`tail`).

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::text::one_line;
use crate::cli::text::print;
use crate::cli::text::talk;

/// Flags of `alerts`.
#[derive(Debug, clap::Args)]
pub(crate) struct AlertsArgs {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true, default_value = "")]
    key: String,
    /// End with 1 if there is one, so that a script can ask.
    #[arg(long)]
    exit_code: bool,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Prints them, newest first.
pub(crate) fn run(args: &AlertsArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            talk!("hookmill: {error}");
            return Exit::Failed;
        }
    };
    match runtime.block_on(standing(args)) {
        Ok(alerts) => {
            let printed = print(&if args.json { format!("{alerts}\n") } else { words(&alerts) });
            let stands = alerts.as_array().is_some_and(|alerts| !alerts.is_empty());
            if printed == Exit::Ok && args.exit_code && stands { Exit::Differs } else { printed }
        }
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

async fn standing(args: &AlertsArgs) -> anyhow::Result<Value> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    Ok(client.get("v1/alerts?limit=500").await?["items"].take())
}

/// Two lines for each: what has happened, and what to do.
fn words(alerts: &Value) -> String {
    let mut text = String::new();
    for alert in alerts.as_array().into_iter().flatten() {
        let part = |name: &str| one_line(alert[name].as_str().unwrap_or_default()).into_owned();
        // Into memory: it cannot fail.
        let _infallible = writeln!(
            text,
            "{}  {:<20}  {}\n{:26}{}",
            part("raised_at"),
            part("kind"),
            part("says"),
            "",
            part("advice")
        );
    }
    if text.is_empty() { "no alert stands\n".to_owned() } else { text }
}
