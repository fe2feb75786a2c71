//! A gateway for one test, on a store in memory that outlives it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tempfile::TempDir;

use super::receiver::Receiver;
use crate::control::Control;
use crate::control::Limits;
use crate::control::Stopping;
use crate::control::reports;
use crate::control::snapshot::Caps;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::control::snapshot::SnapshotCompiler;
use crate::control::snapshot::Streaks;
use crate::delivery::Delivery;
use crate::domain::config::Connection;
use crate::domain::config::FlowState;
use crate::domain::config::OnError;
use crate::domain::config::Origin;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationAuth;
use crate::domain::destination::Endpoint;
use crate::domain::destination::HttpEndpoint;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::Schedule;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::insight::DeliveryDetail;
use crate::insight::Insight;
use crate::insight::TraceEntry;
use crate::node::rooms;
use crate::node::rooms::Parts;
use crate::node::rooms::Rooms;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::pipeline::Pipeline;
use crate::rules::seal::SealKey;
use crate::sandbox;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::store::Backend;
use crate::store::DeliveryQuery;
use crate::store::DeliverySummary;
use crate::store::Feed as _;
use crate::store::NodeId;
use crate::store::Store as _;
use crate::store::StoreError;
use crate::store::contract::Cluster as _;
use crate::store::contract::Opener as _;
use crate::store::failing::FailingStore;
use crate::store::failing::StoreFaults;
use crate::store::memory::InMemory;
use crate::store::memory::MemoryStore;
use crate::worker;
use crate::worker::Worker;

/// The workspace of every test.
pub(super) const WORKSPACE: WorkspaceId = WorkspaceId::from_bits(1);

/// Whether committed events are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planner {
    Works,
    /// It takes events from the feed and forgets them, as a fault would.
    LosesEvents,
}

/// What takes much address space.
#[derive(Clone)]
pub(super) struct Ground {
    sandbox: Arc<Sandbox>,
    directory: Arc<TempDir>,
}

impl Ground {
    pub(super) fn new() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let options = SandboxOptions::new(directory.path().join("plugins"), sandbox::Compiler::InProcess, 1);
        Self { sandbox: Arc::new(Sandbox::new(options).unwrap()), directory }
    }
}

/// A gateway, and all it stands on.
pub(super) struct Flow {
    pub(super) control: Control,
    pub(super) pipeline: Pipeline,
    pub(super) delivery: Delivery,
    pub(super) insight: Insight,
    pub(super) worker: Worker,
    stopping: Stopping,
    pub(super) store: MemoryStore,
    pub(super) faults: StoreFaults,
    pub(super) receiver: Receiver,
    sandbox: Arc<Sandbox>,
    data: Arc<InMemory>,
    _directory: Arc<TempDir>,
}

impl Flow {
    /// On an empty store.
    pub(super) async fn start() -> Self {
        Self::start_with(Planner::Works).await
    }

    pub(super) async fn start_with(planner: Planner) -> Self {
        Self::start_on(&Ground::new(), planner).await
    }

    /// On an empty store; several can share what is costly.
    pub(super) async fn start_on(ground: &Ground, planner: Planner) -> Self {
        let data = Arc::new(InMemory::new());
        let receiver = Receiver::start().await;
        let (node, faults) = (NodeId::ALONE, StoreFaults::default());
        Self::open(data, node, ground.clone(), receiver, faults, planner, true).await
    }

    /// As after a crash: what was only in memory is gone. Faults stay wanted.
    pub(super) async fn restart(self, planner: Planner) -> Self {
        self.restart_with(planner, true).await
    }

    /// The same, and nobody takes up what was left.
    pub(super) async fn restart_without_recovery(self) -> Self {
        self.restart_with(Planner::Works, false).await
    }

    async fn restart_with(self, planner: Planner, recovers: bool) -> Self {
        self.stopping.begin();
        self.store.close().await.unwrap();
        let Self { data, sandbox, _directory, receiver, faults, .. } = self;
        let ground = Ground { sandbox, directory: _directory };
        Self::open(data, NodeId::ALONE, ground, receiver, faults, planner, recovers).await
    }

