//! `/v1/connections`.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::ConnectionDraft;
use crate::control::resources::PUBLISHED;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::FlowState;
use crate::domain::config::Origin;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::http::api::configuration::retry;
use crate::http::api::configuration::retry::RetryBody;
use crate::http::api::configuration::retry::RetryView;
use crate::http::api::configuration::steps;
use crate::http::api::configuration::steps::StepBody;
use crate::http::api::configuration::steps::StepView;
use crate::http::api::configuration::steps::StepsBody;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Name;
use crate::http::request::Patch;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::not_found;
use crate::http::view::PageView;

/// What is to lead from sources through steps to a destination.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionBody {
    /// Unique in the workspace.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// Whether things flow. What is paused holds.
    #[schema(nullable = false)]
    state: Option<FlowState>,
    /// The source it takes events from, `published` for events of POST /v1/events, `table:` and a name for the changes
    /// of a table, or `alerts` for what begins to fail and what comes right again.
    #[schema(nullable = false)]
    source: Option<String>,
    /// Several sources instead.
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1)]
    sources: Option<Vec<Option<String>>>,
    /// Patterns with `*`, any of which an event's type must match; ["*"] if not given, and none only where there are groups.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 100)]
    event_types: Option<Vec<Option<String>>>,
    /// Groups of the event catalogue: a type of any of them is taken as well. Given without `event_types`, only they are.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 100)]
    event_groups: Option<Vec<Option<String>>>,
    /// Run in this order; each has one of `filter`, `mapping`, `plugin`.
    #[schema(value_type = Option<Vec<StepBody>>, nullable = false)]
    steps: Option<StepsBody>,
    /// Where the result goes.
    #[schema(required = true, nullable = false)]
    destination: Option<String>,
    /// When failed deliveries are tried again, instead of the destination's.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<RetryBody>)]
    retry: Option<Option<RetryBody>>,
    /// Whether it is refused to delete it, through every door; false if not given.
    #[schema(nullable = false)]
    protect: Option<bool>,
}

/// What leads from sources through steps to a destination.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// Whether deliveries go out.
    pub state: FlowState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first of `sources`, or `published`.
    #[schema(required = true)]
    pub source: Option<String>,
    /// All it takes events from.
    pub sources: Vec<String>,
    /// Patterns an event's type must match.
    pub event_types: Vec<String>,
    /// Groups of the event catalogue whose types are taken as well.
    pub event_groups: Vec<String>,
    /// Run in this order.
    pub steps: Vec<StepView>,
    /// Where the result goes.
    pub destination: DestinationId,
    /// When failed deliveries are tried again; null: as the destination says.
    #[schema(required = true)]
    pub retry: Option<RetryView>,
    /// Whether it is refused to delete it.
    pub protect: bool,
}

/// What a change says of it.
type ConnectionChange = Patch<ConnectionBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
        .add(Door::write().remembered(), routes!(pause))
        .add(Door::write().remembered(), routes!(resume))
}

pub(in crate::http::api) fn draft(mut body: ConnectionBody, faults: &mut RequestFaults) -> ConnectionDraft {
    ConnectionDraft {
        origins: origins(&mut body, faults),
        name: body.name.map(|name| name.0),
        state: body.state,
        event_types: body.event_types.map(|patterns| patterns.into_iter().flatten().collect()),
        event_groups: body.event_groups.map(|groups| groups.into_iter().flatten().collect()),
        steps: body.steps.map(|steps| steps::read(steps, "/steps", faults)),
        destination: body.destination,
        retry: body.retry.and_then(|given| retry::change(given, faults)),
        protect: body.protect,
    }
}

/// Each source with the place where it is named.
fn origins(body: &mut ConnectionBody, faults: &mut RequestFaults) -> Option<Vec<(String, String)>> {
    match (body.source.take(), body.sources.take()) {
        (Some(_), Some(_)) => {
            faults.add("/sources", "give either `source` or `sources`, not both");
            None
        }
        (None, Some(several)) => {
            let place = |(at, source): (usize, Option<String>)| Some((format!("/sources/{at}"), source?));
            Some(several.into_iter().enumerate().filter_map(place).collect())
        }
        (one, None) => Some(vec![("/source".to_owned(), one?)]),
    }
}

