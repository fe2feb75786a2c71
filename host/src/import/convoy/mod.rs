//! Convoy's sources, endpoints and subscriptions, as its API lists them. Not here: one source (`source`), one endpoint
//! (`endpoint`), one subscription (`subscription`).

mod duration;
mod endpoint;
mod source;
mod subscription;

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::shared::draft::Draft;
use crate::import::shared::json::check_depth;
use crate::import::shared::json::items;
use crate::import::shared::json::seen;
use crate::import::shared::json::text;

/// Something with where it stands.
type Found<'v> = (String, &'v Value);

/// What was read, by kind.
#[derive(Debug, Default)]
struct Export<'v> {
    projects: Vec<Found<'v>>,
    sources: Vec<Found<'v>>,
    endpoints: Vec<Found<'v>>,
    subscriptions: Vec<Found<'v>>,
}

/// What was made so far, and what holds for all of it.
#[derive(Debug)]
struct Importer<'v> {
    draft: Draft,
    /// The project's `config`, and where it stands.
    config: &'v Value,
    config_at: String,
    /// By uid; `None` where one could not be made.
    sources: HashMap<String, Option<String>>,
    endpoints: HashMap<String, Option<String>>,
    /// Whether events are sent to one owner of endpoints among several.
    addressed: bool,
}

/// Documents from lists of projects, sources, endpoints and subscriptions, or from one such list.
pub(super) fn convoy(dump: &Value) -> Result<Imported, String> {
    check_depth(dump)?;
    let export = read(dump)?;
    let config =
        export.projects.first().and_then(|(_, project)| project.get("config")).unwrap_or(&Value::Null);
    let owners: HashSet<&str> = owners(&export);
    let mut importer = Importer {
        draft: Draft::new("convoy"),
        config,
        config_at: export.projects.first().map(|(at, _)| format!("{at}/config")).unwrap_or_default(),
        sources: HashMap::new(),
        endpoints: HashMap::new(),
        addressed: owners.len() > 1,
    };
    for (at, _) in export.projects.iter().skip(1) {
        let detail = "there are several projects, and the first one's signatures and retries are taken for all: import one at a time, each in a workspace of its own";
        importer.draft.note(at, ImportFate::Approximated, detail);
    }
    if let Some((at, _)) = export.projects.first() {
        importer.draft.note(at, ImportFate::Exact, "its signature and retries are those of the destinations");
    }
    for (at, source) in &export.sources {
        importer.source(at, source);
    }
    for (at, endpoint) in &export.endpoints {
        importer.endpoint(at, endpoint);
    }
    for (at, subscription) in &export.subscriptions {
        importer.subscription(at, subscription);
    }
    importer.draft.finish()
}

/// Whose endpoints take what is published: events are sent to an owner, or to one endpoint.
fn owners<'v>(export: &Export<'v>) -> HashSet<&'v str> {
    let embedded = export.subscriptions.iter().filter_map(|(_, one)| one.get("endpoint_metadata"));
    let all = export.endpoints.iter().map(|(_, endpoint)| *endpoint).chain(embedded);
    all.filter_map(|endpoint| text(endpoint, "owner_id").or(text(endpoint, "uid"))).collect()
}

fn read(dump: &Value) -> Result<Export<'_>, String> {
    let mut export = Export::default();
    let mut known = false;
    for name in ["projects", "project", "sources", "endpoints", "subscriptions"] {
        let Some(given) = dump.get(name) else { continue };
        let found = content(given, &format!("/{name}"))?;
        known |= !found.is_empty();
        match name {
            "projects" | "project" => export.projects.extend(found),
            "sources" => export.sources = found,
            "endpoints" => export.endpoints = found,
            _ => export.subscriptions = found,
        }
    }
    if !known {
        for (at, value) in content(dump, "")? {
            let has = |name: &str| value.get(name).is_some();
            let list = match value {
                _ if has("filter_config") || has("endpoint_metadata") || has("endpoint_id") => {
                    &mut export.subscriptions
                }
                _ if has("verifier") || has("mask_id") || has("provider") => &mut export.sources,
                _ if has("url") || has("target_url") => &mut export.endpoints,
                _ if has("config") && has("type") => &mut export.projects,
                _ => continue,
            };
            list.push((at, value));
            known = true;
        }
    }
    if !known {
        return Err(format!(
            "this is no export of Convoy: looked for `projects`, `sources`, `endpoints` and `subscriptions`, or for one list (`data.content`) of them, and found {}",
            seen(dump)
        ));
    }
    Ok(export)
}

/// A list, an answer of the API with one (`data.content`), or one thing.
fn content<'v>(given: &'v Value, at: &str) -> Result<Vec<Found<'v>>, String> {
    let (given, at) = match given.get("data") {
        Some(data) => (data, format!("{at}/data")),
        None => (given, at.to_owned()),
    };
    let (given, at) = match given.get("content") {
        Some(content) => (content, format!("{at}/content")),
        None => (given, at),
    };
    if given.is_object() {
        return Ok(vec![(at, given)]);
    }
    let found = items(given, &at)?.iter().enumerate();
    Ok(found.map(|(nth, value)| (format!("{at}/{nth}"), value)).collect())
}

/// What one is told by: its uid, or its name.
fn key(value: &Value) -> Option<&str> {
    text(value, "uid").or(text(value, "id")).or(text(value, "name"))
}
