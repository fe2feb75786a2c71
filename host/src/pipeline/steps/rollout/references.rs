//! Events that went their way already and wait to be run by the other version. What there is no room for is not compared,
//! and counted as skipped. Not here: running it (`beside`).

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::Notify;

use crate::control::snapshot::PluginStep;
use crate::control::snapshot::RolloutStep;
use crate::domain::id::EventId;
use crate::domain::plugin::GuestEvent;
use crate::pipeline::payload::Payload;
use crate::shape::difference::Outcome;

/// Events that wait to be compared, and bytes of their payloads.
const WAITING_MAX: usize = 512;
const BYTES_MAX: usize = 16 << 20;

/// One event to run another version on.
#[derive(Debug)]
pub(super) struct Reference {
    pub tried: Arc<RolloutStep>,
    pub event: EventId,
    /// The version to run; the other has run.
    pub runs: PluginStep,
    pub inputs: Vec<(GuestEvent, Payload)>,
    /// What the version came to that has run.
    pub made: Outcome,
    /// Of all payloads.
    pub bytes: usize,
}

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct References {
    queue: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    waiting: VecDeque<Reference>,
    bytes: usize,
    /// Whether somebody works.
    working: bool,
}

impl References {
    fn queue(&self) -> MutexGuard<'_, Waiting> {
        self.queue.lock()
    }

    /// Takes an event to be compared, if there is room; answers whether somebody must begin to work.
    pub(super) fn offer(&self, reference: Reference) -> bool {
        let mut queue = self.queue();
        if queue.waiting.len() == WAITING_MAX || queue.bytes + reference.bytes > BYTES_MAX {
            reference.tried.watch.counts().skipped();
            return false;
        }
        queue.bytes += reference.bytes;
        queue.waiting.push_back(reference);
        let begins = !std::mem::replace(&mut queue.working, true);
        drop(queue);
        self.more.notify_one();
        begins
    }

    pub(super) fn next(&self) -> Option<Reference> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front()?;
        queue.bytes -= next.bytes;
        Some(next)
    }

    /// Waits until there is more.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Whether the worker may go: still nothing waits.
    pub(super) fn rests(&self) -> bool {
        let mut queue = self.queue();
        queue.working = !queue.waiting.is_empty();
        !queue.working
    }
}
