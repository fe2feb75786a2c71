//! Builds the rooms that work on events, each with what it uses and no more. Not here: what they are built of
//! (`node`), their tasks.

use std::sync::Arc;

use crate::control::Configuration;
use crate::control::Control;
use crate::control::ControlParts;
use crate::control::Ids;
use crate::control::Limits;
use crate::control::Spawn;
use crate::control::Stopping;
use crate::control::reports;
use crate::control::reports::Reported;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::SnapshotCompiler;
use crate::delivery::Delivery;
use crate::delivery::DeliveryParts;
use crate::domain::time::Clock;
use crate::egress::Egress;
use crate::insight::Insight;
use crate::insight::InsightParts;
use crate::observe::Observer;
use crate::pipeline::Patience;
use crate::pipeline::Pipeline;
use crate::pipeline::PipelineParts;
use crate::sandbox::Sandbox;
use crate::store::Backend;
use crate::worker::Worker;

/// What rooms are built of.
pub(crate) struct Parts {
    /// The disk.
    pub store: Backend,
    /// Guest code.
    pub sandbox: Arc<Sandbox>,
    /// The network.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
    /// Told of what happens.
    pub observer: Arc<Observer>,
    /// Where tasks go.
    pub spawn: Spawn,
    /// Where long work goes that must not be in anybody's way.
    pub background: Spawn,
    /// How much of what there may be.
    pub limits: Limits,
    /// How long to wait for what fails for a moment.
    pub patience: Patience,
    /// Compiles documents.
    pub compiler: SnapshotCompiler,
    /// The configuration to begin with.
    pub snapshot: Snapshot,
}

/// The rooms of one node.
pub(crate) struct Rooms {
    /// See the room's own page.
    pub control: Control,
    /// See the room's own page.
    pub pipeline: Pipeline,
    /// See the room's own page.
    pub delivery: Delivery,
    /// See the room's own page.
    pub insight: Insight,
    /// See the room's own page.
    pub worker: Worker,
    /// To be acted on by `control::reports::run`.
    pub reported: Reported,
    /// Tells all of them that the server goes down.
    pub stopping: Stopping,
}

/// They do nothing until their tasks run.
pub(crate) fn build(parts: Parts) -> Rooms {
    let Parts { store, sandbox, egress, clock, observer, spawn, background, patience, .. } = parts;
    let (limits, stopping, ids) = (Arc::new(parts.limits), Stopping::default(), Ids::new(clock.clone()));
    let (reports, reported) = reports::channel();
    let configuration = Configuration::new(store.clone(), parts.compiler, parts.snapshot);
    let control = Control::new(ControlParts {
        configuration: configuration.clone(),
        store: store.clone(),
        sandbox,
        egress: egress.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        observer: observer.clone(),
        spawn: spawn.clone(),
        limits: limits.clone(),
        stopping: stopping.clone(),
    });
    let pipeline = Pipeline::new(PipelineParts {
        configuration,
        store: store.clone(),
        egress: egress.clone(),
        clock: clock.clone(),
        ids,
        observer: observer.clone(),
        reports: reports.clone(),
        spawn: spawn.clone(),
        background: background.clone(),
        limits: limits.clone(),
        patience,
        stopping: stopping.clone(),
    });
    let delivery = Delivery::new(DeliveryParts {
        pipeline: pipeline.clone(),
        store: store.clone(),
        egress,
        clock: clock.clone(),
        observer: observer.clone(),
        reports,
        spawn: spawn.clone(),
        limits,
    });
    let insight = Insight::new(InsightParts {
        control: control.clone(),
        pipeline: pipeline.clone(),
        delivery: delivery.clone(),
        store,
        clock,
        observer,
        spawn,
        background,
        stopping: stopping.clone(),
    });
    let worker = Worker { pipeline: pipeline.clone(), delivery: delivery.clone() };
    Rooms { control, pipeline, delivery, insight, worker, reported, stopping }
}
