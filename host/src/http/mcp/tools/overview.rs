//! `overview`: what is set up, how it goes, and what waits for somebody.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::names::ResourceNames;

/// Takes nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverviewArguments {}

/// Looks.
pub(crate) async fn run(caller: &ToolCaller, _: &OverviewArguments) -> Result<Findings, ToolRefusal> {
    let list = async |path: &str| Ok::<_, ToolRefusal>(items(caller.get(path).await?));
    let sources = list("/v1/sources?limit=500").await?;
    let destinations = list("/v1/destinations?limit=500").await?;
    let connections = list("/v1/connections?limit=500").await?;
    let tables = list("/v1/tables?limit=100").await?;
    let plugins = list("/v1/plugins?limit=500").await?;
    let presets = list("/v1/presets").await?;
    let held = list("/v1/deliveries?state=held&limit=50").await?;
    let alerts = list("/v1/alerts?limit=50").await?;
    let stats = caller.get("/v1/stats").await?;
    let names = ResourceNames::of(caller);
    let connections: Vec<Value> = connections.iter().map(|found| connection(&names, found)).collect();
    let destinations: Vec<Value> = destinations.iter().map(|found| destination(&stats, found)).collect();
    let mut attention: Vec<String> = alerts.iter().map(of_alert).collect();
    attention.extend(sources.iter().flat_map(|source| of_source(source, &connections)));
    attention.extend(destinations.iter().flat_map(of_destination));
    attention.extend(connections.iter().filter(|found| found["state"] != "active").map(|found| {
        format!("connection {} is {}: its deliveries are held", found["name"], text(&found["state"]))
    }));
    attention.extend(plugins.iter().filter_map(of_plugin));
    if !held.is_empty() {
        attention.push(format!("{} or more deliveries are held; `explain` one of them says why", held.len()));
    }
    Ok(Findings::new(json!({
        "may_write": caller.may_write(),
        "attention": attention,
        "since_start": {
            "received": stats["received"], "rejected": stats["rejected"], "delivered": stats["delivered"],
            "failed": stats["failed"], "waiting": stats["waiting"], "p99_us_of_last_minute": stats["latency"]["p99_us"],
        },
        "sources": sources.iter().map(source).collect::<Vec<_>>(),
        "destinations": destinations,
        "connections": connections,
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
        "plugins": plugins.iter().map(plugin).collect::<Vec<_>>(),
        "presets": presets.iter().map(|preset| preset["name"].clone()).collect::<Vec<_>>(),
        "held": held.iter().map(|delivery| delivery["id"].clone()).take(5).collect::<Vec<_>>(),
    })))
}

fn items(page: Value) -> Vec<Value> {
    match page {
        Value::Object(mut page) => match page.remove("items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn source(found: &Value) -> Value {
    let verification = &found["verification"];
    let verified = if verification["preset"].is_string() { &verification["preset"] } else { &Value::Null };
    json!({
        "name": found["name"], "url": found["url"], "state": found["state"], "require_key": found["require_key"],
        "verifies_signatures": !verification.is_null(), "verification_preset": verified,
        "received": found["stats"]["received"], "rejected": found["stats"]["rejected"],
        "last_received_at": found["stats"]["last_received_at"],
    })
}

fn destination(stats: &Value, found: &Value) -> Value {
    let seen = stats["destinations"].as_array().into_iter().flatten();
    let seen = seen.clone().find(|one| one["name"] == found["name"]).cloned().unwrap_or_default();
    json!({
        "name": found["name"], "kind": found["kind"], "url": found["url"], "state": found["state"],
        "signing": found["signing"]["profile"], "waiting": seen["waiting"], "since_start": seen["states"],
    })
}

fn connection(names: &ResourceNames, found: &Value) -> Value {
    let steps = found["steps"].as_array().into_iter().flatten().map(|step| match &step["plugin"]["name"] {
        Value::String(plugin) => format!("plugin {plugin}").into(),
        _ if step.get("filter").is_some_and(|filter| !filter.is_null()) => Value::from("filter"),
        _ => Value::from("mapping"),
    });
    let steps: Vec<Value> = steps.collect();
    let sources = found["sources"].as_array().into_iter().flatten().map(|id| names.source(id));
    json!({
        "name": found["name"], "state": found["state"], "sources": sources.collect::<Vec<_>>(),
        "event_types": found["event_types"], "event_groups": found["event_groups"], "steps": steps, "destination": names.destination(&found["destination"]),
    })
}

fn table(found: &Value) -> Value {
    let columns = found["columns"].as_array().into_iter().flatten();
    let columns = columns.map(|column| format!("{} {}", text(&column["name"]), text(&column["type"])));
    json!({
        "name": found["name"], "key": found["key"], "columns": columns.collect::<Vec<_>>(), "rows": found["rows"],
        "changes": found["changes"],
    })
}

fn plugin(found: &Value) -> Value {
    let versions = found["versions"].as_array().map_or(0, Vec::len);
    json!({"name": found["name"], "active": found["active"], "versions": versions, "rollout": found["rollout"]})
}

/// Without what a receiver said.
fn of_alert(found: &Value) -> String {
    let (kind, name, since) = (text(&found["kind"]), &found["about"]["name"], text(&found["raised_at"]));
    format!("alert {kind} about {name}, since {since}")
}

fn of_source(found: &Value, connections: &[Value]) -> Vec<String> {
    let name = &found["name"];
    let mut said = Vec::new();
    if found["state"] != "active" {
        said.push(format!("source {name} is {}: it refuses what is sent to it", text(&found["state"])));
    }
    let rejected = found["stats"]["rejected"].as_object().filter(|causes| !causes.is_empty());
    if let Some(causes) = rejected {
        let causes: Vec<String> = causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
        said.push(format!("source {name} rejected requests since the start: {}", causes.join(", ")));
    }
    let leads = |found: &&Value| found["sources"].as_array().is_some_and(|sources| sources.contains(name));
    if connections.iter().find(leads).is_none() {
        said.push(format!("no connection leads from source {name}: its events go nowhere"));
    }
    said
}

fn of_destination(found: &Value) -> Vec<String> {
    let (name, waiting) = (&found["name"], found["waiting"].as_u64().unwrap_or_default());
    let mut said = Vec::new();
    if found["state"] != "active" {
        said.push(format!("destination {name} is {}: {waiting} deliveries wait", text(&found["state"])));
    } else if waiting > 0 {
        said.push(format!("{waiting} deliveries to {name} wait for a slot or a retry"));
    }
    let failed = ["failed", "failed_by_gateway"].map(|state| found["since_start"][state].as_u64());
    let failed: u64 = failed.into_iter().flatten().sum();
    if failed > 0 {
        said.push(format!(
            "{failed} deliveries to {name} failed since the start; `find` them with state `failed`"
        ));
    }
    said
}

fn of_plugin(found: &Value) -> Option<String> {
    let active = found["versions"]
        .as_array()?
        .iter()
        .find(|version| version["active"] == true)
        .unwrap_or(&Value::Null);
    let name = &found["name"];
    if !active["quarantine"].is_null() {
        let code = text(&active["quarantine"]["code"]);
        return Some(format!("plugin {name} is in quarantine ({code}): events that meet it are held"));
    }
    active["artifact_error"]
        .is_string()
        .then(|| format!("plugin {name} could not be compiled; it cannot run"))
}
