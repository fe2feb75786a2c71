//! Attempts at an inbox, and what is in it: requests lie with the values that plugins keep, in a place of the workspace
//! that no plugin has. What it keeps is bounded by workspace; who brings more pushes out the oldest.
//!
//! A key says when a request came, whose it is and how long; the newest comes first:
//! `{!(milliseconds << 80 | attempt):032x}{destination:032x}{bytes:08x}`. A value is the version of its form and
//! `InboxRequest` in postcard.

use std::collections::BTreeSet;

use ::http::HeaderMap;

use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::transport::Attempted;
use crate::delivery::transport::SignedHeaders;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::destination::Endpoint;
use crate::domain::destination::INBOX_BYTES_MAX;
use crate::domain::destination::INBOX_REQUESTS_MAX;
use crate::domain::destination::InboxRequest;
use crate::domain::event::Headers;
use crate::domain::grant::KvSpace;
use crate::domain::grant::KvWrite;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;
use crate::rules::hide;
use crate::store::Change;
use crate::store::Page;
use crate::store::Store as _;
use crate::store::StoreError;

/// No plugin has this name.
const SPACE: &str = "/inbox";
/// Of values. A newer form has another one.
const VERSION: u8 = 1;
/// The low bits of an attempt's id: all but its time.
const ATTEMPT_BITS: u32 = 80;
/// A page ends when it has so many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Keys looked at: more than a workspace has, unless several deliveries come at once.
const KEYS_MAX: usize = 2 * INBOX_REQUESTS_MAX;

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InboxKey {
    /// When it came, and which attempt it was: later ones are greater.
    order: u128,
    destination: DestinationId,
    bytes: usize,
}

impl InboxKey {
    fn write(self) -> String {
        format!("{:032x}{:032x}{:08x}", !self.order, self.destination.bits(), self.bytes)
    }

    fn read(key: &str) -> Option<Self> {
        let part = |from, to| u128::from_str_radix(key.get(from..to)?, 16).ok();
        let destination = DestinationId::from_bits(part(32, 64)?);
        Some(Self { order: !part(0, 32)?, destination, bytes: usize::try_from(part(64, 72)?).ok()? })
    }

    fn came_at(self) -> Timestamp {
        Timestamp::from_millis((self.order >> ATTEMPT_BITS) as u64)
    }
}

pub(super) async fn attempt(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
    signed: SignedHeaders<'_>,
) -> Attempted {
    match keep(delivery, destination, job, now, signed).await {
        Ok(keeps) => Attempted { outcome: AttemptOutcome::Kept, timings: Timings::default(), keeps },
        Err(error) => Attempted::unmade(error),
    }
}

async fn keep(
    delivery: &Delivery,
    destination: &DestinationRuntime,
    job: &Job,
    now: Timestamp,
    signed: SignedHeaders<'_>,
) -> Result<Vec<KvWrite>, SendError> {
    let request = shown(delivery, job, now, &signed()?);
    let mut value = vec![VERSION];
    value.extend(postcard::to_stdvec(&request).unwrap_or_default());
    let id = job.id.attempt(job.attempts.saturating_add(1)).bits();
    let order = u128::from(now.as_millis()) << ATTEMPT_BITS | id & ((1 << ATTEMPT_BITS) - 1);
    let key = InboxKey { order, destination: destination.destination.id, bytes: value.len() };
    tell(delivery, job, &request);
    let space = space(job.workspace);
    // What cannot be read now is let go of with the next request, or by the sweep.
    let kept = keys(delivery, &space).await.unwrap_or_default();
    let mut writes: Vec<KvWrite> = pushed_out(&kept, key.bytes).map(|old| forget(&space, old)).collect();
    writes.push(KvWrite { space, key: key.write(), value: Some(value) });
    Ok(writes)
}

/// Without the secrets that a plugin put in.
fn shown(delivery: &Delivery, job: &Job, now: Timestamp, headers: &HeaderMap) -> InboxRequest {
    let text = |value: &::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let request = InboxRequest {
        delivery: job.id,
        received_at: now,
        event_type: job.bytes.event_type.clone(),
        method: job.bytes.method.clone().unwrap_or_else(|| "POST".to_owned()),
        path: job.bytes.path.clone(),
        headers: Headers(headers.collect()),
        payload: job.bytes.payload.clone(),
    };
    let snapshot = delivery.snapshot();
    let Some(connection) = snapshot.connections.get(&job.connection) else { return request };
    connection.secrets().fold(request, |shown, secrets| InboxRequest {
        payload: hide::bytes_without(secrets, shown.payload),
        headers: hide::headers_without(secrets, shown.headers),
        path: shown.path.map(|path| secrets.redact(&path).into_owned()),
        ..shown
    })
}

