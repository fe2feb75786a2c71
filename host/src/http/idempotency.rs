//! Answers to writes that came with an `Idempotency-Key`: the same request again gets the same
//! answer and is not done again. In memory, so a restart forgets. Not here: events, whose keys are
//! kept in the store.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::StatusCode;
use parking_lot::Mutex;
use sha2::Digest as _;
use sha2::Sha256;
use tokio::sync::OwnedMutexGuard;

use crate::domain::id::WorkspaceId;
use crate::http::problem::Kind;
use crate::http::problem::Problem;

/// Keys remembered; the oldest are forgotten first.
const KEYS_MAX: usize = 10_000;
/// Longest key, bytes.
pub(crate) const KEY_BYTES_MAX: usize = 255;
/// Longest body of an answer that is remembered.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 10;

/// An answer that can be given again.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// What is known about one key.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    request: Option<[u8; 32]>,
    saved: Option<Saved>,
}

type Place = Arc<tokio::sync::Mutex<Slot>>;

#[derive(Debug, Default)]
struct Table {
    slots: HashMap<[u8; 32], Place>,
    order: VecDeque<[u8; 32]>,
}

/// The memory of one server.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    table: Mutex<Table>,
}

/// What to do with a request that has a key.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It was answered before, with this.
    Again(Saved),
    /// Do it; then put the answer in. Others with the same key wait for that.
    First(OwnedMutexGuard<Slot>),
}

/// A request, as far as it must be the same.
#[derive(Debug)]
pub(crate) struct KeyedRequest<'a> {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its method and path.
    pub operation: &'a str,
    /// Its `Idempotency-Key`.
    pub key: &'a str,
    /// Its query and body.
    pub content: [&'a [u8]; 2],
}

impl Memory {
    /// Waits for others with the same key, then says whether there is an answer already.
    pub(crate) async fn turn(&self, asked: &KeyedRequest<'_>) -> Result<Turn, Problem> {
        let is_visible = asked.key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if asked.key.is_empty() || asked.key.len() > KEY_BYTES_MAX || !is_visible {
            let detail = format!("the header Idempotency-Key has 1 to {KEY_BYTES_MAX} visible characters");
            return Err(Problem::new(Kind::InvalidRequest, detail));
        }
        let name =
            hash(&[&asked.workspace.bits().to_be_bytes(), asked.operation.as_bytes(), asked.key.as_bytes()]);
        let request = hash(&asked.content);
        let mut slot = self.place(name).lock_owned().await;
        match (&slot.request, &slot.saved) {
            (Some(earlier), Some(saved)) if *earlier == request => Ok(Turn::Again(saved.clone())),
            (Some(_), Some(_)) => {
                let detail =
                    "this Idempotency-Key came before with another body; use a new key for a new request";
                Err(Problem::new(Kind::IdempotencyKeyReused, detail))
            }
            _ => {
                slot.request = Some(request);
                Ok(Turn::First(slot))
            }
        }
    }

    fn place(&self, name: [u8; 32]) -> Place {
        let mut table = self.table.lock();
        if let Some(place) = table.slots.get(&name) {
            return place.clone();
        }
        if table.order.len() >= KEYS_MAX
            && let Some(oldest) = table.order.pop_front()
        {
            table.slots.remove(&oldest);
        }
        table.order.push_back(name);
        table.slots.entry(name).or_default().clone()
    }
}

impl Slot {
    /// Remembers the answer, if it was a good one: a refusal may be tried again.
    pub(crate) fn save(&mut self, saved: Saved) {
        if saved.status.is_success() {
            self.saved = Some(saved);
        }
    }
}

/// Parts with their lengths, so that no two lists of parts give the same.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(workspace: u128, key: &'a str, body: &'a [u8]) -> KeyedRequest<'a> {
        KeyedRequest {
            workspace: WorkspaceId::from_bits(workspace),
            operation: "POST /v1/x",
            key,
            content: [b"", body],
        }
    }

    fn answer(status: StatusCode) -> Saved {
        Saved { status, headers: HeaderMap::new(), body: Bytes::from_static(b"{}") }
    }

    #[tokio::test]
    async fn the_first_answer_is_given_again() {
        let memory = Memory::default();
        let Ok(Turn::First(mut slot)) = memory.turn(&asked(1, "k", b"a")).await else { panic!("first") };
        slot.save(answer(StatusCode::CREATED));
        drop(slot);
        assert!(matches!(memory.turn(&asked(1, "k", b"a")).await, Ok(Turn::Again(_))));
        assert!(memory.turn(&asked(1, "k", b"b")).await.is_err(), "another body");
        assert!(matches!(memory.turn(&asked(2, "k", b"b")).await, Ok(Turn::First(_))), "another workspace");
        assert!(memory.turn(&asked(1, "", b"")).await.is_err());
    }

    #[tokio::test]
    async fn a_refusal_is_not_remembered() {
        let memory = Memory::default();
        let Ok(Turn::First(mut slot)) = memory.turn(&asked(1, "k", b"a")).await else { panic!("first") };
        slot.save(answer(StatusCode::UNPROCESSABLE_ENTITY));
        drop(slot);
        assert!(matches!(memory.turn(&asked(1, "k", b"b")).await, Ok(Turn::First(_))));
    }

    #[tokio::test]
    async fn two_at_once_are_one() {
        let memory = Arc::new(Memory::default());
        let Ok(Turn::First(mut slot)) = memory.turn(&asked(1, "k", b"a")).await else { panic!("first") };
        let second = {
            let memory = memory.clone();
            async move { memory.turn(&asked(1, "k", b"a")).await }
        };
        let mut second = std::pin::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        slot.save(answer(StatusCode::OK));
        drop(slot);
        assert!(matches!(second.await, Ok(Turn::Again(_))));
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let memory = Memory::default();
        for number in 0..KEYS_MAX + 10 {
            drop(memory.turn(&asked(1, &number.to_string(), b"")).await);
        }
        assert_eq!(memory.table.lock().slots.len(), KEYS_MAX);
    }
}
