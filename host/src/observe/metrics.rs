//! The metrics of one server: a registry and handles that count with one atomic addition.
//! Not here: names (`names`), recent percentiles (`latency`).

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Metric;
use prometheus_client::registry::Registry;

use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::ErrorCode;
use crate::domain::plugin::Artifact;
use crate::observe::names;
use crate::observe::text_format;
use crate::observe::text_format::TextFormat;
use crate::observe::tracks::CommitMetrics;
use crate::observe::tracks::Labels;
use crate::observe::tracks::OpenKind;
use crate::observe::tracks::PluginMetrics;
use crate::observe::tracks::QueueKind;
use crate::observe::tracks::StepLabel;
use crate::observe::tracks::StepVerdict;
use crate::observe::tracks::counters;
use crate::observe::tracks::gauges;

/// `ok` and every error code, in the order of [`attempt_place`].
const OUTCOMES: [&str; 13] = [
    "ok",
    ErrorCode::DnsFailed.name(),
    ErrorCode::ConnectionRefused.name(),
    ErrorCode::ConnectionFailed.name(),
    ErrorCode::TlsFailed.name(),
    ErrorCode::Timeout.name(),
    ErrorCode::BadResponse.name(),
    ErrorCode::Status.name(),
    ErrorCode::EgressRefused.name(),
    ErrorCode::StepFailed.name(),
    ErrorCode::RowRefused.name(),
    ErrorCode::BodyRefused.name(),
    ErrorCode::RefusedInBatch.name(),
];

fn attempt_place(error: Option<ErrorCode>) -> usize {
    error.map_or(0, |code| match code {
        ErrorCode::DnsFailed => 1,
        ErrorCode::ConnectionRefused => 2,
        ErrorCode::ConnectionFailed => 3,
        ErrorCode::TlsFailed => 4,
        ErrorCode::Timeout => 5,
        ErrorCode::BadResponse => 6,
        ErrorCode::Status => 7,
        ErrorCode::EgressRefused => 8,
        ErrorCode::StepFailed => 9,
        ErrorCode::RowRefused => 10,
        ErrorCode::BodyRefused => 11,
        ErrorCode::RefusedInBatch => 12,
    })
}

/// Everything one server counts. Share it by `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    received: Counter,
    duplicates: Counter,
    planned: Counter,
    unrouted: Counter,
    rejected: Family<Labels, Counter>,
    steps: [[Counter; 4]; 3],
    plugin_calls: Family<Labels, Counter>,
    plugin_cpu_us: Family<Labels, Counter>,
    plugin_output_bytes: Family<Labels, Counter>,
    plugin_memory_peak: Family<Labels, Gauge>,
    plugin_faults: Family<Labels, Counter>,
    plugin_quarantines: Family<Labels, Counter>,
    plugin_artifacts: [Gauge; 3],
    rollouts_ended: Family<Labels, Counter>,
    deliveries: [Counter; 8],
    attempts: [Counter; 13],
    in_flight: Gauge,
    computing: Gauge,
    connections: Gauge,
    queued: [Gauge; 5],
    unattended: [Counter; 2],
    commits: CommitMetrics,
    acknowledge: Histogram,
    end_to_end: Histogram,
}

/// Registers metrics while they are made.
struct Maker(Registry);

impl Maker {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }
}

/// 0.1 ms to 105 s, by factors of two: deliveries and acknowledgements alike.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 21))
}

