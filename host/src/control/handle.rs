//! The handle of this room: what it works with. Not here: what it does (one file per thing, as `impl Control`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::control::Configuration;
use crate::control::Ids;
use crate::control::Limits;
use crate::control::Stopping;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::SnapshotCompiler;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::egress::Egress;
use crate::observe::Observer;
use crate::sandbox::Sandbox;
use crate::store::Backend;

/// Runs a task until it ends; whoever made this owns the task.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// What it is made of.
pub(crate) struct ControlParts {
    /// What is in force.
    pub configuration: Configuration,
    /// Where changes are written.
    pub store: Backend,
    /// Examines plugins.
    pub sandbox: Arc<Sandbox>,
    /// Judges URLs.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Told of what happens.
    pub observer: Arc<Observer>,
    /// Where tasks go.
    pub spawn: Spawn,
    /// How much of what there may be.
    pub limits: Arc<Limits>,
    /// Whether the server goes down.
    pub stopping: Stopping,
}

/// Changes what operators set up. Clones are the same.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

struct Inner {
    parts: ControlParts,
    write: Arc<tokio::sync::Mutex<()>>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:?})", self.configuration())
    }
}

impl Control {
    /// See [`ControlParts`].
    pub(crate) fn new(parts: ControlParts) -> Self {
        Self(Arc::new(Inner { parts, write: Arc::default() }))
    }

    /// What is in force.
    pub fn configuration(&self) -> &Configuration {
        &self.0.parts.configuration
    }

    /// The configuration in force.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.configuration().current()
    }

    /// How much of what there may be.
    pub fn limits(&self) -> &Limits {
        &self.0.parts.limits
    }

    /// Checks a URL as far as it can be without asking a name server.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        self.egress().check_url(url).map(drop).map_err(|refusal| refusal.to_string())
    }

    pub(super) fn compiler(&self) -> &SnapshotCompiler {
        self.configuration().compiler()
    }

    pub(super) fn store(&self) -> &Backend {
        &self.0.parts.store
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.0.parts.sandbox
    }

    pub(super) fn egress(&self) -> &Egress {
        &self.0.parts.egress
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.0.parts.observer
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn new_id(&self) -> u128 {
        self.0.parts.ids.next()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.0.parts.spawn)(Box::pin(task));
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.parts.stopping.has_begun()
    }

    pub(super) fn write_lock(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.0.write.clone()
    }
}
