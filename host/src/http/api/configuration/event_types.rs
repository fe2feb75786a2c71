//! `/v1/event-types`: the event catalogue, and beside it the types of what came in lately and what connections name. Not
//! here: the fields of their payloads (`traffic::fields`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::EventTypeDraft;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::event::Event;
use crate::domain::event_type::EventType;
use crate::domain::id::EventTypeId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Patch;
use crate::http::request::PathParams;
use crate::http::request::not_found;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::store::EventQuery;

/// How many of the latest events are looked at.
const LOOKED_AT: usize = 500;

/// What a type of events is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventTypeBody {
    /// The type as events have it, such as `contact.created`; unique in the workspace.
    #[schema(required = true, nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What belongs together, such as `contact`. Connections may take a group instead of types (`event_groups`).
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    group: Option<Option<String>>,
    /// When there is such an event.
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
    /// JSON Schema of its payloads, at most 64 KiB; drafts 2020-12, 2019-09, 7 and 6. References lead within it only, and
    /// `format` is a remark.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<Object>)]
    schema: Option<Option<Box<RawValue>>>,
    /// A payload; it has to fit the schema.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<serde_json::Value>)]
    example: Option<Option<Box<RawValue>>>,
    /// Whether POST /v1/events refuses payloads of this type that do not fit; false if not given. What comes in at a
    /// source is held to schemas where the source says so (`enforce_schemas`).
    #[schema(nullable = false)]
    enforce: Option<bool>,
}

/// What the event catalogue says of a type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeForm {
    /// The type.
    pub name: String,
    /// What it belongs to.
    #[schema(required = true)]
    pub group: Option<String>,
    /// When there is such an event.
    pub description: String,
    /// JSON Schema of its payloads.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub schema: Option<Box<RawValue>>,
    /// A payload.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub example: Option<Box<RawValue>>,
    /// Whether published payloads have to fit.
    pub enforce: bool,
}

/// What there is of a type besides what people said.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct EventTypeMoreView {
    /// Its id in the catalogue; null where it was only seen or named.
    #[schema(required = true)]
    pub id: Option<EventTypeId>,
    /// How many of the latest 500 events have it.
    pub seen: u64,
    /// When the last of them came in.
    #[schema(required = true)]
    pub last_received_at: Option<Timestamp>,
    /// Connections that name it without wildcards, or take its group.
    pub connections: Vec<String>,
}

type EventTypeView = Extended<EventTypeForm, EventTypeMoreView>;
type EventTypeChange = Patch<EventTypeBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
}

pub(super) fn draft(body: EventTypeBody) -> EventTypeDraft {
    let text = |given: Option<Box<RawValue>>| given.map(|raw| raw.get().to_owned());
    EventTypeDraft {
        name: body.name,
        group: body.group,
        description: body.description,
        schema: body.schema.map(text),
        example: body.example.map(text),
        enforce: body.enforce,
    }
}

/// As it is shown, and as a document says it.
pub(super) fn form(event_type: &EventType) -> EventTypeForm {
    // They were JSON when they were saved.
    let raw = |text: &Option<String>| text.clone().and_then(|text| RawValue::from_string(text).ok());
    EventTypeForm {
        name: event_type.name.clone(),
        group: event_type.group.clone(),
        description: event_type.description.clone(),
        schema: raw(&event_type.schema),
        example: raw(&event_type.example),
        enforce: event_type.enforce,
    }
}

/// A type that nobody described.
fn blank(name: &str) -> EventTypeView {
    let form = EventTypeForm {
        name: name.to_owned(),
        group: None,
        description: String::new(),
        schema: None,
        example: None,
        enforce: false,
    };
    Extended { base: form, more: EventTypeMoreView::default() }
}

