//! Wakes whoever forwards when something came in, by the gateway's live stream, and keeps that open: a lost connection
//! is made again. Not here: what came in, which the list says (`backlog`).

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::cli::client::ApiClient;
use crate::cli::client::StreamLine;
use crate::cli::client::StreamParser;
use crate::cli::text::talk;

/// A gateway that says nothing for so long is gone: it sends a sign of life every 15 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// First wait before a connection is made again; each is twice the one before.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What passes between the watch and whoever forwards.
#[derive(Debug, Default)]
pub(super) struct Wake {
    /// Something may have come in.
    pub(super) notify: Notify,
    /// Whether the stream is open; while it is not, the watch says so.
    pub(super) connected: Cell<bool>,
}

/// Waits before something is tried again.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(PAUSE_MIN)
    }
}

impl Backoff {
    /// How long to wait now.
    pub(super) fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(PAUSE_MAX);
        now
    }
}

/// Watches until the gateway refuses.
pub(super) async fn watch(client: &ApiClient, sources: &[String], wake: &Wake) -> anyhow::Result<Infallible> {
    let mut backoff = Backoff::default();
    let mut lost = false;
    loop {
        let why = match client.open_stream("v1/stream").await {
            Ok(stream) => {
                if std::mem::take(&mut lost) {
                    talk!("hookmill: connected again");
                }
                backoff = Backoff::default();
                wake.connected.set(true);
                // Whatever came before the stream was open is in the list.
                wake.notify.notify_one();
                follow(stream, sources, wake).await?
            }
            Err(error) if error.is_passing() => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        wake.connected.set(false);
        if !std::mem::replace(&mut lost, true) {
            talk!("hookmill: lost the connection to the gateway ({why}); trying until it is back");
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// Reads a stream to its end; says why it ended.
async fn follow(mut stream: reqwest::Response, sources: &[String], wake: &Wake) -> anyhow::Result<String> {
    let mut parser = StreamParser::default();
    loop {
        let bytes = match timeout(SILENCE_MAX, stream.chunk()).await {
            Err(_) => return Ok(format!("no sign of life in {} s", SILENCE_MAX.as_secs())),
            Ok(Err(error)) => return Ok(error.to_string()),
            Ok(Ok(None)) => return Ok("it ended the stream".to_owned()),
            Ok(Ok(Some(bytes))) => bytes,
        };
        for line in parser.feed(&bytes) {
            if line.kind == "ended" {
                let data: Value = serde_json::from_str(&line.data).unwrap_or_default();
                anyhow::bail!(
                    "the gateway ended it: {}",
                    data["reason"].as_str().unwrap_or("no reason given")
                );
            }
            if may_concern(&line, sources) {
                wake.notify.notify_one();
            }
        }
    }
}

/// Whether something may have come in at one of these sources.
fn may_concern(line: &StreamLine, sources: &[String]) -> bool {
    match line.kind.as_str() {
        // Lines are left out for who reads too slowly: any of them may have been of an event.
        "missed" => true,
        "event.received" => {
            let data: Value = serde_json::from_str(&line.data).unwrap_or_default();
            let source = data["source"].as_str().unwrap_or("published");
            sources.iter().any(|wanted| wanted == source)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_concern() {
        let sources = ["src_1".to_owned(), "published".to_owned()];
        let check = |kind: &str, data: &str, expected: bool| {
            let line = StreamLine { kind: kind.to_owned(), data: data.to_owned() };
            assert_eq!(may_concern(&line, &sources), expected, "{kind} {data}");
        };
        check("event.received", r#"{"source":"src_1"}"#, true);
        check("event.received", r#"{"source":"src_2"}"#, false);
        check("event.received", r#"{"source":null}"#, true);
        check("event.planned", r#"{"source":"src_1"}"#, false);
        check("missed", r#"{"lines":3}"#, true);
    }

    #[test]
    fn waits_grow_to_a_bound() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = std::iter::repeat_with(|| backoff.next()).take(20).collect();
        assert!(waits.is_sorted() && waits[0] == PAUSE_MIN && waits[19] == PAUSE_MAX, "{waits:?}");
    }
}
