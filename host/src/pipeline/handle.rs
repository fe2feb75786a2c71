//! The handle of this room: what it works with. Not here: what it does (one file per thing, as `impl Pipeline` or a
//! function that takes one).

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::Configuration;
use crate::control::Ids;
use crate::control::Limits;
use crate::control::Spawn;
use crate::control::Stopping;
use crate::control::Unreadable;
use crate::control::reports::Reports;
use crate::control::snapshot::Snapshot;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::egress::Egress;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::pipeline::accept::rejection_rate::RejectionRate;
use crate::pipeline::alerts::AlertBoard;
use crate::pipeline::allowance::Allowances;
use crate::pipeline::duty::Duties;
use crate::pipeline::host::metering::Metering;
use crate::pipeline::rows::Turns;
use crate::pipeline::steps::rollout::References;
use crate::store::Backend;
use crate::store::StoreError;

/// What it is made of.
pub(crate) struct PipelineParts {
    /// What is in force.
    pub configuration: Configuration,
    /// Where events are.
    pub store: Backend,
    /// Makes the requests of plugins.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Told of what happens.
    pub observer: Arc<Observer>,
    /// Where findings that change the configuration go.
    pub reports: Reports,
    /// Where tasks go.
    pub spawn: Spawn,
    /// Where long work goes that must not be in anybody's way.
    pub background: Spawn,
    /// How much of what there may be.
    pub limits: Arc<Limits>,
    /// How long to wait for what fails for a moment.
    pub patience: Patience,
    /// Whether the server goes down.
    pub stopping: Stopping,
}

/// Takes events in and finds out what becomes of them. Clones are the same.
#[derive(Clone)]
pub struct Pipeline(Arc<Inner>);

struct Inner {
    parts: PipelineParts,
    duties: Duties,
    metering: Metering,
    references: References,
    rejections: RejectionRate,
    kv_turns: Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<()>>>>,
    turns: Turns,
    alerts: AlertBoard,
    allowances: Allowances,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({:?})", self.configuration())
    }
}

impl Pipeline {
    /// See [`PipelineParts`].
    pub(crate) fn new(parts: PipelineParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            duties: Duties::default(),
            metering: Metering::default(),
            references: References::default(),
            rejections: RejectionRate::default(),
            kv_turns: Mutex::default(),
            turns: Turns::default(),
            alerts: AlertBoard::default(),
            allowances: Allowances::default(),
        }))
    }

    /// Who works on which event.
    pub(crate) fn duties(&self) -> &Duties {
        &self.0.duties
    }

    /// Who changes which table.
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// What fails.
    pub(crate) fn alerts(&self) -> &AlertBoard {
        &self.0.alerts
    }

    /// What workspaces take in.
    pub(crate) fn allowances(&self) -> &Allowances {
        &self.0.allowances
    }

    /// What plugins cost.
    pub(crate) fn metering(&self) -> &Metering {
        &self.0.metering
    }

    pub(crate) fn configuration(&self) -> &Configuration {
        &self.0.parts.configuration
    }

    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.configuration().current()
    }

    pub(crate) async fn snapshot_at(&self, revision: u64) -> Result<Arc<Snapshot>, Unreadable> {
        self.configuration().at(revision).await
    }

    pub(crate) fn snapshot_at_hand(&self, revision: u64) -> Option<Arc<Snapshot>> {
        self.configuration().at_hand(revision)
    }

    pub(crate) fn store(&self) -> &Backend {
        &self.0.parts.store
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    pub(super) fn egress(&self) -> &Egress {
        &self.0.parts.egress
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn new_id(&self) -> u128 {
        self.0.parts.ids.next()
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.0.parts.observer
    }

    pub(super) fn reports(&self) -> &Reports {
        &self.0.parts.reports
    }

    pub(super) fn references(&self) -> &References {
        &self.0.references
    }

    pub(super) fn rejections(&self) -> &RejectionRate {
        &self.0.rejections
    }

    /// How much of what there may be.
    pub fn limits(&self) -> &Limits {
        &self.0.parts.limits
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.0.parts.patience
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.parts.stopping.has_begun()
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.spawn)(Box::pin(task));
    }

    pub(super) fn spawn_background(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.background)(Box::pin(task));
    }

    /// Held by whoever works on an event whose plugins read what they kept: one at a time in a workspace, so that
    /// each sees what the one before wrote.
    pub(crate) fn kv_turn(&self, workspace: WorkspaceId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.kv_turns.lock();
        turns.entry(workspace).or_default().clone()
    }

    /// Asks the store until it answers; `None` if the server stops before it does.
    pub(crate) async fn until_answered<T, Asking>(&self, doing: &str, ask: impl Fn() -> Asking) -> Option<T>
    where
        Asking: Future<Output = Result<T, StoreError>>,
    {
        for tries in 0.. {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) => self.observer().store_error(doing, &error),
            }
            if self.is_stopping() {
                return None;
            }
            tokio::time::sleep(self.patience().wait(tries)).await;
        }
        None
    }
}
