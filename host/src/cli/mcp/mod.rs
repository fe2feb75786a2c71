//! `hookmill mcp`: a running gateway's MCP server for assistants that start a program and talk to it on stdin and stdout.
//! Each message is handed on to `/mcp` with the key, and the answer handed back (`bridge`). Not here: what is answered (`http`).

mod bridge;

use std::io::BufRead as _;

use anyhow::Context as _;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::cli::Exit;
use crate::cli::mcp::bridge::Bridge;
use crate::cli::mcp::bridge::refusal;
use crate::cli::text::print;
use crate::cli::text::talk;

/// Messages that are read ahead.
const AHEAD: usize = 16;
/// Of the JSON-RPC error that says that a line is no JSON.
const NO_MESSAGE: i64 = -32_700;

/// Flags of `mcp`.
#[derive(Debug, clap::Args)]
pub(crate) struct McpArgs {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read; to plan and apply, write. The assistant does not see it.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true, default_value = "")]
    key: String,
    /// Let the assistant apply plans and send tests; without it, it can only look and plan.
    #[arg(long)]
    allow_write: bool,
}

/// Serves until stdin ends.
pub(crate) fn run(args: &McpArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.context("start").and_then(|runtime| runtime.block_on(serve(args)));
    match outcome {
        Ok(()) => Exit::Ok,
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

async fn serve(args: &McpArgs) -> anyhow::Result<()> {
    let mut bridge = Bridge::new(&args.url, &args.key, args.allow_write)?;
    let mut lines = lines();
    let mut asked = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !asked.is_empty() {
        tokio::select! {
            line = lines.recv(), if is_open => match line {
                None => is_open = false,
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match serde_json::from_str::<Value>(&line) {
                    Ok(message) => asked.extend(bridge.ask(message)),
                    Err(_) => send(&refusal(&Value::Null, NO_MESSAGE, "this line is no JSON")),
                },
            },
            // One that the client has cancelled has no answer.
            ended = asked.next(), if !asked.is_empty() => if let Some(Ok(answered)) = ended {
                bridge.take(answered).iter().for_each(send);
            },
        }
    }
    Ok(())
}

/// The lines of stdin, read on a thread of their own: reading cannot be waited for otherwise.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn send(message: &Value) {
    print(&format!("{message}\n"));
}
