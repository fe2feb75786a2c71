//! Events from the user's own application, through the API. Not here: those that come in at a
//! source (`accept`).

use std::sync::Arc;

use bytes::Bytes;

use crate::control::FAULTS_MAX;
use crate::control::FieldFault;
use crate::control::Principal;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::pipeline::AcceptError;
use crate::pipeline::Pipeline;
use crate::pipeline::accept::identity::idempotency_key;
use crate::pipeline::accept::schema::Held;
use crate::rules::hide::Inbound;
use crate::store::Accepted;
use crate::store::Store;

/// One event to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Its type.
    pub event_type: String,
    /// The media type; usually `application/json`.
    pub content_type: String,
    /// The bytes.
    pub payload: Bytes,
    /// A second one with the same key is a duplicate.
    pub idempotency_key: Option<String>,
    /// Kept with the event, and visible to its steps.
    pub headers: Headers,
    /// Where its payload is in the request, as a JSON pointer.
    pub place: String,
}

impl Pipeline {
    /// Stores published events, all of them or none; answers when they are on disk.
    pub async fn publish(
        &self,
        principal: &Principal,
        events: Vec<Publish>,
    ) -> Result<Vec<Accepted>, AcceptError> {
        self.check_schemas(principal, &events).await?;
        let revision = self.snapshot().revision();
        let now = self.now();
        let verified_by: Arc<str> = "api_key".into();
        let workspace = principal.workspace;
        let hide = Inbound::default();
        let new = events.into_iter().map(|event| NewEvent {
            workspace,
            source: None,
            event_type: event.event_type.into(),
            content_type: event.content_type.into(),
            headers: hide.taken_from(event.headers),
            request: RequestLine::default(),
            body: event.payload,
            received_at: now,
            revision,
            idempotency: event.idempotency_key.map(|key| idempotency_key(workspace.bits(), &key)),
            verified_by: verified_by.clone(),
        });
        let new: Vec<NewEvent> = new.collect();
        let sizes: Vec<u64> = new.iter().map(|event| event.body.len() as u64).collect();
        let used = self.admit(workspace, new.len() as u64, sizes.iter().sum())?;
        let accepted = self.store().accept(new).await?;
        // Duplicates are no events.
        let kept = accepted.iter().zip(sizes).filter(|(accepted, _)| !accepted.duplicate);
        let (events, bytes) = kept.fold((0, 0), |(events, bytes), (_, size)| (events + 1, bytes + size));
        used.keep(events, bytes);
        Ok(accepted)
    }

    /// Holds those of the events to their schemas of which that is wanted; all that do not fit are told of.
    async fn check_schemas(&self, principal: &Principal, events: &[Publish]) -> Result<(), AcceptError> {
        let mut misfits: Option<(String, Vec<FieldFault>)> = None;
        for (place, held) in self.held(principal, events) {
            match held.check().await {
                Ok(()) => {}
                Err(AcceptError::Misfit { event_type, faults }) => {
                    let (_, told) = misfits.get_or_insert_with(|| (event_type, Vec::new()));
                    let below = |fault: FieldFault| FieldFault {
                        pointer: format!("{place}{}", fault.pointer),
                        ..fault
                    };
                    told.extend(faults.into_iter().map(below));
                    if told.len() >= FAULTS_MAX {
                        break;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        match misfits {
            None => Ok(()),
            Some((event_type, faults)) => Err(AcceptError::Misfit { event_type, faults }),
        }
    }

    fn held<'e>(&self, principal: &Principal, events: &'e [Publish]) -> Vec<(&'e str, Held)> {
        let (snapshot, limits) = (self.snapshot(), self.limits().json());
        let workspace = principal.workspace;
        let one = |event: &'e Publish| {
            let is_wanted = snapshot.event_type(workspace, &event.event_type)?.event_type.enforce;
            let payload = (event.content_type.as_str(), &event.payload, limits);
            let held = is_wanted.then(|| Held::of(&snapshot, workspace, &event.event_type, payload));
            Some((event.place.as_str(), held.flatten()?))
        };
        events.iter().filter_map(one).collect()
    }
}
