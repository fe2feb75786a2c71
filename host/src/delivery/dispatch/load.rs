//! Gets a parked delivery ready to be sent: its record, its event, its bytes. Bytes that nobody kept are made again,
//! and sent only if they are proven to be the ones that were planned. What fails for a moment is tried again later;
//! what will not be otherwise is held. Not here: making them (`plan::again`), running held steps (`release`).

use crate::delivery::Delivery;
use crate::delivery::hold;
use crate::delivery::queues::Parked;
use crate::delivery::release;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::plan::Plan;
use crate::pipeline::job::Job;
use crate::pipeline::plan;
use crate::pipeline::plan::Unmade;
use crate::store::Store as _;
use crate::store::StoreError;

/// Why it is not ready.
enum Unready {
    /// The store did not answer. It will.
    Store(StoreError),
    /// Its bytes cannot be made.
    Unmade(Box<DeliveryRecord>, Unmade),
}

impl From<StoreError> for Unready {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is to be sent; `None` when it ended meanwhile, or waits again.
pub(super) async fn run(
    delivery: &Delivery,
    destination: DestinationId,
    id: DeliveryId,
    parked: Parked,
) -> Option<Job> {
    let unready = match load(delivery, id, parked.attempts).await {
        Ok(job) => return job,
        Err(unready) => unready,
    };
    let again = match unready {
        Unready::Store(error) => {
            delivery.observer().store_error("load a delivery", &error);
            true
        }
        Unready::Unmade(record, unmade) => {
            let passing = matches!(unmade, Unmade::Passing(_));
            if passing && parked.faults < delivery.patience().tries {
                delivery.observe_unmade(id, unmade.reason());
                true
            } else if let Err(error) = hold::hold(delivery, *record, unmade.reason()).await {
                delivery.observer().store_error("hold a delivery", &error);
                true
            } else {
                false
            }
        }
    };
    if again {
        let later = delivery.now().plus(delivery.patience().wait(parked.faults));
        let parked = Parked { faults: parked.faults.saturating_add(1), ..parked };
        delivery.park(destination, later, id, parked);
    }
    None
}

/// A record with fewer attempts than `attempts` is one from before the last note was written: `flushed` waits
/// for that.
async fn load(delivery: &Delivery, id: DeliveryId, attempts: u8) -> Result<Option<Job>, Unready> {
    let mut record = delivery.store().delivery(id).await?;
    if record.as_ref().is_none_or(|record| record.attempts < attempts) {
        delivery.store().flushed().await?;
        record = delivery.store().delivery(id).await?;
    }
    let Some(record) = record.filter(|record| !record.state.is_terminal()) else { return Ok(None) };
    let Some(event) = delivery.store().event(id.event()).await? else {
        let unmade = Unmade::Lasting("its event has expired".into());
        return Err(Unready::Unmade(Box::new(record), unmade));
    };
    if record.state == DeliveryState::Held {
        return Ok(release::run(delivery, &event, record).await?);
    }
    match bytes(delivery, &event, &record).await? {
        Ok(bytes) => Ok(Some(job(&event, record, bytes))),
        Err(unmade) => Err(Unready::Unmade(Box::new(record), unmade)),
    }
}

/// The bytes that were kept, or the same made again.
async fn bytes(
    delivery: &Delivery,
    event: &Event,
    record: &DeliveryRecord,
) -> Result<Result<DeliveryBytes, Unmade>, StoreError> {
    if let Some(bytes) = delivery.store().delivery_bytes(record.id).await? {
        return Ok(Ok(bytes));
    }
    let log = delivery.store().event_log(event.id).await?;
    let other = log.plan.as_ref().and_then(|plan| elsewhere(plan, record));
    if let Some(reason) = other {
        return Ok(Err(Unmade::Lasting(reason)));
    }
    let again = plan::remake(delivery.pipeline(), event, log.plan.as_ref(), record.revision, record.id).await;
    Ok(again.and_then(|again| match again.proven {
        true => Ok(again.bytes),
        false => Err(Unmade::Lasting(plan::OTHER_BYTES.into())),
    }))
}

/// Why the plan's delivery of that id is not this one.
fn elsewhere(plan: &Plan, record: &DeliveryRecord) -> Option<String> {
    let route = plan::place(plan, record.id)?.route;
    if route.connection != record.connection {
        return Some(format!("it was planned for another connection, {}", route.connection));
    }
    (route.destination != record.destination)
        .then(|| format!("it was planned for another destination, {}", route.destination))
}

fn job(event: &Event, record: DeliveryRecord, bytes: DeliveryBytes) -> Job {
    Job {
        id: record.id,
        workspace: record.workspace,
        connection: record.connection,
        destination: record.destination,
        revision: record.revision,
        state: record.state,
        attempts: record.attempts,
        schedule_from: record.schedule_from,
        bytes,
        received_at: event.data.received_at,
        open: None,
    }
}
