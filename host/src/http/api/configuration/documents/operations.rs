//! Operations of a plan: what failed is sent again, what came in is taken in again. The plan finds out which deliveries
//! and events these are and keeps their ids; carried out, it does these, each once, and none that came later. Not here:
//! how one is retried (`delivery::operate`) or replayed (`pipeline::accept::replay`).

use futures::future::join_all;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::control::plans::KeptOperation;
use crate::control::snapshot::Documents;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::configuration::documents::changes::ChangeRisk;
use crate::http::api::configuration::documents::page_walk::PageWalk;
use crate::http::problem::Problem;
use crate::http::request::Call;
use crate::http::request::RequestFaults;
use crate::store::DeliveryQuery;
use crate::store::EventQuery;
use crate::store::Page;

/// Deliveries or events of one operation.
const ITEMS_MAX: usize = 1000;
/// Rows of a page.
const PAGE: usize = 500;
/// Done at a time.
const AT_ONCE: usize = 16;
/// Left out by name.
const LEFT_OUT_MAX: usize = 20;

/// Which deliveries or events; all conditions at once.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationScopeBody {
    /// Of a retry: only to this destination.
    #[schema(nullable = false)]
    destination: Option<String>,
    /// Of a retry: only by this connection.
    #[schema(nullable = false)]
    connection: Option<String>,
    /// Only of events from this source, or `published`.
    #[schema(nullable = false)]
    source: Option<String>,
    /// Only of events of this type.
    #[schema(nullable = false)]
    event_type: Option<String>,
    /// Only of events received at or after.
    #[schema(nullable = false)]
    since: Option<Timestamp>,
    /// Only of events received before.
    #[schema(nullable = false)]
    until: Option<Timestamp>,
}

/// What is to be done to what came in; one of the two.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationBody {
    /// Sends deliveries again that have failed, each with a fresh schedule.
    #[schema(nullable = false)]
    retry: Option<OperationScopeBody>,
    /// Takes events in again: every connection that takes them now gets them.
    #[schema(nullable = false)]
    replay: Option<OperationScopeBody>,
}

/// What an operation would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationView {
    /// In words.
    pub says: String,
    /// How many deliveries or events.
    pub count: usize,
    /// What it may do to others.
    pub(super) risk: ChangeRisk,
}

/// What was not done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeftOutView {
    /// The delivery or event.
    pub id: String,
    /// Why not.
    pub detail: String,
}

/// What an operation did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoneOperationView {
    /// In words.
    pub says: String,
    /// How many deliveries or events it was done to.
    pub done: usize,
    /// The first 20 that were left out.
    pub left_out: Vec<LeftOutView>,
}

/// What these operations are to be done to.
pub(super) async fn find(
    call: &Call,
    wanted: Vec<OperationBody>,
    faults: &mut RequestFaults,
) -> Result<Vec<KeptOperation>, Problem> {
    let (workspace, snapshot) = (call.workspace()?, call.control.snapshot().clone());
    let mut found = Vec::with_capacity(wanted.len());
    for (at, operation) in wanted.into_iter().enumerate() {
        let place = format!("/operations/{at}");
        let finder = Finder { call, workspace, documents: &snapshot.documents };
        match (operation.retry, operation.replay) {
            (Some(scope), None) => {
                let place = format!("{place}/retry");
                let ids = finder.deliveries(scope, &place, faults).await?;
                found.extend(bounded(ids, &place, faults).map(KeptOperation::Retry));
            }
            (None, Some(scope)) => {
                let place = format!("{place}/replay");
                let ids = finder.events(scope, &place, faults).await?;
                found.extend(bounded(ids, &place, faults).map(KeptOperation::Replay));
            }
            _ => faults.add(place, "an operation is either a `retry` or a `replay`"),
        }
    }
    Ok(found)
}

