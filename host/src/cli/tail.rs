//! `hookmill tail`: follows what arrives and happens, live. Not here: history (`/v1/events`).

use std::time::Duration;

use anyhow::bail;
use serde_json::Value;

use crate::cli::Exit;
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
    let mut parser = Events::default();
    while let Ok(Some(bytes)) = response.chunk().await {
        for event in parser.feed(&bytes) {
            let line = if args.json { event.json() } else { event.text() };
            print(&format!("{line}\n"));
            *left -= 1;
            if *left == 0 {
                return;
            }
        }
    }
}

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    kind: String,
    data: String,
}

impl Event {
    fn json(&self) -> String {
        let data: Value = serde_json::from_str(&self.data).unwrap_or_else(|_| self.data.clone().into());
        serde_json::json!({"kind": self.kind, "data": data}).to_string()
    }

    /// The kind and each field of the data, on one line.
    fn text(&self) -> String {
        let data: Value = serde_json::from_str(&self.data).unwrap_or_default();
        let fields = data.as_object().into_iter().flatten().map(|(name, value)| match value {
            Value::String(text) => one_line(&format!("{name}={text}")).into_owned(),
            other => one_line(&format!("{name}={other}")).into_owned(),
        });
        format!("{:<20} {}", one_line(&self.kind), fields.collect::<Vec<_>>().join("  "))
    }
}

/// Puts events together from bytes as they come.
#[derive(Debug, Default)]
struct Events {
    rest: Vec<u8>,
    event: Event,
}

impl Events {
    fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    whole.push(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.kind),
                "data" if self.event.data.is_empty() => value.clone_into(&mut self.event.data),
                "data" => {
                    self.event.data.push('\n');
                    self.event.data.push_str(value);
                }
                // A comment is a heartbeat; ids and retry times are not needed.
                _ => {}
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_one_line_and_moves_nothing() {
        let data = serde_json::json!({"type": "a\nevent.received  event=evt_forged \x1b[2J", "n\u{9b}": [" \u{202e}"]});
        let event = Event { kind: "event.received".to_owned(), data: data.to_string() };
        let text = event.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{text}");
        assert!(text.contains(r"type=a\u000aevent.received  event=evt_forged \u001b[2J"), "{text}");
    }

    #[test]
    fn events_are_put_together_across_chunks() {
        let stream = b": hello\r\n\r\nevent: received\r\nid: 1\r\ndata: {\"id\":\ndata: \"evt_1\"}\n\nda";
        for cut in 0..stream.len() {
            let mut parser = Events::default();
            let mut events = parser.feed(&stream[..cut]);
            events.extend(parser.feed(&stream[cut..]));
            let expected = Event { kind: "received".to_owned(), data: "{\"id\":\n\"evt_1\"}".to_owned() };
            assert_eq!(events, [expected], "cut at {cut}");
            assert!(events[0].text().ends_with("id=evt_1"));
        }
    }
}
