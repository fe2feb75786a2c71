//! Hookdeck's resources in the state or plan of Terraform, brought to the form of the API. Not here: what they come
//! to.

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::hookdeck::HookdeckPart;
use crate::import::hookdeck::Link;
use crate::import::shared::json::ITEMS_MAX;
use crate::import::shared::json::members;
use crate::import::shared::json::text;

/// A resource, without the provider's prefix.
#[derive(Debug)]
struct Resource<'v> {
    kind: &'v str,
    at: String,
    values: &'v Value,
}

/// The connections of a state or plan; `None` where it is neither.
pub(super) fn links(dump: &Value) -> Result<Option<Vec<Link>>, String> {
    let root = ["values", "planned_values"]
        .into_iter()
        .find_map(|name| Some((name, dump.get(name)?.get("root_module")?)));
    let Some((name, root)) = root else { return Ok(None) };
    let resources = resources(root, &format!("/{name}/root_module"))?;
    let found = parts(&resources);
    let connections = resources.iter().filter(|resource| resource.kind == "connection");
    let links: Vec<Link> = connections.map(|connection| link(connection, &found)).collect();
    if links.is_empty() {
        return Err(format!(
            "there is no `hookdeck_connection` or `hookdeck_gateway_connection` in `{name}.root_module`, and {} other resources of hookdeck: show the state that has the connections",
            resources.len()
        ));
    }
    Ok(Some(links))
}

/// Those of hookdeck in a module and in those below it.
fn resources<'v>(root: &'v Value, at: &str) -> Result<Vec<Resource<'v>>, String> {
    let mut found = Vec::new();
    let mut open = vec![(root, at.to_owned())];
    while let Some((module, at)) = open.pop() {
        for (nth, resource) in list(module, "resources").iter().enumerate() {
            let kind = text(resource, "type").and_then(|kind| kind.strip_prefix("hookdeck_"));
            let is_data = text(resource, "mode") == Some("data");
            let Some((kind, values)) = kind.zip(resource.get("values")).filter(|_| !is_data) else {
                continue;
            };
            let kind = kind.strip_prefix("gateway_").unwrap_or(kind);
            found.push(Resource { kind, at: format!("{at}/resources/{nth}/values"), values });
            if found.len() > ITEMS_MAX {
                return Err(format!(
                    "there are more than {ITEMS_MAX} resources of hookdeck: show fewer at a time"
                ));
            }
        }
        let children = list(module, "child_modules").iter().enumerate();
        open.extend(children.map(|(nth, child)| (child, format!("{at}/child_modules/{nth}"))));
    }
    Ok(found)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Sources and destinations by their ids, with what other resources say of them.
fn parts(resources: &[Resource<'_>]) -> HashMap<String, HookdeckPart> {
    let mut found = HashMap::new();
    for resource in resources.iter().filter(|resource| matches!(resource.kind, "source" | "destination")) {
        let Some(id) = text(resource.values, "id").or(text(resource.values, "name")) else { continue };
        let value = match resource.kind {
            "source" => api_source(resource.values),
            _ => api_destination(resource.values),
        };
        found.insert(id.to_owned(), HookdeckPart { at: resource.at.clone(), value });
    }
    for resource in resources.iter().filter(|one| matches!(one.kind, "source_auth" | "source_verification")) {
        let Some(part) = text(resource.values, "source_id").and_then(|id| found.get_mut(id)) else {
            continue;
        };
        match resource.kind {
            "source_auth" => {
                part.value["config"]["auth_type"] =
                    resource.values.get("auth_type").cloned().unwrap_or_default();
                part.value["config"]["auth"] = parsed(resource.values.get("auth"));
            }
            _ => part.value["verification"] = verification(resource.values.get("verification")),
        }
    }
    found
}

/// Up to version 1 the type is the name of a member; from 2 on `type` and `config`, which is a text.
fn api_source(values: &Value) -> Value {
    let mut source = json!({
        "id": values.get("id"),
        "name": values.get("name"),
        "type": values.get("type"),
        "config": parsed(values.get("config")),
        "disabled_at": values.get("disabled_at"),
    });
    for name in ["allowed_http_methods", "custom_response"] {
        if let Some(given) = values.get(name).filter(|given| !given.is_null()) {
            source["config"][name] = given.clone();
        }
    }
    if let Some(given) = values.get("verification").filter(|given| !given.is_null()) {
        source["verification"] = verification(Some(given));
    }
    source
}

fn api_destination(values: &Value) -> Value {
    let mut config = parsed(values.get("config"));
    for name in ["url", "http_method", "path_forwarding_disabled"] {
        if let Some(given) = values.get(name).filter(|given| !given.is_null()) {
            config[name] = given.clone();
        }
    }
    if let Some(limit) = values.get("rate_limit").filter(|limit| limit.is_object()) {
        config["rate_limit"] = limit.get("limit").cloned().unwrap_or_default();
        config["rate_limit_period"] = limit.get("period").cloned().unwrap_or_default();
    }
    let method = members(values.get("auth_method").unwrap_or(&Value::Null)).find(|(_, auth)| !auth.is_null());
    if let Some((kind, auth)) = method {
        config["auth_type"] = kind.to_ascii_uppercase().into();
        config["auth"] = auth.clone();
    }
    json!({
        "id": values.get("id"),
        "name": values.get("name"),
        "type": values.get("type"),
        "config": config,
        "disabled_at": values.get("disabled_at"),
    })
}

/// What a text of JSON says; always an object.
fn parsed(given: Option<&Value>) -> Value {
    let read = match given {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    read.filter(Value::is_object).unwrap_or_else(|| Map::new().into())
}

/// `{"github": {…}}` as `{"type": "GITHUB", "configs": {…}}`.
fn verification(given: Option<&Value>) -> Value {
    let found = members(given.unwrap_or(&Value::Null)).find(|(_, configs)| !configs.is_null());
    match found {
        Some((kind, configs)) => json!({"type": kind.to_ascii_uppercase(), "configs": parsed(Some(configs))}),
        None => Value::Null,
    }
}

fn link(connection: &Resource<'_>, found: &HashMap<String, HookdeckPart>) -> Link {
    let part = |name: &str| found.get(text(connection.values, name)?).cloned();
    let rule = |(nth, rule): (usize, &Value)| {
        let set = members(rule).find(|(_, inner)| !inner.is_null());
        let (kind, inner) = set.map_or(("", Value::Null), |(name, inner)| (name.as_str(), inner.clone()));
        let kind = kind.strip_suffix("_rule").unwrap_or(kind);
        HookdeckPart { at: format!("{}/rules/{nth}", connection.at), value: api_rule(kind, inner) }
    };
    Link {
        at: connection.at.clone(),
        value: connection.values.clone(),
        source: part("source_id"),
        destination: part("destination_id"),
        rules: list(connection.values, "rules").iter().take(ITEMS_MAX).enumerate().map(rule).collect(),
    }
}

/// Filters are texts of JSON, or values by their type; nulls are what was not given.
fn api_rule(kind: &str, inner: Value) -> Value {
    let mut rule = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    for (name, value) in members(&inner).filter(|(_, value)| !value.is_null()) {
        let given = members(value).find(|(_, given)| !given.is_null());
        let value = match given {
            // What is no JSON is no filter either, and must not pass for one that lets everything through.
            Some((form, Value::String(text))) if kind == "filter" && form == "json" => {
                serde_json::from_str(text).unwrap_or_else(|_| json!({"$unreadable": true}))
            }
            Some((_, plain)) if kind == "filter" => plain.clone(),
            _ => value.clone(),
        };
        rule.insert(name.clone(), value);
    }
    rule.into()
}