    /// Another node on the same store, that sends to the same receiver.
    pub(super) async fn beside(&self, number: u16) -> Self {
        let ground = Ground { sandbox: self.sandbox.clone(), directory: self._directory.clone() };
        let data = self.data.clone();
        let (node, receiver) = (NodeId::new(number).unwrap(), self.receiver.clone());
        let faults = StoreFaults::default();
        Self::open(data, node, ground, receiver, faults, Planner::Works, true).await
    }

    /// It begins nothing any more, and says so to nobody.
    pub(super) fn freeze(&self) {
        self.stopping.begin();
    }

    /// Until its lease, and every other that nobody renews, has ended.
    pub(super) fn let_leases_end(&self) {
        self.data.set_time(self.control.now().plus(Duration::from_secs(60)));
    }

    async fn open(
        data: Arc<InMemory>,
        node: NodeId,
        ground: Ground,
        receiver: Receiver,
        faults: StoreFaults,
        planner: Planner,
        recovers: bool,
    ) -> Self {
        let Ground { sandbox, directory } = ground;
        let (store, mut feed, recovered) = data.join(node).await;
        let egress = Arc::new(egress());
        let compiler = compiler(&sandbox, &egress);
        let config = &recovered.config;
        let documents = Documents::from_stored(config.revision, &config.documents).unwrap();
        let snapshot = compiler.compile(documents, None).await;
        let failing = FailingStore { inner: store.clone(), faults: faults.clone() };
        let parts = Parts {
            store: Backend::Failing(failing),
            sandbox: sandbox.clone(),
            egress,
            clock: data.clock(),
            observer: Arc::new(Observer::new("test")),
            spawn: Arc::new(|task| drop(tokio::spawn(task))),
            background: Arc::new(|task| drop(tokio::spawn(task))),
            limits: limits(),
            patience: Patience {
                first: Duration::from_millis(1),
                longest: Duration::from_millis(4),
                tries: 3,
            },
            compiler,
            snapshot,
        };
        let Rooms { control, pipeline, delivery, insight, worker, reported, stopping } = rooms::build(parts);
        tokio::spawn(control.clone().follow());
        tokio::spawn(reports::run(control.clone(), reported));
        tokio::spawn(worker.clone().wake_changed(control.configuration().changes()));
        match planner {
            Planner::Works => {
                let (sender, committed) = tokio::sync::mpsc::unbounded_channel();
                tokio::spawn(worker::pump(feed, sender));
                tokio::spawn(worker.clone().plan(committed));
            }
            Planner::LosesEvents => {
                let duties = pipeline.duties().clone();
                tokio::spawn(async move {
                    while let Some(committed) = feed.next().await {
                        for held in committed.events.into_iter().flatten() {
                            drop(duties.take(held.0.event.id));
                        }
                    }
                });
            }
        }
        worker.recover_deliveries(recovered.live);
        let left = worker.attend_to(recovered.unfinished);
        if recovers {
            let recovering = worker.clone();
            tokio::spawn(async move { recovering.recover_events(left).await });
        }
        let _directory = directory;
        Self {
            control,
            pipeline,
            delivery,
            insight,
            worker,
            stopping,
            store,
            faults,
            receiver,
            sandbox,
            data,
            _directory,
        }
    }

    /// The receiver's path `/number`, and a connection to it with these steps.
    pub(super) async fn connect(&self, number: u128, steps: &[(&str, serde_json::Value)]) {
        let destination = self.destination(number);
        let writes = vec![
            DocumentWrite::PutDestination(destination),
            DocumentWrite::PutConnection(connection(number, steps)),
        ];
        self.write(writes).await.unwrap();
    }

    /// Changes the steps of a connection.
    pub(super) async fn change_steps(&self, number: u128, steps: &[(&str, serde_json::Value)]) {
        self.try_change_steps(number, steps).await.unwrap();
    }

