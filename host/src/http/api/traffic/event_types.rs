//! `/v1/event-types`: which types there are, from what came in lately and what connections want.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::time::Timestamp;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::view::PageView;
use crate::store::EventQuery;

/// How many of the latest events are looked at.
const LOOKED_AT: usize = 500;

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeView {
    /// The type.
    pub r#type: String,
    /// How many of the latest 500 events have it.
    pub seen: u64,
    /// When the last of them came in.
    #[schema(required = true)]
    pub last_received_at: Option<Timestamp>,
    /// Connections that name it, without wildcards.
    pub connections: Vec<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(list))
}

/// Lists the types of the latest events and those that connections name.
#[utoipa::path(
    get,
    path = "/v1/event-types",
    responses((status = 200, body = PageView<EventTypeView>)),
)]
async fn list(call: Call) -> Answer {
    let workspace = call.workspace()?;
    let query = EventQuery {
        workspace,
        source: None,
        event_type: None,
        since: None,
        until: None,
        after: None,
        before: None,
        limit: LOOKED_AT,
    };
    let page = call.insight.events(query).await?;
    let mut types: BTreeMap<String, EventTypeView> = BTreeMap::new();
    let blank = |name: &str| EventTypeView {
        r#type: name.to_owned(),
        seen: 0,
        last_received_at: None,
        connections: Vec::new(),
    };
    for event in &page.items {
        let name = event.data.event_type.as_ref();
        let entry = types.entry(name.to_owned()).or_insert_with(|| blank(name));
        entry.seen += 1;
        entry.last_received_at = entry.last_received_at.max(Some(event.data.received_at));
    }
    let snapshot = call.control.snapshot();
    for connection in snapshot.documents.connections.of(workspace) {
        for name in connection.event_types.iter().filter(|pattern| !pattern.contains('*')) {
            types
                .entry(name.clone())
                .or_insert_with(|| blank(name))
                .connections
                .push(connection.name.clone());
        }
    }
    Ok(reply::ok(&PageView { items: types.into_values().collect(), next_cursor: None }))
}
