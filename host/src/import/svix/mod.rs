//! Svix's applications with their endpoints, and its event types, as its API lists them. Not here: one event type
//! (`event_types`), one endpoint (`endpoints`).

mod endpoints;
mod event_types;

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::shared::draft::Draft;
use crate::import::shared::json::check_depth;
use crate::import::shared::json::items;
use crate::import::shared::json::members;
use crate::import::shared::json::seen;

/// Documents from applications with endpoints and event types, from one list of either, or from an OpenAPI description
/// that Svix would take event types from.
pub(super) fn svix(dump: &Value) -> Result<Imported, String> {
    check_depth(dump)?;
    let mut draft = Draft::new("svix");
    let mut known = false;
    if let Some(list) = list(dump, &["eventTypes", "event_types"])? {
        event_types(list, &mut draft)?;
        known = true;
    }
    if let Some((applications, at)) = list(dump, &["applications", "apps"])? {
        known = true;
        self::applications(applications, &at, &mut draft)?;
    }
    if let Some(list) = list(dump, &["endpoints"])? {
        endpoints(list, None, &mut draft)?;
        known = true;
    }
    if !known {
        known = bare(dump, &mut draft)?;
    }
    if !known {
        return Err(format!(
            "this is no export of Svix: looked for `applications` and `eventTypes`, for a list (`data`, or the file itself) of endpoints with `url` or of event types with `name`, or for `webhooks` of OpenAPI, and found {}",
            seen(dump)
        ));
    }
    draft.finish()
}

/// A list with where it stands.
type List<'v> = (&'v [Value], String);

/// The list that one of these members is, or has as `data`.
fn list<'v>(dump: &'v Value, names: &[&str]) -> Result<Option<List<'v>>, String> {
    for name in names {
        let Some(found) = dump.get(name) else { continue };
        let (found, at) = match found.get("data") {
            Some(data) => (data, format!("/{name}/data")),
            None => (found, format!("/{name}")),
        };
        if found.is_array() {
            return Ok(Some((items(found, &at)?, at)));
        }
    }
    Ok(None)
}

/// One answer of the API, its items alone, or an OpenAPI description.
fn bare(dump: &Value, draft: &mut Draft) -> Result<bool, String> {
    if let Some(webhooks) =
        ["webhooks", "x-webhooks"].into_iter().find(|name| dump.get(name).is_some_and(Value::is_object))
    {
        for (name, webhook) in members(&dump[webhooks]).take(1001) {
            event_types::from_openapi(name, webhook, &format!("/{webhooks}"), draft);
        }
        return Ok(true);
    }
    let (found, at) = match dump.get("data") {
        Some(data) => (data, "/data"),
        None => (dump, ""),
    };
    let found = items(found, at)?;
    let has = |name: &str| found.iter().any(|one| one.get(name).is_some_and(Value::is_string));
    if has("url") {
        endpoints((found, at.to_owned()), None, draft)?;
    } else if has("name")
        && found.iter().any(|one| one.get("schemas").is_some() || one.get("archived").is_some())
    {
        event_types((found, at.to_owned()), draft)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn event_types((list, at): List<'_>, draft: &mut Draft) -> Result<(), String> {
    for (nth, one) in list.iter().enumerate() {
        event_types::make(one, &format!("{at}/{nth}"), draft);
    }
    Ok(())
}

/// What is sent to one application goes to no other; here, all that is published goes to every connection.
fn applications(applications: &[Value], at: &str, draft: &mut Draft) -> Result<(), String> {
    let several = applications.len() > 1;
    for (nth, one) in applications.iter().enumerate() {
        let at = format!("{at}/{nth}");
        let app = one.get("app").or(one.get("application")).unwrap_or(one);
        let name = ["name", "uid", "id"]
            .into_iter()
            .find_map(|name| app.get(name)?.as_str())
            .unwrap_or("application");
        let (fate, detail) = match several {
            true => (
                ImportFate::Approximated,
                "there is one stream of published events in a workspace, so with several applications each would get the others' events: its connections are paused; import one application at a time, each in a workspace of its own",
            ),
            false => (ImportFate::Exact, "events of POST /v1/events are what is sent to it"),
        };
        draft.note(&at, fate, detail);
        let found = match one.get("endpoints") {
            Some(found) if found.get("data").is_some() => (&found["data"], format!("{at}/endpoints/data")),
            Some(found) => (found, format!("{at}/endpoints")),
            None => continue,
        };
        endpoints((items(found.0, &found.1)?, found.1), Some((name, several)), draft)?;
    }
    Ok(())
}

fn endpoints((list, at): List<'_>, app: Option<(&str, bool)>, draft: &mut Draft) -> Result<(), String> {
    for (nth, one) in list.iter().enumerate() {
        endpoints::make(one, &format!("{at}/{nth}"), app, draft);
    }
    Ok(())
}
