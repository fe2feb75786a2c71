//! Load that knows afterwards what was acknowledged: numbered events over a few connections, in
//! a closed loop, until told to stop. Not here: what became of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::Client;

/// What happened to the requests so far.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The id each acknowledged number got.
    pub acknowledged: HashMap<u64, String>,
    /// Numbers whose request got no answer: they may or may not have been accepted.
    pub unanswered: Vec<u64>,
    /// Numbers that were refused, with the status.
    pub refused: HashMap<u64, u16>,
    /// When the last of those requests began that were acknowledged: what was settled before is on disk with it.
    pub committed: Option<Instant>,
}

#[derive(Debug)]
struct Shared {
    next: AtomicU64,
    stop: AtomicBool,
    outcome: Mutex<Outcome>,
}

/// Load under way.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    workers: JoinSet<()>,
}

impl Load {
    /// Starts `connections` senders to `path`. Bodies are `{"number": n, "filler": "…"}`.
    pub fn start(client: &Client, path: &str, connections: usize, filler: usize) -> Self {
        let shared = Arc::new(Shared {
            next: AtomicU64::new(1),
            stop: AtomicBool::new(false),
            outcome: Mutex::new(Outcome::default()),
        });
        let mut workers = JoinSet::new();
        for _ in 0..connections {
            workers.spawn(send(shared.clone(), client.with_key(""), path.to_owned(), "x".repeat(filler)));
        }
        Self { shared, workers }
    }

    /// How many were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.shared.outcome.lock().unwrap_or_else(PoisonError::into_inner).acknowledged.len()
    }

    /// When the last of those requests began that were acknowledged so far.
    pub fn committed(&self) -> Option<Instant> {
        self.shared.outcome.lock().unwrap_or_else(PoisonError::into_inner).committed
    }

    /// Lets what is under way finish and gives the account.
    pub async fn stop(mut self) -> Outcome {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(worker) = self.workers.join_next().await {
            worker.expect("a sender does not panic");
        }
        self.shared.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn send(shared: Arc<Shared>, client: Client, path: String, filler: String) {
    let headers = [("content-type", "application/json")];
    while !shared.stop.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let body = json!({"number": number, "filler": filler}).to_string().into_bytes();
        let began = Instant::now();
        let answer = client.try_send("POST", &path, &headers, body).await;
        let wait = {
            let mut outcome = shared.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(answer) if answer.status == 202 => {
                    let id = answer.body["id"].as_str().unwrap_or_default().to_owned();
                    outcome.acknowledged.insert(number, id);
                    outcome.committed = outcome.committed.max(Some(began));
                    None
                }
                Ok(answer) => {
                    outcome.refused.insert(number, answer.status);
                    Some(Duration::from_millis(5))
                }
                // A refused connection was never a request.
                Err(error) if error.is_connect() => Some(Duration::from_millis(5)),
                Err(_) => {
                    outcome.unanswered.push(number);
                    None
                }
            }
        };
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
    }
}