fn show(connection: &Connection, documents: &Documents) -> ConnectionView {
    let origin = |origin: &Origin| match origin {
        Origin::Source(id) => documents.origin_text(*id),
        Origin::Published => PUBLISHED.to_owned(),
    };
    ConnectionView {
        id: connection.id,
        name: connection.name.clone(),
        state: connection.state,
        created_at: connection.created_at,
        source: connection.origins.first().map(origin),
        sources: connection.origins.iter().map(origin).collect(),
        event_types: connection.event_types.clone(),
        event_groups: connection.event_groups.clone(),
        steps: steps::show(&connection.steps),
        destination: connection.destination,
        retry: connection.retry.as_ref().map(retry::show),
        protect: connection.protect,
    }
}

/// Lists connections.
#[utoipa::path(
    get,
    path = "/v1/connections",
    params(PageQuery),
    responses((status = 200, body = PageView<ConnectionView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let connections = snapshot.documents.connections.of(workspace);
    Ok(reply::ok(&page.of(
        connections,
        |connection| connection.id.bits(),
        |found| show(found, &snapshot.documents),
    )))
}

/// Makes a connection.
#[utoipa::path(
    post,
    path = "/v1/connections",
    request_body = ConnectionBody,
    responses((status = 201, body = ConnectionView)),
)]
async fn create(call: Call, body: JsonBody<ConnectionBody>) -> Answer {
    let (draft, faults) = body.map(draft);
    let made = call.control.create_connection(call.workspace()?, draft, faults).await?;
    Ok(reply::created(
        &format!("/v1/connections/{}", made.id),
        &show(&made, &call.control.snapshot().documents),
    ))
}

/// Shows a connection.
#[utoipa::path(
    get,
    path = "/v1/connections/{connection}",
    params(("connection" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = ConnectionView)),
)]
async fn show_one(call: Call, PathParams(connection): PathParams<String>) -> Answer {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.connections.find(call.workspace()?, &connection);
    let found = found.ok_or_else(|| not_found("connection", &connection))?;
    Ok(reply::ok(&show(found, &snapshot.documents)))
}

/// Changes the fields given; null takes one away.
#[utoipa::path(
    patch,
    path = "/v1/connections/{connection}",
    params(("connection" = String, Path, description = "Its id or name.")),
    request_body = ConnectionChange,
    responses((status = 200, body = ConnectionView)),
)]
async fn update(
    call: Call,
    PathParams(connection): PathParams<String>,
    body: JsonBody<ConnectionChange>,
) -> Answer {
    let (draft, faults) = body.map(|change, faults| draft(change.0, faults));
    let which = &connection;
    let changed = call.control.update_connection(call.workspace()?, which, draft, faults).await?;
    Ok(reply::ok(&show(&changed, &call.control.snapshot().documents)))
}

/// Deletes a connection; its deliveries go on.
#[utoipa::path(
    delete,
    path = "/v1/connections/{connection}",
    params(("connection" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(connection): PathParams<String>) -> Answer {
    call.control.delete_connection(call.workspace()?, &connection).await?;
    Ok(reply::no_content())
}

/// Holds the connection's deliveries.
#[utoipa::path(
    post,
    path = "/v1/connections/{connection}/pause",
    params(("connection" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = ConnectionView)),
)]
async fn pause(call: Call, PathParams(connection): PathParams<String>) -> Answer {
    set_state(call, &connection, FlowState::Paused).await
}

/// Lets what was held go out.
#[utoipa::path(
    post,
    path = "/v1/connections/{connection}/resume",
    params(("connection" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = ConnectionView)),
)]
async fn resume(call: Call, PathParams(connection): PathParams<String>) -> Answer {
    set_state(call, &connection, FlowState::Active).await
}

async fn set_state(call: Call, which: &str, state: FlowState) -> Answer {
    let draft = ConnectionDraft { state: Some(state), ..ConnectionDraft::default() };
    let changed = call.control.update_connection(call.workspace()?, which, draft, Vec::new()).await?;
    Ok(reply::ok(&show(&changed, &call.control.snapshot().documents)))
}
