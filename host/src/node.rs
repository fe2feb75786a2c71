//! Builds a server from its settings and takes it down again. Nothing else builds these parts.

pub(crate) mod rooms;
mod supervisor;
#[cfg(test)]
mod tests;
mod unusable;

pub use unusable::Unusable;
pub use unusable::unusable;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::control::Control;
use crate::control::Limits;
use crate::control::Stopping;
use crate::control::reports;
use crate::control::snapshot::Caps;
use crate::control::snapshot::Documents;
use crate::control::snapshot::SnapshotCompiler;
use crate::control::snapshot::Streaks;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::PluginLimits;
use crate::domain::time::Clock;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::http::Background;
use crate::http::Doors;
use crate::http::OwnApi;
use crate::http::server;
use crate::http::server::HttpServer;
use crate::node::rooms::Parts;
use crate::node::rooms::Rooms;
use crate::node::supervisor::Supervisor;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::rules::seal::KEY_BYTES;
use crate::rules::seal::SealKey;
use crate::rules::verify::presets;
use crate::sandbox;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::sandbox::TierOptions;
use crate::store::Backend;
use crate::store::Recovered;
use crate::store::Store as _;
use crate::store::StoreError;
use crate::store::key_file;
use crate::store::sled;
use crate::store::sled::SledFeed;
use crate::store::sled::SledStore;
use crate::store::sled::StoreOptions;
use crate::worker;
use crate::worker::Retention;

/// Moves a damaged store aside and puts the configuration back from its export.
pub async fn recover_store(config: &Config) -> anyhow::Result<()> {
    let data = &config.store.data;
    let moved_to = sled::quarantine(data, Clock::System.now())?;
    let (store, _feed, _recovered) = open_store(config)?;
    let revision = store.restore_config(data).await?;
    store.close().await?;
    tracing::warn!(moved_to = %moved_to.display(), ?revision, "the damaged store was moved aside");
    Ok(())
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Changes what is set up.
    pub control: Control,
    /// Where it listens.
    pub listening: SocketAddr,
    /// The admin key, when it was made or given at this start.
    pub admin_key: Option<String>,
    background: Supervisor,
    deliveries: Supervisor,
    stopping: Stopping,
    served: oneshot::Receiver<()>,
    store: Backend,
    grace: Duration,
}

/// A server that takes no request yet: whoever connects waits. Its API can be asked from within.
#[derive(Debug)]
pub struct PreparedNode {
    http: HttpServer,
    listener: TcpListener,
    done: oneshot::Sender<()>,
    running: Running,
}

/// Prepares a server. `exe` is this program, which compiles plugins as a child.
pub async fn prepare(config: &Config, exe: PathBuf) -> anyhow::Result<PreparedNode> {
    // The port first: a second server on the same port must not touch the store.
    let listener = TcpListener::bind(config.server.listen).await;
    let listener = listener.map_err(|source| CannotBind { address: config.server.listen, source })?;
    let listening = listener.local_addr()?;
    let (store, feed, recovered) = open_store(config)?;
    let store = Backend::from(store);
    let (background, deliveries) = (Supervisor::default(), Supervisor::default());
    let observer = Arc::new(Observer::new(env!("CARGO_PKG_VERSION")));
    let parts = parts(config, exe, store.clone(), &observer, &recovered, &deliveries).await?;
    let rooms = rooms::build(parts);
    let (control, stopping) = (rooms.control.clone(), rooms.stopping.clone());
    let doors = doors(&rooms, &observer, &deliveries);
    let worker = rooms.worker.clone();
    background.spawn_endless(worker.sweep(store.clone(), Clock::System, observer, retention(config)));
    run_tasks(rooms, feed, recovered, &background);
    let admin_key = control
        .bootstrap(config.server.admin_key.as_ref())
        .await
        .context("make the first workspace and key")?;
    let (done, served) = oneshot::channel();
    let running = Running {
        control,
        listening,
        admin_key,
        background,
        deliveries,
        stopping,
        served,
        store,
        grace: config.server.grace,
    };
    Ok(PreparedNode { http: http(config, listening, doors), listener, done, running })
}

