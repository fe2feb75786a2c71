//! "Send test": one real request to a destination through the real signing and the real rules
//! for outgoing requests. Nothing is stored but what the destination itself keeps.

use bytes::Bytes;

use crate::delivery::Delivery;
use crate::delivery::deliver;
use crate::delivery::transport::Attempted;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::Timings;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::pipeline::OperateError;
use crate::pipeline::job::Job;
use crate::store::Change;
use crate::store::Store as _;

/// What came of it.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The id the receiver saw.
    pub id: DeliveryId,
    /// What was sent.
    pub payload: Bytes,
    /// What came back.
    pub outcome: AttemptOutcome,
    /// How long it took.
    pub timings: Timings,
}

impl Delivery {
    /// Sends a test payload to a destination, also a paused one.
    pub async fn test_destination(
        &self,
        workspace: WorkspaceId,
        destination: DestinationId,
        payload: Option<Bytes>,
    ) -> Result<TestResult, OperateError> {
        let snapshot = self.snapshot().clone();
        let found =
            snapshot.destinations.get(&destination).filter(|found| found.destination.workspace == workspace);
        let found = found
            .ok_or_else(|| OperateError::NotFound { what: "destination", id: destination.to_string() })?;
        let now = self.now();
        let payload = payload.unwrap_or_else(|| {
            format!(r#"{{"type":"hookmill.test","timestamp":"{now}","data":{{"message":"a test from hookmill"}}}}"#).into()
        });
        let id = DeliveryId::from_bits(self.pipeline().new_id());
        let job = Job {
            id,
            workspace,
            connection: ConnectionId::from_bits(0),
            destination,
            revision: snapshot.revision(),
            state: DeliveryState::Pending,
            attempts: 0,
            schedule_from: 0,
            bytes: DeliveryBytes {
                event_type: "hookmill.test".into(),
                content_type: "application/json".into(),
                headers: Headers::default(),
                method: None,
                path: None,
                payload: payload.clone(),
            },
            received_at: now,
            open: None,
        };
        let Attempted { outcome, timings, keeps } = deliver::run(self, found, &job, now).await;
        if !keeps.is_empty() {
            self.store().commit(Change { kv: keeps, ..Change::default() }).await?;
        }
        Ok(TestResult { id, payload, outcome, timings })
    }
}
