//! `find`: lists of events, deliveries and rejections. Not here: bodies, of which only the outline is shown.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::outline::outline;
use crate::http::mcp::tools::explain::outcome;
use crate::http::mcp::tools::explain::show_event;
use crate::http::mcp::words;
use crate::http::schema::one_of;

/// Items of a page when nobody says.
const LIMIT: u32 = 20;
/// Bytes of an event that is opened for the outline.
const OPENED_BYTES_MAX: u64 = 64 << 10;

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FindKind {
    /// What came in.
    Events,
    /// What goes out.
    Deliveries,
    /// What a source turned away.
    Rejections,
}

fn kinds() -> RefOr<Schema> {
    let about = "What to list; events if not given. Rejections are those of one `source`.";
    one_of(about, &["events", "deliveries", "rejections"])
}

/// What is looked for. Which filters there are depends on `kind`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindArguments {
    /// What to list; events if not given. Rejections are those of one `source`.
    #[schema(schema_with = kinds)]
    kind: Option<FindKind>,
    /// Name or id of a source.
    #[schema(nullable = false)]
    source: Option<String>,
    /// Only events of this type, and their deliveries.
    #[schema(nullable = false)]
    event_type: Option<String>,
    /// Received at or after, such as `2026-01-31T12:00:00Z`.
    #[schema(nullable = false)]
    since: Option<String>,
    /// Received before.
    #[schema(nullable = false)]
    until: Option<String>,
    /// Deliveries of this event.
    #[schema(nullable = false)]
    event: Option<String>,
    /// Deliveries by this connection.
    #[schema(nullable = false)]
    connection: Option<String>,
    /// Deliveries to this destination.
    #[schema(nullable = false)]
    destination: Option<String>,
    /// Deliveries in this state: pending, retrying, held, delivered, failed, failed_by_gateway, cancelled, dropped.
    #[schema(nullable = false)]
    state: Option<String>,
    /// Deliveries whose last attempt was answered so.
    #[schema(nullable = false, minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// 1 to 50; 20 if not given.
    #[schema(nullable = false, minimum = 1, maximum = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schema(nullable = false)]
    cursor: Option<String>,
}

/// Finds them.
pub(crate) async fn run(caller: &ToolCaller, given: FindArguments) -> Result<Findings, ToolRefusal> {
    let kind = given.kind.unwrap_or(FindKind::Events);
    given.check(kind)?;
    let limit = given.limit.unwrap_or(LIMIT).to_string();
    let status = given.status.map(|status| status.to_string());
    let or_empty = |given: &Option<String>| given.clone().unwrap_or_default();
    let mut query = vec![("limit", limit), ("cursor", or_empty(&given.cursor))];
    if kind != FindKind::Rejections {
        query.extend([("source", or_empty(&given.source)), ("since", or_empty(&given.since))]);
        query.push(("until", or_empty(&given.until)));
    }
    let names = ResourceNames::of(caller);
    match kind {
        FindKind::Events => {
            query.push(("type", or_empty(&given.event_type)));
            let page = page(caller, "/v1/events", &query).await?;
            let shape = shape(caller, items(&page)).await;
            let shown: Vec<Value> = items(&page).iter().map(|event| show_event(&names, event)).collect();
            let found = json!({"events": shown, "shape": shape, "next_cursor": page["next_cursor"]});
            Ok(Findings::new(found))
        }
        FindKind::Deliveries => {
            query.extend([
                ("event_type", or_empty(&given.event_type)),
                ("event", or_empty(&given.event)),
                ("connection", or_empty(&given.connection)),
                ("destination", or_empty(&given.destination)),
                ("state", or_empty(&given.state)),
                ("status", status.unwrap_or_default()),
            ]);
            let page = page(caller, "/v1/deliveries", &query).await?;
            let shown: Vec<Value> = items(&page).iter().map(|found| delivery(&names, found)).collect();
            Ok(Findings::new(json!({"deliveries": shown, "next_cursor": page["next_cursor"]})))
        }
        FindKind::Rejections => {
            let source = segment(&or_empty(&given.source));
            let page = page(caller, &format!("/v1/sources/{source}/rejections"), &query).await?;
            let shown: Vec<Value> = items(&page).iter().map(rejection).collect();
            Ok(Findings::new(json!({"rejections": shown, "next_cursor": page["next_cursor"]})))
        }
    }
}

impl FindArguments {
    /// A filter that is passed over would look like one that found nothing.
    fn check(&self, kind: FindKind) -> Result<(), ToolRefusal> {
        let of_deliveries = [
            ("event", self.event.is_some()),
            ("connection", self.connection.is_some()),
            ("destination", self.destination.is_some()),
            ("state", self.state.is_some()),
            ("status", self.status.is_some()),
        ];
        let not_of_rejections = [
            ("event_type", self.event_type.is_some()),
            ("since", self.since.is_some()),
            ("until", self.until.is_some()),
        ];
        let given =
            |filters: &[(&'static str, bool)]| filters.iter().find(|(_, given)| *given).map(|one| one.0);
        let wrong = match kind {
            FindKind::Deliveries => None,
            FindKind::Events => given(&of_deliveries),
            FindKind::Rejections => given(&of_deliveries).or(given(&not_of_rejections)),
        };
        match wrong {
            Some(filter) => Err(format!("`{filter}` does not go with this `kind`").into()),
            None if kind == FindKind::Rejections && self.source.is_none() => {
                Err("rejections are those of one `source`: name it".into())
            }
            None => Ok(()),
        }
    }
}

async fn page(caller: &ToolCaller, path: &str, query: &[(&str, String)]) -> Result<Value, ToolRefusal> {
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    caller.find(path, &query).await
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().map_or(&[], Vec::as_slice)
}

async fn shape(caller: &ToolCaller, events: &[Value]) -> Vec<Value> {
    let mut opened = Vec::new();
    for event in events.iter().filter(|event| event["bytes"].as_u64() <= Some(OPENED_BYTES_MAX)) {
        let Some(id) = event["id"].as_str() else { continue };
        // One that has expired meanwhile has no shape.
        opened.extend(caller.get(&format!("/v1/events/{id}")).await.ok());
    }
    let payloads: Vec<&Value> =
        opened.iter().map(|event| &event["payload"]).filter(|payload| !payload.is_null()).collect();
    outline(caller, &payloads).await
}

fn delivery(names: &ResourceNames, found: &Value) -> Value {
    let mut shown = outcome(names, found);
    shown["event"] = found["event"].clone();
    shown["event_type"] = words::foreign(found["event_type"].as_str().unwrap_or_default()).into();
    shown["created_at"] = found["created_at"].clone();
    shown
}

fn rejection(found: &Value) -> Value {
    let detail = found["detail"].as_str().map(words::sentence);
    json!({"id": found["id"], "at": found["at"], "status": found["status"], "code": found["code"], "detail": detail})
}
