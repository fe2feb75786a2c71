//! `hookmill tail`: follows what arrives and happens, live. Not here: history (`/v1/events`).

use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::StreamLine;
use crate::cli::client::StreamParser;
use crate::cli::text::one_line;
use crate::cli::text::print;
use crate::cli::text::talk;

const PAUSE: Duration = Duration::from_secs(1);

/// Flags of `tail`.
#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
    /// Print lines of JSON.
    #[arg(long)]
    json: bool,
    /// Stop after that many.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Follows until interrupted. A lost connection is made again.
pub(crate) fn run(args: &TailArgs) -> Exit {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Exit::Failed;
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = follow(args) => outcome,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    });
    match outcome {
        Ok(()) => Exit::Ok,
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

async fn follow(args: &TailArgs) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().build()?;
    let url = format!("{}/v1/stream", args.url.trim_end_matches('/'));
    let mut left = args.count.unwrap_or(u64::MAX);
    let mut connected_once = false;
    while left > 0 {
        match client.get(&url).bearer_auth(&args.key).send().await {
            Ok(response) if response.status().is_success() => {
                connected_once = true;
                print_events(args, response, &mut left).await;
            }
            Ok(response) => {
                let status = response.status();
                bail!("{url} answered {status}: {}", response.text().await.unwrap_or_default());
            }
            Err(error) if !connected_once => return Err(error.into()),
            Err(_) => {}
        }
        if left > 0 {
            talk!("hookmill: the connection was lost; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn print_events(args: &TailArgs, mut response: reqwest::Response, left: &mut u64) {
    let mut parser = StreamParser::default();
    while let Ok(Some(bytes)) = response.chunk().await {
        for event in parser.feed(&bytes) {
            let line = if args.json { json(&event) } else { text(&event) };
            print(&format!("{line}\n"));
            *left -= 1;
            if *left == 0 {
                return;
            }
        }
    }
}

fn json(line: &StreamLine) -> String {
    let data: Value = serde_json::from_str(&line.data).unwrap_or_else(|_| line.data.clone().into());
    serde_json::json!({"kind": line.kind, "data": data}).to_string()
}

/// The kind and each field of the data, on one line.
fn text(line: &StreamLine) -> String {
    let data: Value = serde_json::from_str(&line.data).unwrap_or_default();
    let fields = data.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::String(text) => one_line(&format!("{name}={text}")).into_owned(),
        other => one_line(&format!("{name}={other}")).into_owned(),
    });
    format!("{:<20} {}", one_line(&line.kind), fields.collect::<Vec<_>>().join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_one_line_and_moves_nothing() {
        let data = serde_json::json!({"type": "a\nevent.received  event=evt_forged \x1b[2J", "n\u{9b}": [" \u{202e}"]});
        let text = text(&StreamLine { kind: "event.received".to_owned(), data: data.to_string() });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{text}");
        assert!(text.contains(r"type=a\u000aevent.received  event=evt_forged \u001b[2J"), "{text}");
    }
}
