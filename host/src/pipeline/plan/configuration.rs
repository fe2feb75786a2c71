//! The configuration an event was accepted under, never another one. While it cannot be read that is tried again; in
//! the end what the event may become is held, one delivery for each connection that takes it today, and nothing is
//! sent until somebody looks. Not here: keeping and reading configurations (`gateway`).

use std::sync::Arc;

use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::Snapshot;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::plan::Note;
use crate::domain::plan::Noted;
use crate::domain::plan::Plan;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::pipeline::Pipeline;
use crate::pipeline::job::ToDeliver;
use crate::pipeline::plan::connection::connections;
use crate::pipeline::plan::held;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::Store as _;
use crate::store::StoreError;

/// See the head of this file; `Err` when the event has nothing left to be planned, or the server is stopping: what is
/// held of it.
pub(super) async fn of(pipeline: &Pipeline, event: &Event) -> Result<Arc<Snapshot>, ToDeliver> {
    match pipeline.snapshot_at_hand(event.data.revision) {
        Some(snapshot) => Ok(snapshot),
        // Rare and large: the future of every other event need not have room for it.
        None => Box::pin(read(pipeline, event)).await,
    }
}

async fn read(pipeline: &Pipeline, event: &Event) -> Result<Arc<Snapshot>, ToDeliver> {
    for tries in 0.. {
        let unreadable = match pipeline.snapshot_at(event.data.revision).await {
            Ok(snapshot) => return Ok(snapshot),
            Err(unreadable) => unreadable.to_string(),
        };
        pipeline.observe_unplanned(event.id, &unreadable);
        if tries >= pipeline.patience().tries {
            match hold_all(pipeline, event, &unreadable).await {
                Ok(held) => return Err(ToDeliver::parked(held)),
                Err(error) => pipeline.observer().store_error("hold an event", &error),
            }
        }
        if pipeline.is_stopping() {
            // It stays open and is planned at the next start.
            break;
        }
        tokio::time::sleep(pipeline.patience().wait(tries)).await;
    }
    Err(ToDeliver::default())
}

/// Holds a delivery for each connection that takes the event today; where none does, the event's trace says why
/// nothing came of it.
async fn hold_all(
    pipeline: &Pipeline,
    event: &Event,
    reason: &str,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    let snapshot = pipeline.snapshot().clone();
    let slots = 1..=pipeline.limits().deliveries_per_event_max;
    let places = slots.map(|slot| event.id.delivery(slot)).zip(connections(&snapshot, event));
    let places: Vec<(DeliveryId, &Arc<ConnectionRuntime>)> = places.collect();
    let routes = places.iter().map(|(id, connection)| Route {
        connection: connection.connection.id,
        destination: connection.connection.destination,
        steps: Vec::new(),
        end: RouteEnd::Held(*id),
    });
    let (at, workspace) = (pipeline.now(), event.data.workspace);
    let plan = Plan { event: event.id, workspace, at, routes: routes.collect() };
    let mut change = Change { closed: vec![event.id], ..Change::default() };
    if plan.routes.is_empty() {
        let reason = format!("{reason}; no connection takes it today: replay it when one does");
        let what = Noted::Held { reason };
        change.log.push(LogEntry::Note(Note { event: event.id, workspace, at, delivery: None, what }));
    }
    change.log.insert(0, LogEntry::Plan(plan));
    for (id, connection) in places {
        let (record, note) = held::of(pipeline, record(event, id, connection), reason);
        change.deliveries.push(record);
        change.log.push(LogEntry::Note(note));
    }
    let records = change.deliveries.clone();
    pipeline.store().commit(change).await?;
    records.iter().for_each(|record| pipeline.observe_held(record, reason));
    Ok(records)
}

/// A delivery of which nothing is known but for whom it would be.
fn record(event: &Event, id: DeliveryId, connection: &ConnectionRuntime) -> DeliveryRecord {
    DeliveryRecord {
        id,
        workspace: event.data.workspace,
        connection: connection.connection.id,
        destination: connection.connection.destination,
        revision: event.data.revision,
        state: DeliveryState::Pending,
        attempts: 0,
        due: event.data.received_at,
        schedule_from: 0,
    }
}
