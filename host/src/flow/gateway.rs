//! The gateway: everything the flow works with, in one cheap handle. Not here: what it does
//! (one file per thing, as `impl Gateway`).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;

use crate::domain::config::ApiKey;
use crate::domain::config::Scope;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;
use crate::domain::id::compose;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::egress::Egress;
use crate::flow::apart::Turns;
use crate::flow::control::limits::FlowLimits;
use crate::flow::control::rollouts::References;
use crate::flow::control::snapshot::Compiler;
use crate::flow::control::snapshot::Snapshot;
use crate::flow::control::snapshot::SourceRuntime;
use crate::flow::delivery::in_flight::Wire;
use crate::flow::delivery::queues::Alarm;
use crate::flow::delivery::queues::Lanes;
use crate::flow::error::AcceptError;
use crate::flow::insight::comparisons::Comparisons;
use crate::flow::live::Live;
use crate::flow::pipeline::accept;
use crate::flow::pipeline::accept::Incoming;
use crate::flow::pipeline::accept::Taken;
use crate::flow::pipeline::accept::credentials::key_hash;
use crate::flow::pipeline::duty::Duties;
use crate::flow::pipeline::host::metering::Metering;
use crate::flow::pipeline::patience::Patience;
use crate::flow::seen::Seen;
use crate::observe::Metrics;
use crate::sandbox::Sandbox;
use crate::store::Backend;
use crate::store::StoreError;

/// Runs a task until it ends; the supervisor owns it.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// What a gateway is made of.
pub struct GatewayParts {
    /// The disk.
    pub store: Backend,
    /// Guest code.
    pub sandbox: Arc<Sandbox>,
    /// The network.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where tasks go.
    pub spawn: Spawn,
    /// Where long work goes that must not be in anybody's way.
    pub apart: Spawn,
    /// How much of what there may be.
    pub limits: FlowLimits,
    /// How long to wait for what fails for a moment.
    pub patience: Patience,
}

/// Who asks: a key of the API.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Which key.
    pub key: KeyId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Principal {
    fn of(key: &ApiKey) -> Self {
        Self { key: key.id, workspace: key.workspace, scopes: key.scopes.clone() }
    }

    /// Whether the key has that scope; `admin` has all.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

/// A handle on the gateway; clones are the same gateway.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    parts: GatewayParts,
    compiler: Compiler,
    snapshot: ArcSwap<Snapshot>,
    /// Configurations that events still in flight were accepted under, by revision.
    past: Mutex<BTreeMap<u64, Arc<Snapshot>>>,
    write: Arc<tokio::sync::Mutex<()>>,
    lanes: Lanes,
    duties: Duties,
    alarm: Alarm,
    live: Live,
    seen: Seen,
    comparisons: Comparisons,
    references: References,
    metering: Metering,
    turns: Turns,
    wire: Wire,
    stopping: AtomicBool,
    ids: AtomicU64,
    rejections_in_second: Mutex<(u64, u32)>,
    release_turns: [Arc<tokio::sync::Mutex<()>>; RELEASE_TURNS],
    kv_turns: Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A revision of the configuration cannot be read. It may be readable in a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration revision {revision} cannot be read: {detail}")]
pub(crate) struct Unreadable {
    revision: u64,
    detail: String,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway(revision {})", self.snapshot().revision())
    }
}

impl fmt::Debug for GatewayParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayParts")
    }
}

/// Configurations kept for events in flight. Older ones are read from the store again.
const PAST_MAX: usize = 64;
/// Events whose held deliveries are released at the same time, at most.
const RELEASE_TURNS: usize = 32;
/// Rejections recorded per second; the others are only counted, so that a flood fills no disk.
const REJECTIONS_PER_SECOND_MAX: u32 = 50;

