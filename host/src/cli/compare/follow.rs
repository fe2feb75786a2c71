//! Asks a gateway for a comparison and waits until it is over, telling on stderr how far it is.
//! Interrupted, it cancels the comparison. Not here: how the result looks (`show`).

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::compare::show;
use crate::cli::text::print;
use crate::cli::text::say;
use crate::cli::text::say_again;

const PAUSE: Duration = Duration::from_millis(100);

/// Does it all: `request` is the body of the request.
pub(crate) async fn follow(client: &ApiClient, request: String, json: bool) -> anyhow::Result<Exit> {
    let over = finished(client, request, json).await?;
    Ok(if show::differing(&over) == 0 { Exit::Ok } else { Exit::Differs })
}

/// Does it all but judge: the comparison when it is over, which has been printed.
pub(crate) async fn finished(client: &ApiClient, request: String, json: bool) -> anyhow::Result<Value> {
    let begun = client.post_bytes("v1/comparisons", "application/json", request.into()).await?;
    let id = begun["id"].as_str().context("the gateway's answer has no id")?.to_owned();
    let over = tokio::select! {
        over = wait(client, &id) => over?,
        _ = tokio::signal::ctrl_c() => {
            let path = format!("v1/comparisons/{id}/cancel");
            client.post_bytes(&path, "application/json", "{}".into()).await?;
            bail!("interrupted: the comparison was cancelled");
        }
    };
    print(&if json { format!("{over}\n") } else { show::summary(&over) });
    let state = over["state"].as_str().unwrap_or_default();
    if state != "finished" {
        let why = over["error"].as_str().unwrap_or("somebody cancelled it, or the gateway was stopped");
        bail!("the comparison is {state}: {why}");
    }
    if over["done"] == 0 {
        bail!("the connection has no stored events of that selection: nothing was compared");
    }
    Ok(over)
}

async fn wait(client: &ApiClient, id: &str) -> anyhow::Result<Value> {
    let mut teller = Teller::default();
    loop {
        let now = client.get(&format!("v1/comparisons/{id}")).await?;
        let over = matches!(now["state"].as_str(), Some("finished" | "cancelled" | "failed"));
        teller.tell(&show::progress(&now), over);
        if over {
            return Ok(now);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells how far it is: on a terminal always in the same line, elsewhere now and then.
#[derive(Debug, Default)]
struct Teller {
    told: u32,
}

/// Times that are told of where every one is a line.
const EVERY: u32 = 20;

impl Teller {
    fn tell(&mut self, text: &str, last: bool) {
        if std::io::stderr().is_terminal() {
            say_again(text, last);
        } else if last || self.told.is_multiple_of(EVERY) {
            say(text);
        }
        self.told = self.told.saturating_add(1);
    }
}