fn tell(delivery: &Delivery, job: &Job, request: &InboxRequest) {
    delivery.observer().feed.tell(request.received_at, job.workspace, "inbox.received", || {
        serde_json::json!({
            "delivery": job.id, "event": job.id.event(), "destination": job.destination,
            "type": request.event_type, "method": request.method, "bytes": request.payload.len(),
        })
    });
}

/// What has no room beside so many bytes more; the newest of what is there come first.
fn pushed_out(kept: &[InboxKey], more: usize) -> impl Iterator<Item = InboxKey> {
    let (mut requests, mut bytes) = (1, more);
    kept.iter().copied().filter(move |key| {
        requests += 1;
        bytes += key.bytes;
        requests > INBOX_REQUESTS_MAX || bytes > INBOX_BYTES_MAX
    })
}

fn space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: SPACE.into() }
}

fn forget(space: &KvSpace, key: InboxKey) -> KvWrite {
    KvWrite { space: space.clone(), key: key.write(), value: None }
}

/// What a workspace's inboxes have, the newest first.
async fn keys(delivery: &Delivery, space: &KvSpace) -> Result<Vec<InboxKey>, StoreError> {
    let keys = delivery.store().kv_keys(space, "", KEYS_MAX).await?;
    Ok(keys.iter().filter_map(|key| InboxKey::read(key)).collect())
}

fn read(value: &[u8]) -> Option<InboxRequest> {
    let (version, rest) = value.split_first()?;
    (*version == VERSION).then(|| postcard::from_bytes(rest).ok()).flatten()
}

impl Delivery {
    /// What an inbox has got, the newest first: at most `limit`, fewer where they are long. `before` is where the page
    /// before it ended.
    pub async fn inbox(
        &self,
        workspace: WorkspaceId,
        destination: DestinationId,
        before: Option<u128>,
        limit: usize,
    ) -> Result<Page<InboxRequest, u128>, StoreError> {
        let space = space(workspace);
        let mut keys = keys(self, &space).await?;
        keys.retain(|key| key.destination == destination && before.is_none_or(|before| key.order < before));
        let (mut items, mut bytes, mut next) = (Vec::new(), 0, None);
        for key in keys {
            if items.len() == limit || (bytes > 0 && bytes + key.bytes > PAGE_BYTES) {
                return Ok(Page { items, next });
            }
            bytes += key.bytes;
            next = Some(key.order);
            // It may have been pushed out meanwhile.
            items.extend(self.store().kv_get(&space, &key.write()).await?.as_deref().and_then(read));
        }
        Ok(Page { items, next: None })
    }

    /// Lets go of what inboxes got before then, and of what those got that are gone.
    pub(crate) async fn expire_inboxes(&self, before: Timestamp) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        let documents = &snapshot.documents;
        let is_inbox = |id| {
            let found = documents.destinations.get(id);
            found.is_some_and(|found| matches!(found.endpoint, Endpoint::Inbox))
        };
        let workspaces: BTreeSet<WorkspaceId> = documents.workspaces.all().map(|found| found.id).collect();
        for workspace in workspaces {
            let space = space(workspace);
            let keys = keys(self, &space).await?;
            let gone = keys.into_iter().filter(|key| key.came_at() < before || !is_inbox(key.destination));
            let kv: Vec<KvWrite> = gone.map(|key| forget(&space, key)).collect();
            if !kv.is_empty() {
                self.store().note(Change { kv, ..Change::default() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(order: u128, bytes: usize) -> InboxKey {
        InboxKey { order, destination: DestinationId::from_bits(7), bytes }
    }

    #[test]
    fn keys_come_back_and_the_newest_comes_first() {
        let (older, newer) = (key(5 << ATTEMPT_BITS, 1), key(6 << ATTEMPT_BITS | 3, 70_000));
        assert_eq!(InboxKey::read(&newer.write()), Some(newer));
        assert!(newer.write() < older.write());
        assert_eq!(newer.came_at(), Timestamp::from_millis(6));
        assert_eq!(InboxKey::read("short"), None);
    }

    #[test]
    fn the_oldest_are_pushed_out() {
        let many: Vec<InboxKey> = (0..600).rev().map(|order| key(order, 10)).collect();
        let out: Vec<u128> = pushed_out(&many, 10).map(|key| key.order).collect();
        assert_eq!((out.len(), out[0], *out.last().unwrap()), (101, 100, 0));
        let long: Vec<InboxKey> = (0..4).rev().map(|order| key(order, INBOX_BYTES_MAX / 3)).collect();
        let out: Vec<u128> = pushed_out(&long, INBOX_BYTES_MAX / 3).map(|key| key.order).collect();
        assert_eq!(out, [1, 0]);
    }
}