impl Metrics {
    /// All of them at zero. `version` is the program's.
    pub fn new(version: &str) -> Self {
        let mut maker = Maker(Registry::with_prefix(names::PREFIX));
        let build = Info::new(vec![(names::VERSION, version.to_owned())]);
        maker.0.register(names::BUILD, "The program", build);
        let steps = maker.add(names::STEPS, "Steps run", Family::<Labels, Counter>::default());
        let step = |kind: &str, verdict: &str| {
            steps.get_or_create_owned(&vec![
                (names::STEP, kind.to_owned()),
                (names::VERDICT, verdict.to_owned()),
            ])
        };
        let deliveries =
            maker.add(names::DELIVERIES, "Deliveries by the state they came into", Family::default());
        let attempts = maker.add(names::ATTEMPTS, "Attempts by how they ended", Family::default());
        let artifacts = maker.add(
            names::PLUGIN_ARTIFACTS,
            "Versions of plugins by where their compiled code stands",
            Family::default(),
        );
        let queued = maker.add(names::QUEUED, "What waits", Family::default());
        let unattended = maker.add(
            names::UNATTENDED,
            "What was open and nobody worked on, until a periodic look took it up",
            Family::default(),
        );
        Self {
            received: maker.add(names::EVENTS_RECEIVED, "Events accepted", Counter::default()),
            duplicates: maker.add(names::EVENTS_DUPLICATE, "Copies of earlier events", Counter::default()),
            planned: maker.add(names::EVENTS_PLANNED, "Events whose steps ran", Counter::default()),
            unrouted: maker.add(names::EVENTS_UNROUTED, "Events no connection wanted", Counter::default()),
            rejected: maker.add(names::EVENTS_REJECTED, "Requests refused at a source", Family::default()),
            steps: StepLabel::ALL.map(|kind| StepVerdict::ALL.map(|verdict| step(kind, verdict))),
            plugin_calls: maker.add(names::PLUGIN_CALLS, "Calls of plugins", Family::default()),
            plugin_cpu_us: maker.add(
                names::PLUGIN_CPU_MICROSECONDS,
                "CPU time of plugins",
                Family::default(),
            ),
            plugin_output_bytes: maker.add(
                names::PLUGIN_OUTPUT_BYTES,
                "Bytes of the payloads plugins gave",
                Family::default(),
            ),
            plugin_memory_peak: maker.add(
                names::PLUGIN_MEMORY_PEAK_BYTES,
                "The most memory of a call of a plugin since the start",
                Family::default(),
            ),
            plugin_faults: maker.add(names::PLUGIN_FAULTS, "Faults of plugins", Family::default()),
            plugin_quarantines: maker.add(
                names::PLUGIN_QUARANTINES,
                "Versions of plugins that went into quarantine",
                Family::default(),
            ),
            plugin_artifacts: gauges(&artifacts, names::STATE, Artifact::NAMES),
            rollouts_ended: maker.add(names::ROLLOUTS_ENDED, "Rollouts by how they ended", Family::default()),
            deliveries: counters(&deliveries, names::STATE, DeliveryState::ALL.map(DeliveryState::name)),
            attempts: counters(&attempts, names::OUTCOME, OUTCOMES),
            in_flight: maker.add(names::ATTEMPTS_IN_FLIGHT, "Attempts under way", Gauge::default()),
            computing: maker.add(
                names::REQUESTS_COMPUTING,
                "Requests being computed apart from events",
                Gauge::default(),
            ),
            connections: maker.add(names::CONNECTIONS_OPEN, "Connections being served", Gauge::default()),
            queued: gauges(&queued, names::QUEUE, QueueKind::ALL),
            unattended: counters(&unattended, names::KIND, OpenKind::ALL),
            commits: commit_metrics(&mut maker),
            acknowledge: maker.add(
                names::ACKNOWLEDGE_SECONDS,
                "From a request's last byte to its answer",
                seconds(),
            ),
            end_to_end: maker.add(
                names::END_TO_END_SECONDS,
                "From acceptance to the receiver's answer",
                seconds(),
            ),
            registry: maker.0,
        }
    }

    /// Counts events that were accepted and are on disk.
    pub fn received(&self, events: u64) {
        self.received.inc_by(events);
    }

    /// Counts a copy of an earlier event.
    pub fn duplicate(&self) {
        self.duplicates.inc();
    }

    /// Counts a refused request. `code` comes from a fixed set, never from the request.
    pub fn rejected(&self, code: &'static str) {
        self.rejected.get_or_create(&vec![(names::CODE, code.to_owned())]).inc();
    }

    /// Counts an event whose steps ran; `routed`: at least one connection wanted it.
    pub fn planned(&self, routed: bool) {
        self.planned.inc();
        if !routed {
            self.unrouted.inc();
        }
    }

    /// Counts a step's answer.
    pub fn step(&self, kind: StepLabel, verdict: StepVerdict) {
        self.steps[kind as usize][verdict as usize].inc();
    }

    /// The counters of a plugin.
    pub fn plugin(&self, name: &str) -> PluginMetrics {
        let labels = vec![(names::PLUGIN, name.to_owned())];
        PluginMetrics {
            calls: self.plugin_calls.get_or_create_owned(&labels),
            cpu_us: self.plugin_cpu_us.get_or_create_owned(&labels),
            output_bytes: self.plugin_output_bytes.get_or_create_owned(&labels),
            memory_peak: self.plugin_memory_peak.get_or_create_owned(&labels),
            faults: self.plugin_faults.clone(),
            name: name.to_owned(),
        }
    }

