//! Hookdeck's connections: as its API lists them, and as Terraform's state has them. Not here: what a source
//! (`source`), a destination (`destination`) or a rule (`rules`) comes to.

mod destination;
mod rules;
mod source;
mod terraform;

use std::collections::HashMap;

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::check_depth;
use crate::import::shared::json::is_set;
use crate::import::shared::json::items;
use crate::import::shared::json::seen;
use crate::import::shared::json::text;
use crate::import::shared::names::DraftKind;

/// A part of what was read: where it stands, and what it says in the form of the API.
#[derive(Clone, Debug)]
struct HookdeckPart {
    at: String,
    value: Value,
}

impl HookdeckPart {
    /// What tells it from others of its kind: connections repeat their sources and destinations in full.
    fn key(&self) -> String {
        text(&self.value, "id").or(text(&self.value, "name")).map_or_else(|| self.at.clone(), str::to_owned)
    }
}

/// A connection with what it connects.
#[derive(Clone, Debug)]
struct Link {
    at: String,
    value: Value,
    source: Option<HookdeckPart>,
    destination: Option<HookdeckPart>,
    rules: Vec<HookdeckPart>,
}

/// Documents from a list of Hookdeck's connections (`GET /connections`), or from `terraform show -json`.
pub(super) fn hookdeck(dump: &Value) -> Result<Imported, String> {
    check_depth(dump)?;
    let links = match terraform::links(dump)? {
        Some(links) => links,
        None => listed(dump)?,
    };
    let mut importer =
        Importer { draft: Draft::new("hookdeck"), sources: HashMap::new(), destinations: HashMap::new() };
    let mut shared: HashMap<String, usize> = HashMap::new();
    for source in links.iter().filter_map(|link| link.source.as_ref()) {
        *shared.entry(source.key()).or_default() += 1;
    }
    for link in &links {
        importer.link(link, &shared);
    }
    importer.draft.finish()
}

/// The connections of an answer of the API, or of a bare list.
fn listed(dump: &Value) -> Result<Vec<Link>, String> {
    let (list, at) = match dump.get("models") {
        Some(models) => (models, "/models"),
        None => (dump, ""),
    };
    let found = items(list, at)?;
    if found.is_empty()
        || !found.iter().any(|one| one.get("source").is_some() || one.get("destination").is_some())
    {
        return Err(format!(
            "this is no export of Hookdeck: looked for `models` or a list whose items have `source` and `destination` (GET /connections), or for hookdeck resources in `values.root_module` (`terraform show -json`), and found {}",
            seen(dump)
        ));
    }
    let link = |(index, value): (usize, &Value)| {
        let at = format!("{at}/{index}");
        let part = |name: &str| {
            let value = value.get(name).filter(|value| value.is_object())?;
            Some(HookdeckPart { at: format!("{at}/{name}"), value: value.clone() })
        };
        let (source, destination) = (part("source"), part("destination"));
        let rules = value.get("rules").map_or(Ok(&[][..]), |rules| items(rules, &format!("{at}/rules")))?;
        let rule = |(nth, rule): (usize, &Value)| HookdeckPart {
            at: format!("{at}/rules/{nth}"),
            value: rule.clone(),
        };
        let rules = rules.iter().enumerate().map(rule).collect();
        Ok(Link { value: value.clone(), source, destination, rules, at })
    };
    found.iter().enumerate().map(link).collect()
}

/// What was made so far; sources and destinations by what tells them apart, `None` where they could not be made.
#[derive(Debug)]
struct Importer {
    draft: Draft,
    sources: HashMap<String, Option<String>>,
    destinations: HashMap<String, Option<String>>,
}

impl Importer {
    fn link(&mut self, link: &Link, shared: &HashMap<String, usize>) {
        let (Some(source), Some(destination)) = (&link.source, &link.destination) else {
            let detail = "its source or its destination is not in the file: export both with it, or make the connection by hand";
            self.draft.note(&link.at, ImportFate::Impossible, detail);
            return;
        };
        let alone = shared.get(&source.key()).is_none_or(|links| *links == 1);
        let made = rules::read(link, alone && !self.sources.contains_key(&source.key()), &mut self.draft);
        let source_name = match self.sources.get(&source.key()) {
            Some(known) => known.clone(),
            None => {
                let name = source::make(source, made.idempotency.as_ref(), &mut self.draft);
                self.sources.insert(source.key(), name.clone());
                name
            }
        };
        let destination_name = match self.destinations.get(&destination.key()) {
            Some(known) => known.clone(),
            None => {
                let name = destination::make(destination, &mut self.draft);
                self.destinations.insert(destination.key(), name.clone());
                name
            }
        };
        let (Some(source), Some(destination)) = (source_name, destination_name) else {
            let detail =
                "it is left out, since its source or its destination could not be carried over: see there";
            self.draft.note(&link.at, ImportFate::Impossible, detail);
            return;
        };
        let wanted = match text(&link.value, "name") {
            Some(name) => name.to_owned(),
            None => format!("{source} to {destination}"),
        };
        let name = self.draft.name(DraftKind::Connection, &wanted, "connection");
        let was_paused = is_set(&link.value, "paused_at") || is_set(&link.value, "disabled_at");
        if is_set(&link.value, "disabled_at") {
            let detail = "it was disabled, and is paused here: a paused connection holds what comes in, so delete it if nobody needs it";
            self.draft.note(&link.at, ImportFate::Approximated, detail);
        }
        let paused = was_paused || made.incomplete;
        self.draft.add(
            DraftKind::Connection,
            without_nulls(json!({
                "name": name,
                "state": paused.then_some("paused"),
                "source": source,
                "steps": (!made.steps.is_empty()).then_some(made.steps),
                "destination": destination,
                "retry": made.retry,
            })),
        );
        let (fate, detail) = match made.incomplete {
            true => (
                ImportFate::Approximated,
                format!(
                    "it is the connection `{name}`, paused since not all of its rules could be carried over: add what the notes below it say, then resume it"
                ),
            ),
            false => (ImportFate::Exact, format!("it is the connection `{name}`")),
        };
        self.draft.note(&link.at, fate, detail);
    }
}