fn bounded<T>(found: Option<Vec<T>>, place: &str, faults: &mut RequestFaults) -> Option<Vec<T>> {
    let found = found?;
    if found.len() > ITEMS_MAX { too_many(place, faults) } else { Some(found) }
}

/// More than are done at once, or more to look through than is looked through: some of it alone is not what was asked for.
fn too_many<T>(place: &str, faults: &mut RequestFaults) -> Option<T> {
    let detail = format!(
        "there are more than {ITEMS_MAX}, or too many others among them; narrow it by source, type or time"
    );
    faults.add(place, detail);
    None
}

struct Finder<'f> {
    call: &'f Call,
    workspace: WorkspaceId,
    documents: &'f Documents,
}

impl Finder<'_> {
    /// Failed deliveries, oldest first; nothing where the scope has a fault.
    async fn deliveries(
        &self,
        scope: OperationScopeBody,
        place: &str,
        faults: &mut RequestFaults,
    ) -> Result<Option<Vec<DeliveryId>>, Problem> {
        let (documents, workspace) = (self.documents, self.workspace);
        let destination =
            named(scope.destination.as_deref(), faults, &format!("{place}/destination"), |name| {
                documents.destinations.find(workspace, name).map(|found| found.id)
            });
        let connection = named(scope.connection.as_deref(), faults, &format!("{place}/connection"), |name| {
            documents.connections.find(workspace, name).map(|found| found.id)
        });
        let source = self.source(scope.source.as_deref(), place, faults);
        let (Some(destination), Some(connection), Some(source)) = (destination, connection, source) else {
            return Ok(None);
        };
        let mut found = Vec::new();
        for state in [DeliveryState::Failed, DeliveryState::FailedByGateway] {
            let mut walk = PageWalk::new();
            while walk.goes_on() && found.len() <= ITEMS_MAX {
                let query = DeliveryQuery {
                    source: source.of(),
                    connection,
                    destination,
                    event_type: scope.event_type.clone(),
                    state: Some(state),
                    since: scope.since,
                    until: scope.until,
                    before: walk.before(),
                    ..DeliveryQuery::all(workspace, PAGE)
                };
                let Page { items, next } = self.call.delivery.deliveries(query).await?;
                found.extend(items.iter().filter(|item| source.takes(item.source)).map(|item| item.id));
                walk.read(next);
            }
            if !walk.is_whole() {
                return Ok(too_many(place, faults));
            }
        }
        found.sort_unstable();
        Ok(Some(found))
    }

    /// Events, oldest first; nothing where the scope has a fault.
    async fn events(
        &self,
        scope: OperationScopeBody,
        place: &str,
        faults: &mut RequestFaults,
    ) -> Result<Option<Vec<EventId>>, Problem> {
        for (name, given) in [("destination", &scope.destination), ("connection", &scope.connection)] {
            if given.is_some() {
                let detail = "an event is taken in for every connection; only a retry has this";
                faults.add(format!("{place}/{name}"), detail);
            }
        }
        let Some(source) = self.source(scope.source.as_deref(), place, faults) else { return Ok(None) };
        let (mut found, mut walk) = (Vec::new(), PageWalk::new());
        while walk.goes_on() && found.len() <= ITEMS_MAX {
            let query = EventQuery {
                source: source.of(),
                event_type: scope.event_type.clone(),
                since: scope.since,
                until: scope.until,
                before: walk.before(),
                ..EventQuery::all(self.workspace, PAGE)
            };
            let Page { items, next } = self.call.insight.events(query).await?;
            found.extend(items.iter().filter(|event| source.takes(event.data.source)).map(|event| event.id));
            walk.read(next);
        }
        if !walk.is_whole() {
            return Ok(too_many(place, faults));
        }
        found.sort_unstable();
        Ok(Some(found))
    }

    fn source(&self, wanted: Option<&str>, place: &str, faults: &mut RequestFaults) -> Option<WantedSource> {
        match wanted {
            Some("published") => Some(WantedSource::Published),
            wanted => {
                let origin = |name: &str| self.documents.origin_named(self.workspace, name);
                let found = named(wanted, faults, &format!("{place}/source"), origin)?;
                Some(found.map_or(WantedSource::Any, WantedSource::One))
            }
        }
    }
}

