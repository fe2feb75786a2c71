//! `/v1/connections`.

use crate::control::resources::ConnectionDraft;
use crate::control::resources::PUBLISHED;
use crate::domain::config::Connection;
use crate::domain::config::FlowState;
use crate::domain::config::Origin;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::http::api::page;
use crate::http::api::parts;
use crate::http::api::parts::STATE;
use crate::http::api::retry;
use crate::http::api::retry::RETRY;
use crate::http::api::retry::RetryView;
use crate::http::api::steps;
use crate::http::api::steps::STEPS;
use crate::http::api::steps::StepView;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::query::LIST;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

const CONNECTION: &[Field] = &[
    field("name", Shape::Text, "Unique in the workspace.").required(),
    STATE,
    field(
        "source",
        Shape::Text,
        "The source it takes events from, or `published` for events of POST /v1/events.",
    ),
    field("sources", Shape::List(&Shape::Text), "Several sources instead."),
    field(
        "event_types",
        Shape::List(&Shape::Text),
        "Patterns with `*`, any of which an event's type must match; [\"*\"] if not given.",
    ),
    STEPS,
    field("destination", Shape::Text, "Where the result goes.").required(),
    field(
        "retry",
        Shape::Object(RETRY),
        "When failed deliveries are tried again, instead of the destination's.",
    )
    .nullable(),
];

view! {
    /// What leads from sources through steps to a destination.
    ConnectionView {
        /// Its id.
        id: ConnectionId,
        /// Its name.
        name: String,
        /// Whether deliveries go out.
        state: FlowState,
        /// When it was made.
        created_at: Timestamp,
        /// The first of `sources`, or `published`.
        source: Option<String>,
        /// All it takes events from.
        sources: Vec<String>,
        /// Patterns an event's type must match.
        event_types: Vec<String>,
        /// Run in this order.
        steps: Vec<StepView>,
        /// Where the result goes.
        destination: DestinationId,
        /// When failed deliveries are tried again; null: as the destination says.
        retry: Option<RetryView>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/connections", "Lists connections.", |call| Box::pin(list(call)))
            .query(LIST)
            .output(200, Output::Json(PageView::<ConnectionView>::describe)),
        Endpoint::post("/v1/connections", "Makes a connection.", |call| Box::pin(create(call)))
            .input(Input::Json(CONNECTION))
            .output(201, Output::Json(ConnectionView::describe)),
        Endpoint::get("/v1/connections/{connection}", "Shows a connection.", |call| Box::pin(show_one(call)))
            .output(200, Output::Json(ConnectionView::describe)),
        Endpoint::patch(
            "/v1/connections/{connection}",
            "Changes the fields given; null takes one away.",
            |call| Box::pin(update(call)),
        )
        .input(Input::Json(CONNECTION))
        .output(200, Output::Json(ConnectionView::describe)),
        Endpoint::delete(
            "/v1/connections/{connection}",
            "Deletes a connection; its deliveries go on.",
            |call| Box::pin(delete(call)),
        ),
        Endpoint::post("/v1/connections/{connection}/pause", "Holds the connection's deliveries.", |call| {
            Box::pin(set_state(call, FlowState::Paused))
        })
        .output(200, Output::Json(ConnectionView::describe)),
        Endpoint::post("/v1/connections/{connection}/resume", "Lets what was held go out.", |call| {
            Box::pin(set_state(call, FlowState::Active))
        })
        .output(200, Output::Json(ConnectionView::describe)),
    ]
}

fn draft(object: &Object<'_>) -> ConnectionDraft {
    ConnectionDraft {
        name: object.text("name"),
        state: parts::state(object),
        origins: origins(object),
        event_types: object.texts("event_types"),
        steps: steps::read(object),
        destination: object.text("destination"),
        retry: object.optional("retry", |object| retry::read(object, "retry")),
    }
}

/// Each source with the place where it is named.
fn origins(object: &Object<'_>) -> Option<Vec<(String, String)>> {
    if object.has("source") && object.has("sources") {
        object.fault("sources", "give either `source` or `sources`, not both");
        return None;
    }
    if let Some(items) = object.items("sources") {
        return Some(items.iter().filter_map(|item| Some((item.pointer.clone(), item.text()?))).collect());
    }
    Some(vec![("/source".to_owned(), object.text("source")?)])
}

fn show(connection: &Connection) -> ConnectionView {
    let origin = |origin: &Origin| match origin {
        Origin::Source(id) => id.to_string(),
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
        steps: steps::show(&connection.steps),
        destination: connection.destination,
        retry: connection.retry.as_ref().map(retry::show),
    }
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let connections = snapshot.documents.connections.of(workspace);
    let page = page::of(connections, &params, |connection| connection.id.bits(), show);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let made = call.control().create_connection(call.workspace()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/connections/{}", made.id), &show(&made)))
}

async fn show_one(call: Call) -> Answer {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.connections.find(call.workspace()?, call.path("connection"));
    Ok(reply::ok(&show(found.ok_or_else(|| Call::not_found("connection", call.path("connection")))?)))
}

async fn update(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let which = call.path("connection");
    let changed = call.control().update_connection(call.workspace()?, which, draft, faults).await?;
    Ok(reply::ok(&show(&changed)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_connection(call.workspace()?, call.path("connection")).await?;
    Ok(reply::no_content())
}

async fn set_state(call: Call, state: FlowState) -> Answer {
    let draft = ConnectionDraft { state: Some(state), ..ConnectionDraft::default() };
    let which = call.path("connection");
    let changed = call.control().update_connection(call.workspace()?, which, draft, Vec::new()).await?;
    Ok(reply::ok(&show(&changed)))
}
