//! What plugins with grants are given while one event is worked on, and what they leave. What is left becomes lasting
//! with the event's plan, see `plan`. Not here: which grants a plugin has (`snapshot`), what a guest sees (`sandbox`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::runtime::Handle;

use crate::control::snapshot::PluginStep;
use crate::domain::fetch::Fetch;
use crate::domain::fetch::StepFetch;
use crate::domain::grant::Grant;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::ConnectionId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::pipeline::Pipeline;
use crate::pipeline::host::fetch::NoFetches;
use crate::pipeline::host::fetch::Spent;
use crate::pipeline::host::fetch::StepFetcher;
use crate::sandbox::Fetcher;
use crate::sandbox::HostContext;
use crate::sandbox::KvRead;
use crate::sandbox::KvWrites;
use crate::store::Backend;
use crate::store::Store as _;
use crate::store::StoreError;

/// See the head of this file. For one event; steps of several connections see each other's writes.
pub(crate) struct EventContext {
    pipeline: Pipeline,
    workspace: WorkspaceId,
    now: Timestamp,
    purpose: Purpose,
    writes: Mutex<Writes>,
    requests: Mutex<Requests>,
}

/// What the steps are run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To deliver what comes of it.
    First,
    /// To deliver what comes of it, after an earlier run; nothing is counted, and no quarantine holds it.
    Again,
    /// To see what would come of it: plugins make no requests, and get names in the place of secrets.
    Look,
}

/// Requests made so far.
#[derive(Debug, Default)]
struct Requests {
    /// Where the steps are.
    connection: Option<ConnectionId>,
    step: u16,
    spent: BTreeMap<Arc<str>, Arc<Mutex<Spent>>>,
    made: Vec<StepFetch>,
}

/// By plugin.
type Writes = BTreeMap<Arc<str>, KvWrites>;

impl fmt::Debug for EventContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({:?})", self.writes())
    }
}

impl EventContext {
    /// Nothing written yet; for guests it stays now.
    pub(crate) fn new(pipeline: &Pipeline, workspace: WorkspaceId, purpose: Purpose) -> Self {
        let (pipeline, now) = (pipeline.clone(), pipeline.now());
        Self { pipeline, workspace, now, purpose, writes: Mutex::default(), requests: Mutex::default() }
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock()
    }

    fn space(&self, plugin: &Arc<str>) -> KvSpace {
        KvSpace { workspace: self.workspace, plugin: plugin.clone() }
    }

    /// What a step's plugin is given.
    pub(crate) fn given(&self, step: &PluginStep) -> HostContext {
        if step.grants.is_empty() {
            return HostContext::default();
        }
        let kv = step.grants.has(Grant::Kv).then(|| self.stored(step));
        let writes = self.writes().get(&step.name).cloned().unwrap_or_default();
        let secrets = match self.purpose {
            Purpose::First | Purpose::Again => step.secrets.clone(),
            Purpose::Look => step.secrets.names_only(),
        };
        let http = step.grants.has(Grant::Http).then(|| self.fetcher(step));
        HostContext { kv, writes, now_ms: self.now.as_millis(), secrets, http, ..HostContext::default() }
    }

    fn stored(&self, step: &PluginStep) -> Arc<dyn KvRead> {
        let (store, space) = (self.pipeline.store().clone(), self.space(&step.name));
        Arc::new(Stored { store, space, runtime: Handle::current() })
    }

    fn fetcher(&self, step: &PluginStep) -> Arc<dyn Fetcher> {
        if self.purpose == Purpose::Look {
            return Arc::new(NoFetches);
        }
        let spent = self.requests().spent.entry(step.name.clone()).or_default().clone();
        let (pipeline, hosts) = (self.pipeline.clone(), step.hosts.clone());
        Arc::new(StepFetcher { pipeline, runtime: Handle::current(), hosts, spent })
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock()
    }

    /// The steps of this connection run from here on.
    pub(crate) fn at_connection(&self, connection: ConnectionId) {
        self.requests().connection = Some(connection);
    }

    /// The step at that place of the connection runs from here on.
    pub(crate) fn at_step(&self, step: usize) {
        self.requests().step = u16::try_from(step).unwrap_or(u16::MAX);
    }

    /// Notes the requests that the present step made. They stay noted, whatever becomes of the event.
    pub(crate) fn fetched(&self, fetches: Vec<Fetch>) {
        if fetches.is_empty() {
            return;
        }
        let mut requests = self.requests();
        let Some(connection) = requests.connection else { return };
        let step = requests.step;
        requests.made.extend(fetches.into_iter().map(|fetch| StepFetch { connection, step, fetch }));
    }

    /// All requests that were noted.
    pub(crate) fn take_fetches(&self) -> Vec<StepFetch> {
        std::mem::take(&mut self.requests().made)
    }

    /// Takes over what a step's plugin left: its earlier writes included.
    pub(crate) fn keep(&self, step: &PluginStep, writes: KvWrites) {
        if !writes.is_empty() {
            self.writes().insert(step.name.clone(), writes);
        }
    }

    /// What was written so far, to return to.
    pub(crate) fn mark(&self) -> ContextMark {
        ContextMark(self.writes().clone())
    }

    /// Forgets what was written since; requests may be made again.
    pub(crate) fn back_to(&self, mark: ContextMark) {
        *self.writes() = mark.0;
        self.requests().spent.clear();
    }

    /// For the store.
    pub(crate) fn into_writes(self) -> Vec<KvWrite> {
        let writes = std::mem::take(&mut *self.writes());
        let of = |(plugin, writes): (Arc<str>, KvWrites)| {
            let space = self.space(&plugin);
            writes.into_iter().map(move |(key, value)| KvWrite { space: space.clone(), key, value })
        };
        writes.into_iter().flat_map(of).collect()
    }
}

/// A point to return to.
#[derive(Debug)]
pub(crate) struct ContextMark(Writes);

/// A plugin's values in the store.
struct Stored {
    store: Backend,
    space: KvSpace,
    runtime: Handle,
}

impl Stored {
    /// Asks the store, and blocks until it answers. A guest's call for a value is an ordinary function of the guest: its
    /// thread has nothing else to do meanwhile, and belongs to a runtime of its own that cannot be entered again. So
    /// the store is asked on the gateway's runtime. Nothing else waits for the store like this.
    fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, String> {
        let (sender, answer) = sync_channel(1);
        self.runtime.spawn(async move {
            let _given_up = sender.send(question.await);
        });
        let answer = answer.recv().map_err(|_| "the gateway stops".to_owned())?;
        answer.map_err(|error| error.to_string())
    }
}

impl KvRead for Stored {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let (store, space, key) = (self.store.clone(), self.space.clone(), key.to_owned());
        self.ask(async move { store.kv_get(&space, &key).await })
    }

    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, String> {
        let (store, space, prefix) = (self.store.clone(), self.space.clone(), prefix.to_owned());
        self.ask(async move { store.kv_keys(&space, &prefix, limit).await })
    }
}