impl Gateway {
    /// A gateway with this configuration. It does nothing until its tasks run, see `recover`
    /// and `intake`.
    pub fn new(parts: GatewayParts, compiler: Compiler, snapshot: Snapshot) -> Self {
        let wire = Wire::new(parts.limits.in_flight_max);
        let inner = Inner {
            parts,
            compiler,
            snapshot: ArcSwap::from_pointee(snapshot),
            past: Mutex::default(),
            write: Arc::default(),
            lanes: Lanes::default(),
            duties: Duties::default(),
            alarm: Alarm::default(),
            live: Live::default(),
            seen: Seen::default(),
            comparisons: Comparisons::default(),
            references: References::default(),
            metering: Metering::default(),
            turns: Turns::default(),
            wire,
            stopping: AtomicBool::new(false),
            ids: AtomicU64::new(0),
            rejections_in_second: Mutex::default(),
            release_turns: Default::default(),
            kv_turns: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.parts.clock
    }

    /// Bits for a new id of any kind but event, delivery and attempt.
    pub fn new_id(&self) -> u128 {
        let counter = self.inner.ids.fetch_add(1, Ordering::Relaxed) as u16;
        compose(self.now().as_millis(), counter, fastrand::u64(..))
    }

    /// A token nobody can guess: the prefix and 43 characters that carry 256 random bits.
    pub fn random_token(&self, prefix: &str) -> String {
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(self.random_bytes()))
    }

