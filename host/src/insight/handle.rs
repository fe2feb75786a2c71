//! The handle of this room: what it works with. Not here: what it does (one file per thing, as `impl Insight`).

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::control::Control;
use crate::control::Limits;
use crate::control::Spawn;
use crate::control::Stopping;
use crate::control::Unreadable;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::SnapshotCompiler;
use crate::delivery::Delivery;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::insight::comparisons::Comparisons;
use crate::observe::Observer;
use crate::pipeline::Pipeline;
use crate::store::Backend;

/// What it is made of.
pub(crate) struct InsightParts {
    /// Checks what is tried, and keeps tests.
    pub control: Control,
    /// Runs steps, and makes bytes again.
    pub pipeline: Pipeline,
    /// Knows what waits.
    pub delivery: Delivery,
    /// Where everything is that happened.
    pub store: Backend,
    /// The time.
    pub clock: Clock,
    /// What was told of what happened.
    pub observer: Arc<Observer>,
    /// Where tasks go.
    pub spawn: Spawn,
    /// Where long work goes that must not be in anybody's way.
    pub background: Spawn,
    /// Whether the server goes down.
    pub stopping: Stopping,
}

/// Answers questions. Clones are the same.
#[derive(Clone)]
pub struct Insight(Arc<Inner>);

struct Inner {
    parts: InsightParts,
    comparisons: Comparisons,
}

impl fmt::Debug for Insight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Insight({:?})", self.control())
    }
}

impl Insight {
    /// See [`InsightParts`].
    pub(crate) fn new(parts: InsightParts) -> Self {
        Self(Arc::new(Inner { parts, comparisons: Comparisons::default() }))
    }

    pub(super) fn control(&self) -> &Control {
        &self.0.parts.control
    }

    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.0.parts.pipeline
    }

    pub(super) fn delivery(&self) -> &Delivery {
        &self.0.parts.delivery
    }

    pub(super) fn store(&self) -> &Backend {
        &self.0.parts.store
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.0.parts.observer
    }

    pub(super) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.control().snapshot()
    }

    pub(super) async fn snapshot_at(&self, revision: u64) -> Result<Arc<Snapshot>, Unreadable> {
        self.control().configuration().at(revision).await
    }

    pub(super) fn snapshot_at_hand(&self, revision: u64) -> Option<Arc<Snapshot>> {
        self.control().configuration().at_hand(revision)
    }

    pub(super) fn compiler(&self) -> &SnapshotCompiler {
        self.control().configuration().compiler()
    }

    pub(super) fn limits(&self) -> &Limits {
        self.control().limits()
    }

    pub(super) fn new_id(&self) -> u128 {
        self.control().new_id()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.spawn)(Box::pin(task));
    }

    pub(super) fn spawn_background(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.background)(Box::pin(task));
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.parts.stopping.has_begun()
    }

    pub(super) fn comparisons(&self) -> &Comparisons {
        &self.0.comparisons
    }
}