    pub(super) async fn try_change_steps(
        &self,
        number: u128,
        steps: &[(&str, serde_json::Value)],
    ) -> Result<(), StoreError> {
        self.write(vec![DocumentWrite::PutConnection(connection(number, steps))]).await
    }

    /// Lets a connection lead to the destination of another number.
    pub(super) async fn lead(&self, number: u128, to: u128, steps: &[(&str, serde_json::Value)]) {
        let connection = Connection { destination: destination_id(to), ..connection(number, steps) };
        self.write(vec![DocumentWrite::PutConnection(connection)]).await.unwrap();
    }

    /// Pauses a destination, or resumes it.
    pub(super) async fn pause(&self, number: u128, state: FlowState) {
        self.try_pause(number, state).await.unwrap();
    }

    pub(super) async fn try_pause(&self, number: u128, state: FlowState) -> Result<(), StoreError> {
        let destination = Destination { state, ..self.destination(number) };
        self.write(vec![DocumentWrite::PutDestination(destination)]).await
    }

    pub(super) async fn write(&self, writes: Vec<DocumentWrite>) -> Result<(), StoreError> {
        let _guard = self.control.write_guard().await;
        self.control.write(writes).await.map(drop)
    }

    pub(super) fn destination(&self, number: u128) -> Destination {
        Destination {
            id: destination_id(number),
            workspace: WORKSPACE,
            name: format!("d{number}"),
            created_at: Timestamp::default(),
            state: FlowState::Active,
            protect: false,
            endpoint: Endpoint::Http(Box::new(HttpEndpoint {
                url: format!("http://{}/{number}", self.receiver.address),
                method: "POST".into(),
                auth: DestinationAuth::default(),
                timeout_ms: 60_000,
                answer_type: None,
                receiver: None,
                batch: None,
            })),
            headers: Headers::default(),
            signing: Signing { profile: SigningProfile::None, secrets: Vec::new() },
            retry: policy(),
            concurrency: 4,
            rate: None,
            payload_schema: None,
        }
    }

    /// Takes an event in, under the configuration in force. A client would try again until it is taken.
    pub(super) async fn publish(&self, body: &serde_json::Value) -> EventId {
        let revision = self.control.snapshot().revision();
        self.publish_at(revision, body).await
    }

    /// Takes an event in as if another revision had been in force.
    pub(super) async fn publish_at(&self, revision: u64, body: &serde_json::Value) -> EventId {
        let event = NewEvent {
            workspace: WORKSPACE,
            source: None,
            event_type: "t".into(),
            content_type: "application/json".into(),
            headers: Headers::default(),
            request: RequestLine::default(),
            body: body.to_string().into(),
            received_at: self.control.now(),
            revision,
            idempotency: None,
            verified_by: "test".into(),
        };
        loop {
            if let Ok(accepted) = self.pipeline.store().accept(vec![event.clone()]).await {
                return accepted[0].id;
            }
        }
    }