    /// 32 random bytes of the operating system.
    pub fn random_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }

    /// A random number from 0 up to 1, for jitter.
    pub(crate) fn jitter(&self) -> f64 {
        fastrand::f64()
    }

    /// Who has this token; `None` if nobody has, or it has expired, or it is a source's key.
    pub fn authenticate(&self, token: &str) -> Option<Principal> {
        let snapshot = self.snapshot();
        let key = snapshot.keys.get(&key_hash(token))?;
        let expired = key.expires_at.is_some_and(|end| end <= self.now());
        let usable = key.source.is_none() && !expired;
        usable.then(|| Principal::of(key))
    }

    /// Whether a key that was let in would be let in now with that scope: not once it was deleted, has expired, or
    /// may less.
    pub fn still_may(&self, principal: &Principal, scope: Scope) -> bool {
        let snapshot = self.snapshot();
        let key = snapshot.documents.keys.get(principal.key);
        let key = key.filter(|key| key.workspace == principal.workspace && key.source.is_none());
        let live = key.filter(|key| key.expires_at.is_none_or(|end| self.now() < end));
        live.is_some_and(|key| Principal::of(key).may(scope))
    }

    /// The configuration in force.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.inner.snapshot.load()
    }

    /// The configuration at a revision, for an event accepted under it. Never another one.
    pub(crate) async fn snapshot_at(&self, revision: u64) -> Result<Arc<Snapshot>, Unreadable> {
        if let Some(kept) = self.snapshot_at_hand(revision) {
            return Ok(kept);
        }
        let rebuilt = self.rebuild(revision).await;
        let snapshot = Arc::new(rebuilt.map_err(|detail| Unreadable { revision, detail })?);
        self.keep(snapshot.clone());
        Ok(snapshot)
    }

    /// The same if it need not be read from the store.
    pub(crate) fn snapshot_at_hand(&self, revision: u64) -> Option<Arc<Snapshot>> {
        let current = self.inner.snapshot.load_full();
        if current.revision() == revision { Some(current) } else { self.past().get(&revision).cloned() }
    }

    /// Or why not, in words.
    async fn rebuild(&self, revision: u64) -> Result<Snapshot, String> {
        use crate::store::Store as _;
        let state = self.store().config_at(revision).await.map_err(|error| error.to_string())?;
        let state = state.ok_or_else(|| "the store does not have it any more".to_owned())?;
        let documents = crate::flow::control::snapshot::Documents::from_stored(revision, &state.documents);
        let documents = documents.map_err(|error| error.to_string())?;
        Ok(self.compiler().compile(documents, None).await)
    }

    fn past(&self) -> parking_lot::MutexGuard<'_, BTreeMap<u64, Arc<Snapshot>>> {
        self.inner.past.lock()
    }

    fn keep(&self, snapshot: Arc<Snapshot>) {
        let mut past = self.past();
        past.insert(snapshot.revision(), snapshot);
        while past.len() > PAST_MAX {
            past.pop_first();
        }
    }

    /// Puts a new configuration in force; the old one stays at hand for events in flight.
    pub(crate) fn replace(&self, snapshot: Snapshot) {
        let old = self.inner.snapshot.swap(Arc::new(snapshot));
        self.keep(old);
        self.wake_all();
    }

    pub(crate) fn store(&self) -> &Backend {
        &self.inner.parts.store
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.inner.parts.sandbox
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.inner.parts.egress
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.parts.metrics
    }

    pub(crate) fn compiler(&self) -> &Compiler {
        &self.inner.compiler
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.inner.lanes
    }

    pub(crate) fn duties(&self) -> &Duties {
        &self.inner.duties
    }

    pub(crate) fn alarm(&self) -> &Alarm {
        &self.inner.alarm
    }

    pub(crate) fn live(&self) -> &Live {
        &self.inner.live
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.inner.seen
    }

    pub(crate) fn write_lock(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.inner.write.clone()
    }

    /// Held by whoever works on an event whose plugins read what they kept: one at a time in a workspace, so that
    /// each sees what the one before wrote.
    pub(crate) fn kv_turn(&self, workspace: WorkspaceId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.inner.kv_turns.lock();
        turns.entry(workspace).or_default().clone()
    }

    /// Held by whoever releases a delivery of an event, so that two never take the same new ids.
    pub(crate) fn release_turn(&self, event: EventId) -> Arc<tokio::sync::Mutex<()>> {
        self.inner.release_turns[(event.bits() % RELEASE_TURNS as u128) as usize].clone()
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.inner.parts.patience
    }

    /// How much of what there may be.
    pub fn limits(&self) -> &FlowLimits {
        &self.inner.parts.limits
    }

    /// A source by id, or by its name in the first workspace, ready to take requests.
    pub fn source_at(&self, id_or_name: &str) -> Result<Arc<SourceRuntime>, AcceptError> {
        let snapshot = self.snapshot();
        let found = snapshot.documents.source_at(id_or_name);
        let runtime = found.and_then(|found| snapshot.sources.get(&found.id));
        runtime.cloned().ok_or_else(|| AcceptError::UnknownSource(id_or_name.chars().take(100).collect()))
    }

    /// Takes a request in at a source; durable when this returns.
    pub async fn accept(&self, source: &SourceRuntime, incoming: Incoming) -> Result<Taken, AcceptError> {
        accept::run(self, source, incoming).await
    }

    /// Checks a URL as far as it can be without asking a name server.
    pub fn check_url(&self, url: &str) -> Result<(), String> {
        self.egress().check_url(url).map(drop).map_err(|refusal| refusal.to_string())
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.inner.parts.spawn)(Box::pin(task));
    }

    pub(crate) fn spawn_apart(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.inner.parts.apart)(Box::pin(task));
    }

    pub(crate) fn comparisons(&self) -> &Comparisons {
        &self.inner.comparisons
    }

    pub(crate) fn metering(&self) -> &Metering {
        &self.inner.metering
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.inner.wire
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.inner.turns
    }

    pub(crate) fn references(&self) -> &References {
        &self.inner.references
    }

    /// No further attempt begins; those on the wire end.
    pub fn stop(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn store_closed(&self) -> StoreError {
        StoreError::Unavailable { detail: "the store answered nothing".into() }
    }

    /// Whether one more rejection may be recorded this second.
    pub(crate) fn may_record_rejection(&self) -> bool {
        let second = self.now().as_secs();
        let mut seen = self.inner.rejections_in_second.lock();
        if seen.0 != second {
            *seen = (second, 0);
        }
        seen.1 += 1;
        seen.1 <= REJECTIONS_PER_SECOND_MAX
    }
}