/// Whether the address can be listened on, now or when whoever listens there has gone.
pub fn check_listen(config: &Config) -> Result<(), CannotBind> {
    match std::net::TcpListener::bind(config.server.listen) {
        Err(source) if source.kind() != std::io::ErrorKind::AddrInUse => {
            Err(CannotBind { address: config.server.listen, source })
        }
        _ => Ok(()),
    }
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; choose another with --listen")]
pub struct CannotBind {
    address: SocketAddr,
    source: std::io::Error,
}

fn open_store(config: &Config) -> Result<(SledStore, SledFeed, Recovered), StoreError> {
    let settings = &config.store;
    sled::open(StoreOptions {
        free_bytes_min: settings.free_bytes_min.map(|size| size.0),
        hot_bytes_max: settings.hot_bytes_max.0,
        idempotency_window: settings.idempotency_window,
        ..StoreOptions::at(&settings.data)
    })
}

async fn parts(
    config: &Config,
    exe: PathBuf,
    store: Backend,
    observer: &Arc<Observer>,
    recovered: &Recovered,
    supervisor: &Supervisor,
) -> anyhow::Result<Parts> {
    let sandbox = Arc::new(Sandbox::new(sandbox_options(config, exe))?);
    if let Some(because) = sandbox.made_for_each() {
        tracing::info!(because, "interpreted plugins have an instance made for each event");
    }
    let egress = Arc::new(Egress::new(egress_options(config))?);
    let body_bytes_max = config.server.body_bytes_max.0;
    let documents = Documents::from_stored(recovered.config.revision, &recovered.config.documents)?;
    let compiler = SnapshotCompiler {
        sandbox: sandbox.clone(),
        egress: egress.clone(),
        body_bytes_max,
        presets: presets(),
        seal_key: Arc::new(seal_key(config, &documents)?),
        streaks: Streaks::default(),
        caps: Caps::default(),
        rollouts: Arc::default(),
    };
    let snapshot = compiler.compile(documents, None).await;
    Ok(Parts {
        store,
        sandbox,
        egress,
        clock: Clock::System,
        observer: observer.clone(),
        spawn: supervisor.spawner(),
        background: supervisor.background_spawner(),
        limits: limits(config),
        patience: Patience::default(),
        compiler,
        snapshot,
    })
}

fn egress_options(config: &Config) -> EgressOptions {
    EgressOptions {
        allow: config.egress.allow.clone(),
        allow_hosts: config.egress.allow_hosts.clone(),
        allow_http: config.egress.allow_http,
        user_agent: config.egress.user_agent.clone(),
        extra_ca: config.egress.extra_ca.clone(),
        response_bytes_max: config.delivery.response_bytes_max.0 as usize,
        connect_timeout: config.egress.connect_timeout,
        ..EgressOptions::default()
    }
}

/// Where the key for secrets is.
fn key_path(config: &Config) -> PathBuf {
    let path = config.store.secret_key_file.clone();
    path.unwrap_or_else(|| config.store.data.join(key_file::FILE_NAME))
}

/// The key for secrets. It must open those that there are: a gateway that cannot would fail their events one by one.
fn seal_key(config: &Config, documents: &Documents) -> anyhow::Result<SealKey> {
    let path = key_path(config);
    // A new key would open none of the secrets that there are.
    let may_make = documents.secrets.all().next().is_none();
    let key = key_file::open(&path, may_make.then(random_key).transpose()?)?;
    for secret in documents.secrets.all() {
        key.open(secret).with_context(|| format!("the key in {}", path.display()))?;
    }
    Ok(key)
}

fn random_key() -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut random = [0; KEY_BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random bytes for a key: {error}"))?;
    Ok(random)
}

fn limits(config: &Config) -> Limits {
    let delivery = &config.delivery;
    Limits {
        body_bytes_max: config.server.body_bytes_max.0,
        connections_max: config.limits.connections_max as usize,
        tables_max: config.limits.tables_max as usize,
        table_rows_max: config.limits.table_rows_max.into(),
        table_bytes_max: config.limits.table_bytes_max.0,
        recovered_after: config.alerts.recovered_after,
        backlog_after: config.alerts.backlog_after,
        steps_max: config.limits.steps_max as usize,
        deliveries_per_event_max: u16::try_from(config.limits.deliveries_per_event_max)
            .unwrap_or(u16::MAX - 1),
        events_per_request_max: config.limits.events_per_request_max as usize,
        json_depth_max: config.server.json_depth_max as usize,
        in_flight_max: delivery.in_flight_max as usize,
        concurrency: delivery.concurrency,
        faults_in_row_max: config.plugins.quarantine_after,
        timeout_ms: u64::try_from(delivery.timeout.as_millis()).unwrap_or(u64::MAX),
        retry: delivery.retry.0.policy(),
    }
}

fn sandbox_options(config: &Config, exe: PathBuf) -> SandboxOptions {
    let (settings, interpreted) = (&config.plugins, &config.interpreted_plugins);
    let native = PluginLimits {
        cpu: settings.cpu,
        wall: settings.wall,
        memory_bytes: settings.memory.0,
        output_bytes: settings.output_bytes_max.0,
        outputs: settings.outputs_max,
        log_lines: settings.log_lines_max,
        log_line_bytes: u32::try_from(settings.log_line_bytes_max.0).unwrap_or(u32::MAX),
        in_flight: settings.in_flight_max,
        module_bytes: settings.module_bytes_max.0,
    };
    SandboxOptions {
        dir: config.store.data.join("plugins"),
        compiler: sandbox::Compiler::Child(exe),
        code_cache: settings.code_cache.clone(),
        native: TierOptions { workers: guest_threads(settings.workers), limits: native, direct: false },
        interpreted: TierOptions {
            workers: guest_threads(interpreted.workers),
            limits: PluginLimits {
                cpu: interpreted.cpu,
                wall: interpreted.wall,
                memory_bytes: interpreted.memory.0,
                in_flight: interpreted.in_flight_max,
                module_bytes: interpreted.module_bytes_max.0,
                ..native
            },
            direct: interpreted.direct,
        },
    }
}

/// Half of the processors, where the setting leaves it open.
fn guest_threads(setting: u32) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if setting == 0 { (processors / 2).max(1) } else { setting as usize }
}

