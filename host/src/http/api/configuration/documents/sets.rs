//! `/v1/config/sets`: what was applied together, by name. What is in a set is kept as its files say: whoever changes it by
//! another door sees it changed back when they are applied again. Not here: how a set comes about (`control::plans`).

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::snapshot::Collection;
use crate::control::snapshot::Documents;
use crate::control::snapshot::Resource;
use crate::domain::config::DocumentSet;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::QueryParams;
use crate::http::view::PageView;

/// Documents that were applied together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentSetView {
    /// Its name.
    pub name: String,
    /// The names of its event types.
    pub event_types: Vec<String>,
    /// The names of its tables.
    pub tables: Vec<String>,
    /// The names of its sources.
    pub sources: Vec<String>,
    /// The names of its destinations.
    pub destinations: Vec<String>,
    /// The names of its connections.
    pub connections: Vec<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(list))
}

/// Lists the sets that were applied, with what is in them. A change of one of these by another way is undone when the set
/// is applied again.
#[utoipa::path(
    get,
    path = "/v1/config/sets",
    params(PageQuery),
    responses((status = 200, body = PageView<DocumentSetView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let documents = &snapshot.documents;
    let view = |set: &DocumentSet| show(documents, set);
    Ok(reply::ok(&page.of(documents.sets.of(workspace), |set| set.id.bits(), view)))
}

fn show(documents: &Documents, set: &DocumentSet) -> DocumentSetView {
    DocumentSetView {
        name: set.name.clone(),
        event_types: names(&documents.event_types, &set.event_types),
        tables: names(&documents.tables, &set.tables),
        sources: names(&documents.sources, &set.sources),
        destinations: names(&documents.destinations, &set.destinations),
        connections: names(&documents.connections, &set.connections),
    }
}

/// Of those that are still there.
fn names<T: Resource>(all: &Collection<T>, ids: &[T::Id]) -> Vec<String> {
    ids.iter().filter_map(|id| all.get(*id)).map(|found| found.name().to_owned()).collect()
}
