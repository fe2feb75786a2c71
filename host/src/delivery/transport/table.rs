//! Attempts at a table: a delivery's payload becomes a row. What the table refuses is final, and its reason says which
//! column and what was seen; the delivery keeps its payload, and can be tried again by hand once that is mended. Not here:
//! how rows are written (`pipeline::rows`).

use std::time::Instant;

use crate::delivery::Delivery;
use crate::delivery::transport::Attempted;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::id::TableId;
use crate::pipeline::job::Job;
use crate::pipeline::rows::Cause;
use crate::pipeline::rows::RowError;
use crate::pipeline::rows::RowWrite;
use crate::rules::table;

pub(super) async fn attempt(delivery: &Delivery, table: TableId, job: &Job) -> Attempted {
    let began = Instant::now();
    let outcome = match write(delivery, table, job).await {
        Ok(()) => AttemptOutcome::Kept,
        Err(error) => AttemptOutcome::Broke(error),
    };
    let total_us = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
    Attempted { outcome, timings: Timings { total_us, ..Timings::default() }, keeps: Vec::new() }
}

async fn write(delivery: &Delivery, id: TableId, job: &Job) -> Result<(), SendError> {
    let snapshot = delivery.snapshot().clone();
    let Some(table) = snapshot.documents.tables.get(id) else {
        return Err(refused("the table is gone"));
    };
    let values = table::read(&job.bytes.payload).map_err(|faults| refused(&faults.to_string()))?;
    let cause = Cause::Delivery(job.id);
    match delivery.pipeline().write_row(table, RowWrite::Put(values), cause).await {
        Ok(_) => Ok(()),
        Err(RowError::Store(error)) => {
            Err(SendError { code: ErrorCode::ConnectionFailed, detail: error.to_string() })
        }
        Err(error @ (RowError::Refused(_) | RowError::NotFound(_))) => Err(refused(&error.to_string())),
    }
}

fn refused(detail: &str) -> SendError {
    SendError { code: ErrorCode::RowRefused, detail: detail.to_owned() }
}