fn retention(config: &Config) -> Retention {
    Retention { events: config.store.retention_events, log: config.store.retention_log }
}

fn doors(rooms: &Rooms, observer: &Arc<Observer>, supervisor: &Supervisor) -> Doors {
    Doors {
        control: rooms.control.clone(),
        pipeline: rooms.pipeline.clone(),
        delivery: rooms.delivery.clone(),
        insight: rooms.insight.clone(),
        observer: observer.clone(),
        background: Background::new(supervisor.background_spawner(), observer.clone()),
    }
}

fn run_tasks(rooms: Rooms, feed: SledFeed, recovered: Recovered, supervisor: &Supervisor) {
    let Rooms { control, insight, pipeline, worker, reported, stopping, .. } = rooms;
    let (planner, committed) = mpsc::unbounded_channel();
    supervisor.spawn(worker::pump(feed, planner));
    supervisor.spawn(worker.clone().plan(committed));
    worker.recover_deliveries(recovered.live);
    // Before anything new comes in: from here on each of them has somebody who works on it.
    let unfinished = worker.attend_to(recovered.unfinished);
    let recovering = worker.clone();
    supervisor.spawn(async move { recovering.recover_events(unfinished).await });
    supervisor.spawn_endless(worker.clone().wake_due());
    supervisor.spawn_endless(worker.clone().wake_changed(control.configuration().changes()));
    supervisor.spawn_endless(worker.clone().keep_lease(stopping));
    supervisor.spawn_endless(worker.attend());
    supervisor.spawn_endless(control.clone().follow());
    supervisor.spawn_endless(control.clone().sweep_plans());
    supervisor.spawn_endless(pipeline.clone().tend_tables());
    supervisor.spawn_endless(pipeline.clone().tend_alerts());
    supervisor.spawn_endless(pipeline.tend_allowances());
    supervisor.spawn_endless(reports::run(control.clone(), reported));
    supervisor.spawn_endless(async move { control.build_artifacts().await });
    supervisor.spawn_endless(insight.keep_gauges());
}

fn http(config: &Config, listening: SocketAddr, doors: Doors) -> HttpServer {
    let limits = server::ServerLimits {
        header_timeout: config.server.header_timeout,
        body_timeout: config.server.body_timeout,
        connections_max: config.server.connections_max as usize,
        headers_bytes_max: config.server.headers_bytes_max.0 as usize,
        body_bytes_max: config.server.body_bytes_max.0,
    };
    let public_url = config
        .server
        .public_url
        .as_ref()
        .map_or_else(|| format!("http://{listening}"), |url| url.to_string());
    HttpServer::new(doors, limits, &public_url)
}

impl PreparedNode {
    /// What operators set up.
    pub fn control(&self) -> &Control {
        &self.running.control
    }

    /// The admin key, when it was made or given at this start.
    pub fn admin_key(&self) -> Option<&str> {
        self.running.admin_key.as_deref()
    }

    /// The API, asked from within in this workspace.
    pub fn own_api(&self, workspace: WorkspaceId) -> OwnApi {
        self.http.own_api(workspace)
    }

    /// Begins to take requests.
    pub fn serve(self) -> Running {
        let Self { http, listener, done, running } = self;
        let stop = running.background.stopping();
        let serving = http.serve(listener, stop.cancelled_owned());
        running.background.spawn(async move {
            serving.await;
            // Nobody waits when the start failed half way.
            let _unheard = done.send(());
        });
        running
    }

    /// Takes it down again; no request was taken.
    pub async fn abandon(self) -> anyhow::Result<bool> {
        drop(self.done);
        self.running.stop().await
    }
}

impl Running {
    /// Runs a further task until the server stops.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn_endless(task);
    }

    /// Drains: no new request, no new attempt, what is on the wire ends within the grace period,
    /// everything noted is written. Answers whether all of it ended by itself.
    pub async fn stop(self) -> anyhow::Result<bool> {
        self.stopping.begin();
        self.background.begin_stop();
        self.deliveries.begin_stop();
        // Both at once, each within the grace period. The store closes last: requests being
        // answered need it, and so does what deliveries came to.
        let serving = tokio::time::timeout(self.grace, self.served);
        let (served, delivered) = tokio::join!(serving, self.deliveries.drain(self.grace));
        self.store.close().await.context("close the store")?;
        self.background.drain(LAST_GRACE).await;
        Ok(served.is_ok() && delivered)
    }
}

/// For tasks that end because the store has closed.
const LAST_GRACE: Duration = Duration::from_secs(2);