    /// Counts a version of a plugin that went into quarantine.
    pub fn quarantined(&self, plugin: &str) {
        self.plugin_quarantines.get_or_create(&vec![(names::PLUGIN, plugin.to_owned())]).inc();
    }

    /// Says how many versions of plugins there are by where their code stands, in the order of [`Artifact::NAMES`].
    pub fn plugin_artifacts(&self, versions: [usize; 3]) {
        for (gauge, count) in self.plugin_artifacts.iter().zip(versions) {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Counts a rollout that ended.
    pub fn rollout_ended(&self, kind: &'static str, state: &'static str) {
        let labels = vec![(names::KIND, kind.to_owned()), (names::STATE, state.to_owned())];
        self.rollouts_ended.get_or_create(&labels).inc();
    }

    /// Counts a delivery that came into a state.
    pub fn delivery(&self, state: DeliveryState) {
        let place = DeliveryState::ALL.iter().position(|have| *have == state);
        if let Some(counter) = place.and_then(|place| self.deliveries.get(place)) {
            counter.inc();
        }
    }

    /// How many deliveries came into a state since the start.
    pub fn deliveries(&self, state: DeliveryState) -> u64 {
        let place = DeliveryState::ALL.iter().position(|have| *have == state);
        place.and_then(|place| self.deliveries.get(place)).map_or(0, Counter::get)
    }

    /// How many events were accepted since the start.
    pub fn received_total(&self) -> u64 {
        self.received.get()
    }

    /// How many requests were copies since the start.
    pub fn duplicates_total(&self) -> u64 {
        self.duplicates.get()
    }

    /// Counts an attempt; `None`: it succeeded.
    pub fn attempt(&self, error: Option<ErrorCode>) {
        self.attempts[attempt_place(error)].inc();
    }

    /// One more request is computed apart from events, or one fewer.
    pub fn computing(&self, change: i64) {
        self.computing.inc_by(change);
    }

    /// Adds to (or, below zero, takes from) the attempts under way.
    pub fn in_flight(&self, change: i64) {
        self.in_flight.inc_by(change);
    }

    /// Attempts under way.
    pub fn in_flight_now(&self) -> i64 {
        self.in_flight.get()
    }

    /// Adds to (or, below zero, takes from) the connections being served.
    pub fn connections(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// Says how much waits in a queue.
    pub fn queued(&self, queue: QueueKind, length: usize) {
        self.queued[queue as usize].set(i64::try_from(length).unwrap_or(i64::MAX));
    }

    /// How much waits in a queue, as last said.
    pub fn queued_now(&self, queue: QueueKind) -> i64 {
        self.queued[queue as usize].get()
    }

    /// Counts what was open and nobody worked on.
    pub fn unattended(&self, what: OpenKind) {
        self.unattended[what as usize].inc();
    }

    /// How much of it there was since the start.
    pub fn unattended_total(&self, what: OpenKind) -> u64 {
        self.unattended[what as usize].get()
    }

    /// What the committer counts with.
    pub fn commits(&self) -> CommitMetrics {
        self.commits.clone()
    }

    /// Seconds from a request's last byte to its acknowledgement.
    pub fn acknowledged(&self, seconds: f64) {
        self.acknowledge.observe(seconds);
    }

    /// Seconds from an event's acceptance to the answer to its first attempt.
    pub fn end_to_end(&self, seconds: f64) {
        self.end_to_end.observe(seconds);
    }

    /// All of them as text of that format.
    pub fn encode(&self, format: TextFormat) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        match format {
            TextFormat::OpenMetrics => text,
            TextFormat::Plain => text_format::plain(&text),
        }
    }
}

fn commit_metrics(maker: &mut Maker) -> CommitMetrics {
    let sizes = Histogram::new(exponential_buckets(1.0, 2.0, 12));
    let times = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
    CommitMetrics {
        commits: maker.add(names::COMMITS, "Commits", Counter::default()),
        failed: maker.add(names::COMMITS_FAILED, "Commits that failed", Counter::default()),
        records: maker.add(names::COMMIT_RECORDS, "Records in a commit", sizes),
        seconds: maker.add(names::COMMIT_SECONDS, "How long a commit took", times),
    }
}
