//! The one trait a backend implements. Named after what the gateway needs, not after tables.
//! Not here: the types it speaks in, and any backend.

use std::future::Future;

use bytes::Bytes;
use tokio::sync::watch;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::Event;
use crate::domain::event::NewEvent;
use crate::domain::grant::KvRange;
use crate::domain::grant::KvSpace;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::RejectionId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Rejection;
use crate::domain::plugin::Digest;
use crate::store::change::Accepted;
use crate::store::change::Change;
use crate::store::change::ConfigAnswer;
use crate::store::change::ConfigState;
use crate::store::change::ConfigWrite;
use crate::store::change::Expiry;
use crate::store::error::StoreError;
use crate::store::feed::CommitRange;
use crate::store::feed::HotEvent;
use crate::store::lease::Adoption;
use crate::store::lease::Lease;
use crate::store::lease::Renewed;
use crate::store::node::NodeId;
use crate::store::query::DeliveryQuery;
use crate::store::query::DeliverySummary;
use crate::store::query::EventQuery;
use crate::store::query::Page;
use crate::store::query::PlannedEvent;
use crate::store::recovered::EventLog;

/// A place where events, their log and the configuration are kept.
pub trait Store: Send + Sync + 'static {
    /// What this handle writes by. It was given when the store was opened, and whatever is written carries it: once
    /// another node has taken over, or this one has begun again, every write answers [`StoreError::Fenced`], and
    /// nothing is written. Reading goes on.
    fn lease(&self) -> Lease;

    /// Makes the lease longer, and answers which nodes let theirs end.
    fn renew(&self) -> impl Future<Output = Result<Renewed, StoreError>> + Send;

    /// Takes over what a node left whose lease has ended. Waits for what it was writing, so that nothing acknowledged is
    /// missed; what it writes later is refused.
    fn adopt(&self, node: NodeId) -> impl Future<Output = Result<Adoption, StoreError>> + Send;

    /// Stores events, all of them or none, as this node's own; answers when they are on disk. Duplicates by
    /// idempotency key, whichever node had the first, are answered with that one's id.
    fn accept(&self, events: Vec<NewEvent>)
    -> impl Future<Output = Result<Vec<Accepted>, StoreError>> + Send;

    /// Takes note of what happened: written with the next commit, within milliseconds, in the
    /// order of calls. Never waits. A crash before that makes the event be worked on again. Behind the fence nothing is
    /// noted; `flushed` and `health` say so.
    fn note(&self, change: Change);

    /// The same as `note`, answered when it is on disk.
    fn commit(&self, change: Change) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Waits until all that was noted before is on disk.
    fn flushed(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes configuration atomically, if nobody wrote any since the revision that the writer knew; answers when it is
    /// on disk, or that it is not.
    fn configure(
        &self,
        writes: Vec<ConfigWrite>,
        expected: u64,
    ) -> impl Future<Output = Result<ConfigAnswer, StoreError>> + Send;

    /// The revision of the configuration, and every new one, whoever wrote it: a node hears of what another one wrote
    /// when it renews its lease, or before. Some may be left out; the newest never is.
    fn watch_config(&self) -> watch::Receiver<u64>;

    /// The configuration as it was at that revision; `None` if it is not known any more.
    fn config_at(
        &self,
        revision: u64,
    ) -> impl Future<Output = Result<Option<ConfigState>, StoreError>> + Send;

    /// Keeps the module of a plugin under its digest, which says what is in it: a second one of the same digest
    /// changes nothing. Answers when it is on disk.
    fn put_module(
        &self,
        digest: Digest,
        module: Bytes,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The module of that digest.
    fn module(&self, digest: Digest) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// One event.
    fn event(&self, id: EventId) -> impl Future<Output = Result<Option<Event>, StoreError>> + Send;

    /// The events of a commit, in order.
    fn read(&self, range: CommitRange) -> impl Future<Output = Result<Vec<HotEvent>, StoreError>> + Send;

    /// Events of this node that are accepted and not closed, in the order of their ids, after that one, at most `limit`.
    fn open_events(
        &self,
        after: Option<EventId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<EventId>, StoreError>> + Send;

    /// Live (not terminal) delivery records that are this node's to send, in the order of their ids, after that one, at
    /// most `limit`. Each has one owner among the nodes, so nobody has to lock it first.
    fn claim(
        &self,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeliveryRecord>, StoreError>> + Send;

    /// Lists events.
    fn events(
        &self,
        query: EventQuery,
    ) -> impl Future<Output = Result<Page<Event, EventId>, StoreError>> + Send;

    /// Lists events, each with what its steps came to. Cheaper than asking for each one's log.
    fn planned(
        &self,
        query: EventQuery,
    ) -> impl Future<Output = Result<Page<PlannedEvent, EventId>, StoreError>> + Send;

    /// Everything logged about an event.
    fn event_log(&self, id: EventId) -> impl Future<Output = Result<EventLog, StoreError>> + Send;

    /// The record of a delivery, if it has one.
    fn delivery(
        &self,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<DeliveryRecord>, StoreError>> + Send;

    /// The bytes kept of a delivery.
    fn delivery_bytes(
        &self,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<DeliveryBytes>, StoreError>> + Send;

    /// Lists deliveries.
    fn deliveries(
        &self,
        query: DeliveryQuery,
    ) -> impl Future<Output = Result<Page<DeliverySummary, DeliveryId>, StoreError>> + Send;

    /// Requests turned away at a source, newest first.
    fn rejections(
        &self,
        workspace: WorkspaceId,
        source: SourceId,
        before: Option<RejectionId>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Rejection, RejectionId>, StoreError>> + Send;

    /// The value that a plugin keeps under a key.
    fn kv_get(
        &self,
        space: &KvSpace,
        key: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Keys that a plugin keeps values under and that begin with `prefix`, in the order of their bytes, at most
    /// `limit`.
    fn kv_keys(
        &self,
        space: &KvSpace,
        prefix: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Values that are kept under keys of a range, with their keys, in the order of the keys' bytes or backwards, at most
    /// `limit`.
    fn kv_range(
        &self,
        space: &KvSpace,
        range: KvRange,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(String, Vec<u8>)>, StoreError>> + Send;

    /// Deletes events and log rows that are old, as far as nothing live needs them; answers how many commits went, or
    /// lost what a workspace had in them. What a workspace with a bound of its own has no more is gone with its bytes,
    /// whatever else lies beside it.
    fn expire(&self, expiry: Expiry) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Whether events would be taken now, and from this node.
    fn health(&self) -> Result<(), StoreError>;

    /// Writes what is noted, gives the lease back, syncs and closes. Nothing is taken afterwards.
    fn close(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
