//! Attempts at an inbox, and what is in it: requests lie with the values that plugins keep, in a place of the workspace
//! that no plugin has, each under a key that says when it came (`key`). What is kept is bounded by workspace; who brings
//! more pushes out the oldest (`index`). A value is the version of its form and `InboxRequest` in postcard.

mod index;
mod key;

pub(in crate::delivery) use index::InboxIndexes;

use std::collections::BTreeSet;
use std::time::Duration;

use ::http::HeaderMap;
use ::http::HeaderValue;

use crate::control::snapshot::DestinationRuntime;
use crate::delivery::Delivery;
use crate::delivery::transport::Attempted;
use crate::delivery::transport::SignedHeaders;
use crate::delivery::transport::inbox::key::InboxKey;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::SendError;
use crate::domain::delivery::Timings;
use crate::domain::destination::Endpoint;
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
use crate::store::Expiry;
use crate::store::Page;
use crate::store::Store as _;
use crate::store::StoreError;

/// No plugin has this name.
const SPACE: &str = "/inbox";
/// Of values. A newer form has another one.
const VERSION: u8 = 1;
/// A page ends when it has so many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Keys that a list looks at: more than a workspace has, save where several nodes write at once.
const LISTED_MAX: usize = 2 * INBOX_REQUESTS_MAX;
/// Keys that are read at a time where all of them are wanted.
const ALL_MAX: usize = 100_000;
/// What was put in as lately as this may not be in the store yet.
const UNDER_WAY: Duration = Duration::from_secs(60);

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
    let attempt = job.id.attempt(job.attempts.saturating_add(1));
    let key = InboxKey::new(now, attempt, destination.destination.id, value.len());
    let space = space(job.workspace);
    let mut writes = make_room(delivery, &space, key).await;
    writes.push(KvWrite { space, key: key.write(), value: Some(value) });
    tell(delivery, job, &request);
    Ok(writes)
}

/// Forgets what is pushed out.
async fn make_room(delivery: &Delivery, space: &KvSpace, key: InboxKey) -> Vec<KvWrite> {
    let index = delivery.inboxes().of(space.workspace);
    let mut index = index.lock().await;
    let mut out = Vec::new();
    if !index.is_loaded() {
        match keys(delivery, space, ALL_MAX).await {
            Ok(keys) => out = index.load(keys),
            // The store is in trouble, and says so to whoever writes. The sweep sees what there is.
            Err(error) => tracing::debug!(%error, "the keys of an inbox cannot be read"),
        }
    }
    out.extend(index.put(key));
    out.into_iter().map(|old| forget(space, old)).collect()
}

/// Without the secrets that a plugin put in.
fn shown(delivery: &Delivery, job: &Job, now: Timestamp, headers: &HeaderMap) -> InboxRequest {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
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

fn space(workspace: WorkspaceId) -> KvSpace {
    KvSpace { workspace, plugin: SPACE.into() }
}

fn forget(space: &KvSpace, key: InboxKey) -> KvWrite {
    KvWrite { space: space.clone(), key: key.write(), value: None }
}

/// What the store has of a workspace's inboxes, the newest first, at most `limit`.
async fn keys(delivery: &Delivery, space: &KvSpace, limit: usize) -> Result<Vec<InboxKey>, StoreError> {
    let keys = delivery.store().kv_keys(space, "", limit).await?;
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
        let mut keys = keys(self, &space, LISTED_MAX).await?;
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

    /// Lets go of what inboxes got that is as old as events that go, of what those got that are gone, and of what
    /// several nodes kept together that has no room.
    pub(crate) async fn expire_inboxes(&self, expiry: &Expiry) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        let workspaces: BTreeSet<WorkspaceId> =
            snapshot.documents.workspaces.all().map(|found| found.id).collect();
        self.inboxes().retain(|workspace| workspaces.contains(&workspace));
        self.store().flushed().await?;
        let is_inbox = |id| {
            let found = snapshot.documents.destinations.get(id);
            found.is_some_and(|found| matches!(found.endpoint, Endpoint::Inbox))
        };
        for workspace in workspaces {
            let before = expiry.events_of(workspace);
            let stays = |key: &InboxKey| key.came_at() >= before && is_inbox(key.destination);
            self.expire_inbox(workspace, stays).await?;
        }
        Ok(())
    }

    async fn expire_inbox(
        &self,
        workspace: WorkspaceId,
        stays: impl Fn(&InboxKey) -> bool,
    ) -> Result<(), StoreError> {
        let space = space(workspace);
        let index = self.inboxes().of(workspace);
        let mut index = index.lock().await;
        let stored = keys(self, &space, ALL_MAX).await?;
        let lately = self.now().minus(UNDER_WAY);
        let under_way: Vec<InboxKey> =
            index.keys().filter(|key| key.came_at() >= lately && !stored.contains(key)).collect();
        let (stay, mut gone): (Vec<InboxKey>, Vec<InboxKey>) =
            under_way.into_iter().chain(stored).partition(stays);
        gone.extend(index.load(stay));
        let kv: Vec<KvWrite> = gone.into_iter().map(|key| forget(&space, key)).collect();
        if !kv.is_empty() {
            self.store().note(Change { kv, ..Change::default() });
        }
        Ok(())
    }
}