    /// Some time passes.
    pub(super) async fn pass(&self) {
        let Clock::Manual(clock) = self.data.clock() else { unreachable!("a manual clock") };
        let clock: Arc<AtomicU64> = clock;
        clock.fetch_add(1000, Ordering::Relaxed);
        self.delivery.wake_all();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    /// So many days pass at once.
    pub(super) fn pass_days(&self, days: u64) {
        self.data.set_time(self.control.now().plus(Duration::from_secs(days * 24 * 3600)));
    }

    /// Lets time pass until something is so, which must be in the end.
    pub(super) async fn until<T>(&self, what: &str, holds: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..10_000 {
            if let Some(found) = holds().await {
                return found;
            }
            self.pass().await;
        }
        panic!("never: {what}; seen: {:?}", self.receiver.hits());
    }

    /// All deliveries, oldest first, as the store itself has them.
    pub(super) async fn deliveries(&self) -> Vec<DeliverySummary> {
        let query = DeliveryQuery::all(WORKSPACE, 1000);
        let mut items = self.store.deliveries(query).await.unwrap().items;
        items.reverse();
        items
    }

    /// The first delivery of an event, once it is in a state.
    pub(super) async fn delivery_in(&self, event: EventId, state: DeliveryState) -> DeliverySummary {
        let found = async || {
            let items = self.deliveries().await;
            items.into_iter().find(|one| one.id.event() == event && one.state == state)
        };
        self.until(&format!("a delivery of {event} in {state:?}"), found).await
    }

    /// A delivery as the API shows it.
    pub(super) async fn detail(&self, summary: &DeliverySummary) -> DeliveryDetail {
        self.insight.delivery_detail(WORKSPACE, summary.id).await.unwrap().unwrap()
    }

    /// The entries of an event's trace at a stage.
    pub(super) async fn trace(&self, event: EventId, stage: &str) -> Vec<TraceEntry> {
        let trace = self.insight.trace(WORKSPACE, event).await.unwrap().unwrap();
        trace.entries.into_iter().filter(|entry| entry.stage == stage).collect()
    }

    /// What came to a path, as text.
    pub(super) fn bodies(&self, number: u128) -> Vec<String> {
        let hits = self.receiver.hits().into_iter();
        hits.filter(|hit| hit.path == format!("/{number}")).map(|hit| hit.body).collect()
    }
}

fn connection(number: u128, steps: &[(&str, serde_json::Value)]) -> Connection {
    let step = |(kind, spec): &(&str, serde_json::Value)| {
        let text = spec.to_string();
        let kind = match *kind {
            "filter" => StepSpec::Filter(text),
            _ => StepSpec::Mapping(text),
        };
        Step { kind, on_error: OnError::Fail }
    };
    Connection {
        id: connection_id(number),
        workspace: WORKSPACE,
        name: format!("c{number}"),
        created_at: Timestamp::default(),
        state: FlowState::Active,
        protect: false,
        origins: vec![Origin::Published],
        event_types: vec!["*".into()],
        event_groups: Vec::new(),
        steps: steps.iter().map(step).collect(),
        destination: destination_id(number),
        retry: None,
    }
}

pub(super) fn connection_id(number: u128) -> ConnectionId {
    ConnectionId::from_bits(100 + number)
}

pub(super) fn destination_id(number: u128) -> DestinationId {
    DestinationId::from_bits(200 + number)
}

/// A mapping to one field.
pub(super) fn field(name: &str, required: bool) -> (&'static str, serde_json::Value) {
    let value = match required {
        true => serde_json::json!({"$path": format!("$.{name}"), "$required": true}),
        false => serde_json::json!({"$path": format!("$.{name}"), "$default": null}),
    };
    ("mapping", serde_json::json!({"version": 1, "output": {name: value}}))
}

fn policy() -> RetryPolicy {
    RetryPolicy { schedule: Schedule::Delays(vec![1000; 5]), jitter: 0.0, statuses: None }
}

fn limits() -> Limits {
    Limits {
        body_bytes_max: 10_000,
        connections_max: 10,
        recovered_after: Duration::from_secs(60),
        backlog_after: Duration::from_secs(3600),
        tables_max: 3,
        table_rows_max: 20,
        table_bytes_max: 10_000,
        steps_max: 4,
        deliveries_per_event_max: 100,
        events_per_request_max: 10,
        json_depth_max: 128,
        in_flight_max: 64,
        concurrency: 4,
        timeout_ms: 60_000,
        faults_in_row_max: 3,
        retry: policy(),
    }
}

fn egress() -> Egress {
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    Egress::new(EgressOptions { allow, allow_http: true, ..EgressOptions::default() }).unwrap()
}

fn compiler(sandbox: &Arc<Sandbox>, egress: &Arc<Egress>) -> SnapshotCompiler {
    SnapshotCompiler {
        sandbox: sandbox.clone(),
        egress: egress.clone(),
        body_bytes_max: 10_000,
        presets: crate::rules::verify::presets(),
        streaks: Streaks::default(),
        caps: Caps::default(),
        rollouts: Arc::default(),
        seal_key: Arc::new(SealKey::new([7; 32])),
    }
}
