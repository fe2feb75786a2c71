//! `/v1/stream`: what happens, as server-sent events. Ends when the server stops, and when the key that opened it
//! opens nothing any more.

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
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa_axum::routes;

use crate::domain::config::Scope;
use crate::domain::id::WorkspaceId;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::observe::LiveEvent;

const MEDIA: &str = "text/event-stream";
/// Nothing happens for so long: a comment is sent, so that nobody takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the key is looked at while nothing happens; before each line it is in any case.
const LOOK: Duration = Duration::from_millis(500);
/// The last line for a key that was deleted or has expired.
const ENDED: &[u8] =
    b"event: ended\ndata: {\"reason\":\"the key was deleted, has expired, or may not read any more\"}\n\n";

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(stream))
}

struct Watcher {
    lines: broadcast::Receiver<Arc<LiveEvent>>,
    workspace: WorkspaceId,
    closing: CancellationToken,
    /// Whether the key may still read.
    may: Box<dyn Fn() -> bool + Send + Sync>,
    /// When the last line was sent.
    last: Instant,
    stage: Stage,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begun,
    Watching,
    Ended,
}

/// What arrives and happens, live, as server-sent events without payloads.
#[utoipa::path(
    get,
    path = "/v1/stream",
    responses((status = 200, body = String, content_type = "text/event-stream")),
)]
async fn stream(call: Call) -> Answer {
    let (principal, control) = (call.principal()?.clone(), call.control.clone());
    let watcher = Watcher {
        lines: call.insight.watch(),
        workspace: principal.workspace,
        closing: call.site.closing.clone(),
        may: Box::new(move || control.still_may(&principal, Scope::Read)),
        last: Instant::now(),
        stage: Stage::Begun,
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
    /// The next line to send; `None` when the server stops, or after the line that says that the key is gone.
    async fn next(&mut self) -> Option<Bytes> {
        match self.stage {
            Stage::Begun => {
                self.stage = Stage::Watching;
                return Some(Bytes::from_static(b": watching\n\n"));
            }
            Stage::Watching => {}
            Stage::Ended => return None,
        }
        let line = self.line().await?;
        self.last = Instant::now();
        Some(line)
    }

    async fn line(&mut self) -> Option<Bytes> {
        loop {
            let heard = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                heard = tokio::time::timeout(LOOK, self.lines.recv()) => heard,
            };
            if !(self.may)() {
                self.stage = Stage::Ended;
                return Some(Bytes::from_static(ENDED));
            }
            match heard {
                Ok(Ok(event)) if event.workspace == self.workspace => return Some(line(&event)),
                Ok(Err(RecvError::Lagged(missed))) => {
                    return Some(Bytes::from(format!("event: missed\ndata: {{\"lines\":{missed}}}\n\n")));
                }
                Ok(Err(RecvError::Closed)) => return None,
                // Others' lines are no sign of life either.
                Ok(Ok(_)) | Err(_) if self.last.elapsed() >= HEARTBEAT => {
                    return Some(Bytes::from_static(b": still here\n\n"));
                }
                Ok(Ok(_)) | Err(_) => {}
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
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::domain::time::Timestamp;

    fn watcher(sender: &broadcast::Sender<Arc<LiveEvent>>) -> Watcher {
        Watcher {
            lines: sender.subscribe(),
            workspace: WorkspaceId::from_bits(1),
            closing: CancellationToken::new(),
            may: Box::new(|| true),
            last: Instant::now(),
            stage: Stage::Watching,
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

    #[tokio::test(start_paused = true)]
    async fn no_line_once_the_key_is_gone_and_no_heartbeat_for_it() {
        let sender = broadcast::Sender::new(8);
        let mut told = watcher(&sender);
        let may = Arc::new(AtomicBool::new(true));
        told.may = Box::new({
            let may = may.clone();
            move || may.load(Ordering::Relaxed)
        });
        sender.send(event(1)).unwrap();
        assert!(told.next().await.unwrap().starts_with(b"event: event.received"));
        sender.send(event(1)).unwrap();
        may.store(false, Ordering::Relaxed);
        assert_eq!(told.next().await.unwrap(), ENDED);
        assert_eq!(told.next().await, None);
        // Without a line it is noticed as well, long before the heartbeat.
        let mut told = watcher(&sender);
        told.may = Box::new(|| false);
        let began = Instant::now();
        assert_eq!(told.next().await.unwrap(), ENDED);
        assert!(began.elapsed() <= LOOK * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_others_do_not_put_the_heartbeat_off() {
        let sender = broadcast::Sender::new(8);
        let mut watcher = watcher(&sender);
        let others = async {
            loop {
                sender.send(event(2)).unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let line = tokio::select! {
            line = watcher.next() => line,
            () = others => None,
        };
        assert_eq!(line.unwrap(), ": still here\n\n");
    }
}
