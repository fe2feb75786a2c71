//! `/v1/event-types/{type}/fields`: what is in the events of a type, and how that has changed lately. Not here: when a
//! field is new or gone (`shape::drift`).

use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::WorkAllowance;
use crate::http::view::PageView;
use crate::shape;
use crate::shape::Drift;
use crate::shape::FieldHistory;
use crate::shape::FieldState;
use crate::shape::Work;
use crate::store::EventQuery;

/// Events that are looked at if the request does not say.
const EVENTS: usize = 100;
/// Bytes of their bodies in all.
const BYTES_MAX: usize = 8 << 20;

/// The parameters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FieldsQuery {
    /// Only from this source.
    #[param(nullable = false)]
    source: Option<String>,
    /// How many of the newest events are looked at, 1 to 500; 100 if not given, and at most 8 MiB of them.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    events: Option<usize>,
}

/// A field of the events of a type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldView {
    /// Where it is, a JSONPath.
    pub path: String,
    /// `always` or `sometimes` there; `new`: not in the first events and in all since; `gone`: in all events up to one and
    /// in none of the last; `retyped`: with a type that it did not have before, or has not any more.
    pub state: &'static str,
    /// The types of its values, in the order in which they came.
    pub types: Vec<&'static str>,
    /// Its newest value, as JSON text cut to 200 bytes.
    pub example: String,
    /// In how many events it is.
    pub present: u64,
    /// How many were looked at.
    pub events: u64,
    /// When the first of these came that has it.
    pub first_seen_at: Timestamp,
    /// Which that is.
    pub first_event: EventId,
    /// When the last of these came that has it.
    pub last_seen_at: Timestamp,
    /// Which that is.
    pub last_event: EventId,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read().in_background_while_asked(), routes!(list))
}

/// Lists the fields of the newest events of a type, those that changed first. Events that are no JSON do not count.
#[utoipa::path(
    get,
    path = "/v1/event-types/{type}/fields",
    params(("type" = String, Path, description = "The type."), FieldsQuery),
    responses((status = 200, body = PageView<FieldView>)),
)]
async fn list(
    call: Call,
    PathParams(event_type): PathParams<String>,
    WorkAllowance(mut work): WorkAllowance,
    QueryParams { given, mut faults }: QueryParams<FieldsQuery>,
) -> Answer {
    let workspace = call.workspace()?;
    let snapshot = call.control.snapshot().clone();
    let source = given.source.map(|wanted| snapshot.documents.origin_named(workspace, &wanted));
    if source == Some(None) {
        faults.add("/source", "there is no such source in this workspace");
    }
    faults.done(Kind::InvalidQuery)?;
    let query = EventQuery {
        source: source.flatten(),
        event_type: Some(event_type),
        ..EventQuery::all(workspace, given.events.unwrap_or(EVENTS))
    };
    let newest_first = call.insight.events(query).await?.items;
    let mut bytes = 0;
    let fits = |event: &&Event| {
        bytes += event.data.body.len();
        bytes <= BYTES_MAX
    };
    let mut events: Vec<&Event> = newest_first.iter().take_while(fits).collect();
    events.reverse();
    let (seen, drift) = look(&events, &mut work);
    let all = drift.events();
    let items = drift.fields().into_iter().filter_map(|(state, field)| show(state, field, &seen, all));
    Ok(reply::ok(&PageView { items: items.collect(), next_cursor: None }))
}

/// The events that could be taken apart, and what is in them.
fn look<'e>(events: &[&'e Event], work: &mut Work) -> (Vec<&'e Event>, Drift) {
    let (mut seen, mut drift) = (Vec::with_capacity(events.len()), Drift::default());
    for event in events {
        if let Ok(paths) = work.within(|budget| shape::paths(&[event.data.body.as_ref()], budget)) {
            seen.push(*event);
            drift.add(paths);
        }
    }
    (seen, drift)
}

fn show(state: FieldState, field: FieldHistory, seen: &[&Event], events: usize) -> Option<FieldView> {
    let (first, last) = (seen.get(field.first)?, seen.get(field.last)?);
    Some(FieldView {
        state: state.name(),
        types: field.types.iter().map(|kind| kind.name()).collect(),
        path: field.path,
        example: field.example,
        present: field.present as u64,
        events: events as u64,
        first_seen_at: first.data.received_at,
        first_event: first.id,
        last_seen_at: last.data.received_at,
        last_event: last.id,
    })
}