/// Every type that the catalogue has, an event had lately or a connection names, by name.
fn views(documents: &Documents, workspace: WorkspaceId, events: &[Event]) -> BTreeMap<String, EventTypeView> {
    let known = documents.event_types.of(workspace).map(|found| {
        let more = EventTypeMoreView { id: Some(found.id), ..EventTypeMoreView::default() };
        (found.name.clone(), Extended { base: form(found), more })
    });
    let mut types: BTreeMap<String, EventTypeView> = known.collect();
    for event in events {
        let name = event.data.event_type.as_ref();
        let more = &mut types.entry(name.to_owned()).or_insert_with(|| blank(name)).more;
        more.seen += 1;
        more.last_received_at = more.last_received_at.max(Some(event.data.received_at));
    }
    for connection in documents.connections.of(workspace) {
        for name in connection.event_types.iter().filter(|pattern| !pattern.contains('*')) {
            types.entry(name.clone()).or_insert_with(|| blank(name));
        }
        for (name, view) in &mut types {
            if names(connection, name, view.base.group.as_deref()) {
                view.more.connections.push(connection.name.clone());
            }
        }
    }
    types
}

fn names(connection: &Connection, name: &str, group: Option<&str>) -> bool {
    let by_group = |group| connection.event_groups.iter().any(|wanted| wanted == group);
    connection.event_types.iter().any(|wanted| wanted == name) || group.is_some_and(by_group)
}

async fn all(call: &Call) -> Result<BTreeMap<String, EventTypeView>, Problem> {
    let workspace = call.workspace()?;
    let page = call.insight.events(EventQuery::all(workspace, LOOKED_AT)).await?;
    let snapshot = call.control.snapshot();
    Ok(views(&snapshot.documents, workspace, &page.items))
}

async fn show(call: &Call, name: &str) -> Result<EventTypeView, Problem> {
    all(call).await?.remove(name).ok_or_else(|| not_found("event type", name))
}

/// Lists the event catalogue, with the types of the latest events and those that connections name.
#[utoipa::path(
    get,
    path = "/v1/event-types",
    responses((status = 200, body = PageView<Extended<EventTypeForm, EventTypeMoreView>>)),
)]
async fn list(call: Call) -> Answer {
    let items = all(&call).await?.into_values().collect();
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

/// Puts a type into the event catalogue.
#[utoipa::path(
    post,
    path = "/v1/event-types",
    request_body = EventTypeBody,
    responses((status = 201, body = Extended<EventTypeForm, EventTypeMoreView>)),
)]
async fn create(call: Call, body: JsonBody<EventTypeBody>) -> Answer {
    let (draft, faults) = body.map(|body, _| draft(body));
    let made = call.control.create_event_type(call.workspace()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/event-types/{}", made.id), &show(&call, &made.name).await?))
}

/// Shows a type.
#[utoipa::path(
    get,
    path = "/v1/event-types/{type}",
    params(("type" = String, Path, description = "The type, or its id.")),
    responses((status = 200, body = Extended<EventTypeForm, EventTypeMoreView>)),
)]
async fn show_one(call: Call, PathParams(name): PathParams<String>) -> Answer {
    let snapshot = call.control.snapshot().clone();
    let found = snapshot.documents.event_types.find(call.workspace()?, &name);
    let name = found.map_or(name.as_str(), |found| found.name.as_str());
    Ok(reply::ok(&show(&call, name).await?))
}

/// Changes the fields given; null takes one away.
#[utoipa::path(
    patch,
    path = "/v1/event-types/{type}",
    params(("type" = String, Path, description = "The type, or its id.")),
    request_body = EventTypeChange,
    responses((status = 200, body = Extended<EventTypeForm, EventTypeMoreView>)),
)]
async fn update(call: Call, PathParams(name): PathParams<String>, body: JsonBody<EventTypeChange>) -> Answer {
    let (draft, faults) = body.map(|change, _| draft(change.0));
    let changed = call.control.update_event_type(call.workspace()?, &name, draft, faults).await?;
    Ok(reply::ok(&show(&call, &changed.name).await?))
}

/// Takes a type out of the event catalogue. Its events go on as they did. Not while a connection takes a group that no
/// other type is in.
#[utoipa::path(
    delete,
    path = "/v1/event-types/{type}",
    params(("type" = String, Path, description = "The type, or its id.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(name): PathParams<String>) -> Answer {
    call.control.delete_event_type(call.workspace()?, &name).await?;
    Ok(reply::no_content())
}
