//! One comparison: what was asked for and how far it is. Not here: doing it (`work`).

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::control::rollouts::Tally;
use crate::domain::id::ComparisonId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::insight::comparisons::order::Order;

/// Where a comparison stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComparisonState {
    /// Waits for its turn: one runs at a time.
    Queued,
    /// Is being done.
    Running,
    /// All events were compared.
    Finished,
    /// Somebody, or the end of the server, stopped it; what was found until then stays.
    Cancelled,
    /// The gateway could not go on, and why.
    Failed(String),
}

impl ComparisonState {
    /// The name in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether nothing more happens.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Failed(_))
    }
}

/// What the events were compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// What was decided then; payloads made again and proven to be those that were sent.
    pub sent: u64,
    /// What was decided then, but the payloads made again are not those that were sent: a plugin
    /// is not deterministic, or the configuration then is not known in full.
    pub unproven: u64,
    /// What the connection's steps do now: it had not taken the event, or that is not kept.
    pub rerun: u64,
}

/// How far it is.
#[derive(Debug)]
pub struct Progress {
    /// Where it stands.
    pub state: ComparisonState,
    /// When its turn came.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Events compared.
    pub done: u64,
    /// What they were compared with.
    pub bases: Bases,
    /// What was found.
    pub tally: Tally,
}

/// A comparison.
#[derive(Debug)]
pub struct Comparison {
    /// Its id.
    pub id: ComparisonId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What was asked for.
    pub order: Order,
    /// When.
    pub created_at: Timestamp,
    progress: Mutex<Progress>,
    cancelled: AtomicBool,
}

impl Comparison {
    pub(super) fn new(id: ComparisonId, workspace: WorkspaceId, order: Order, created_at: Timestamp) -> Self {
        let progress = Progress {
            state: ComparisonState::Queued,
            started_at: None,
            finished_at: None,
            done: 0,
            bases: Bases::default(),
            tally: Tally::default(),
        };
        let (progress, cancelled) = (Mutex::new(progress), AtomicBool::new(false));
        Self { id, workspace, order, created_at, progress, cancelled }
    }

    /// How far it is. Hold it briefly: the work waits.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock()
    }

    pub(super) fn begin(&self, now: Timestamp) {
        let mut progress = self.progress();
        progress.state = ComparisonState::Running;
        progress.started_at = Some(now);
    }

    pub(super) fn end(&self, state: ComparisonState, now: Timestamp) {
        let mut progress = self.progress();
        progress.state = state;
        progress.finished_at = Some(now);
    }

    /// Asks the work to stop after the few events it is at.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