/// Where events came in.
#[derive(Clone, Copy)]
enum WantedSource {
    Any,
    Published,
    One(SourceId),
}

impl WantedSource {
    fn of(self) -> Option<SourceId> {
        match self {
            Self::One(source) => Some(source),
            Self::Any | Self::Published => None,
        }
    }

    fn takes(self, source: Option<SourceId>) -> bool {
        !matches!(self, Self::Published) || source.is_none()
    }
}

/// `Some(None)` if nothing is asked for; `None` if there is no such thing.
fn named<I>(
    wanted: Option<&str>,
    faults: &mut RequestFaults,
    place: &str,
    find: impl FnOnce(&str) -> Option<I>,
) -> Option<Option<I>> {
    let Some(name) = wanted else { return Some(None) };
    let found = find(name);
    if found.is_none() {
        faults.add(place, format!("there is no `{name}` in this workspace"));
    }
    found.map(Some)
}

/// What they would do.
pub(super) fn show(operations: &[KeptOperation]) -> Vec<OperationView> {
    let show = |operation: &KeptOperation| {
        let (says, count) = match operation {
            KeptOperation::Retry(ids) => {
                (format!("retry {}", counted(ids.len(), "failed delivery", "failed deliveries")), ids.len())
            }
            KeptOperation::Replay(ids) => {
                (format!("take {} in again", counted(ids.len(), "event", "events")), ids.len())
            }
        };
        OperationView { says, count, risk: if count == 0 { ChangeRisk::Safe } else { ChangeRisk::Outward } }
    };
    operations.iter().map(show).collect()
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Does them, one after the other. What cannot be done any more is left out.
pub(super) async fn carry_out(
    call: &Call,
    workspace: WorkspaceId,
    operations: Vec<KeptOperation>,
) -> Vec<DoneOperationView> {
    let mut views = Vec::with_capacity(operations.len());
    for operation in operations {
        let (what, items) = match operation {
            KeptOperation::Retry(ids) => ("retried", ids.into_iter().map(OperationItem::Delivery).collect()),
            KeptOperation::Replay(ids) => {
                ("taken in again", ids.into_iter().map(OperationItem::Event).collect())
            }
        };
        views.push(done(call, workspace, what, items).await);
    }
    views
}

/// What something is done to.
#[derive(Clone, Copy)]
enum OperationItem {
    Delivery(DeliveryId),
    Event(EventId),
}

/// Sends it again, or takes it in again; or why not, in words.
async fn act(call: &Call, workspace: WorkspaceId, item: OperationItem) -> Result<(), LeftOutView> {
    let (id, outcome) = match item {
        OperationItem::Delivery(id) => (id.to_string(), call.delivery.retry(workspace, id).await.map(drop)),
        OperationItem::Event(id) => {
            (id.to_string(), call.pipeline.replay_event(workspace, id).await.map(drop))
        }
    };
    outcome.map_err(|error| LeftOutView { id, detail: error.to_string() })
}

async fn done(
    call: &Call,
    workspace: WorkspaceId,
    what: &str,
    items: Vec<OperationItem>,
) -> DoneOperationView {
    let (mut count, mut missing, mut left_out) = (0, 0, Vec::new());
    for part in items.chunks(AT_ONCE) {
        for outcome in join_all(part.iter().map(|item| act(call, workspace, *item))).await {
            match outcome {
                Ok(()) => count += 1,
                Err(left) => {
                    missing += 1;
                    left_out.push(left);
                    left_out.truncate(LEFT_OUT_MAX);
                }
            }
        }
    }
    let says = match missing {
        0 => format!("{count} {what}"),
        missing => format!("{count} {what}, {missing} left out"),
    };
    DoneOperationView { says, done: count, left_out }
}
