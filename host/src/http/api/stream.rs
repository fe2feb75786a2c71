//! `/v1/stream`: what happens, as server-sent events. Ends when the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::domain::id::WorkspaceId;
use crate::flow::LiveEvent;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;

const MEDIA: &str = "text/event-stream";
/// Nothing happens for so long: a comment is sent, so that nobody takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/stream",
            "What arrives and happens, live, as server-sent events without payloads.",
            |call| Box::pin(stream(call)),
        )
        .output(200, Output::Media(MEDIA)),
    ]
}

struct Watcher {
    lines: broadcast::Receiver<Arc<LiveEvent>>,
    workspace: WorkspaceId,
    closing: CancellationToken,
    greeted: bool,
}

async fn stream(call: Call) -> Answer {
    let watcher = Watcher {
        lines: call.gateway().watch(),
        workspace: call.workspace()?,
        closing: call.site.closing.clone(),
        greeted: false,
    };
    let lines = stream::unfold(watcher, |mut watcher| async move {
        let line = watcher.next().await?;
        Some((Ok::<Bytes, Infallible>(line), watcher))
    });
    let mut response = Response::new(Body::from_stream(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA));
    Ok(response)
}

impl Watcher {
    /// The next line to send; `None` when the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b": watching\n\n"));
        }
        loop {
            let heard = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                heard = tokio::time::timeout(HEARTBEAT, self.lines.recv()) => heard,
            };
            match heard {
                Ok(Ok(event)) if event.workspace == self.workspace => return Some(line(&event)),
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Lagged(missed))) => {
                    return Some(Bytes::from(format!("event: missed\ndata: {{\"lines\":{missed}}}\n\n")));
                }
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
            }
        }
    }
}

fn line(event: &LiveEvent) -> Bytes {
    let mut data = event.data.clone();
    if let Some(data) = data.as_object_mut() {
        data.insert("at".to_owned(), event.at.to_string().into());
    }
    Bytes::from(format!("event: {}\ndata: {data}\n\n", event.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn watcher(sender: &broadcast::Sender<Arc<LiveEvent>>) -> Watcher {
        Watcher {
            lines: sender.subscribe(),
            workspace: WorkspaceId::from_bits(1),
            closing: CancellationToken::new(),
            greeted: true,
        }
    }

    fn event(workspace: u128) -> Arc<LiveEvent> {
        let data = serde_json::json!({"event": "evt_x"});
        Arc::new(LiveEvent {
            at: Timestamp::default(),
            workspace: WorkspaceId::from_bits(workspace),
            kind: "event.received",
            data,
        })
    }

    #[tokio::test]
    async fn only_lines_of_the_own_workspace() {
        let sender = broadcast::Sender::new(8);
        let mut watcher = watcher(&sender);
        sender.send(event(2)).unwrap();
        sender.send(event(1)).unwrap();
        let line = watcher.next().await.unwrap();
        let expected =
            "event: event.received\ndata: {\"event\":\"evt_x\",\"at\":\"1970-01-01T00:00:00.000Z\"}\n\n";
        assert_eq!(line, expected);
    }

    #[tokio::test]
    async fn who_is_slow_is_told_what_was_missed() {
        let sender = broadcast::Sender::new(2);
        let mut watcher = watcher(&sender);
        for _ in 0..5 {
            sender.send(event(1)).unwrap();
        }
        assert_eq!(watcher.next().await.unwrap(), "event: missed\ndata: {\"lines\":3}\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_when_nothing_happens_and_an_end_when_the_server_stops() {
        let sender = broadcast::Sender::new(2);
        let mut watcher = watcher(&sender);
        assert_eq!(watcher.next().await.unwrap(), ": still here\n\n");
        watcher.closing.cancel();
        assert_eq!(watcher.next().await, None);
    }
}
