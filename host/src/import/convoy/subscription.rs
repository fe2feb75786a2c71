//! A subscription of Convoy's: a connection. Not here: the language of its filter (`shared::operators`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::convoy::Importer;
use crate::import::convoy::duration::seconds_of;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::is_set;
use crate::import::shared::json::number;
use crate::import::shared::json::text;
use crate::import::shared::json::texts;
use crate::import::shared::leaf::all;
use crate::import::shared::names::DraftKind;
use crate::import::shared::operators::FilterPart;
use crate::import::shared::operators::OperatorDialect;
use crate::import::shared::operators::translate;
use crate::import::shared::retry;
use crate::import::shared::types;

/// Convoy doubles no wait beyond this.
const LONGEST_MS: u64 = 7_200_000;
const PARTS: [(&str, FilterPart); 4] = [
    ("headers", FilterPart::Headers),
    ("body", FilterPart::Body),
    ("query", FilterPart::Query),
    ("path", FilterPart::Path),
];

impl Importer<'_> {
    pub(super) fn subscription(&mut self, at: &str, given: &Value) {
        let Some(destination) = self.endpoint_of(at, given) else {
            let detail = "its endpoint is not in the file, or could not be carried over: it is left out";
            self.draft.note(at, ImportFate::Impossible, detail);
            return;
        };
        let Ok(source) = self.source_of(at, given) else {
            let detail = "its source is not in the file, or could not be carried over: it is left out";
            self.draft.note(at, ImportFate::Impossible, detail);
            return;
        };
        let nothing = Value::Null;
        let filter_config = given.get("filter_config").unwrap_or(&nothing);
        let taken = types::taken(&texts(filter_config, "event_types"));
        let mut steps: Vec<Value> = taken.step.into_iter().collect();
        let mut paused = match self.filter(&format!("{at}/filter_config/filter"), filter_config.get("filter"))
        {
            Ok(step) => {
                steps.extend(step);
                false
            }
            Err(()) => true,
        };
        if is_set(given, "function") {
            paused = true;
            let detail = "a function is JavaScript: write it as a plugin with `hookmill plugin new --lang js`, add it as a step, and resume the connection";
            self.draft.note(&format!("{at}/function"), ImportFate::Impossible, detail);
        }
        if source.is_none() && self.addressed {
            paused = true;
            let detail = "events are sent to an endpoint or its owner there, and here what is published goes to every connection that takes its type: it is paused; import the endpoints of one owner at a time, each in a workspace of its own, or add a filter, then resume it";
            self.draft.note(at, ImportFate::Approximated, detail);
        }
        if is_set(given, "rate_limit_config") {
            let detail = "there is no rate of a connection: set `rate` of its destination";
            self.draft.note(&format!("{at}/rate_limit_config"), ImportFate::Impossible, detail);
        }
        let retry = given.get("retry_config").filter(|retry| is_set(retry, "type"));
        let retry = retry.and_then(|retry| retry_of(retry, &format!("{at}/retry_config"), &mut self.draft));
        let wanted = text(given, "name").unwrap_or(&destination).to_owned();
        let name = self.draft.name(DraftKind::Connection, &wanted, "connection");
        self.draft.add(
            DraftKind::Connection,
            without_nulls(json!({
                "name": name,
                "state": paused.then_some("paused"),
                "source": source.as_deref().unwrap_or("published"),
                "event_types": taken.patterns,
                "steps": (!steps.is_empty()).then_some(steps),
                "destination": destination,
                "retry": retry,
            })),
        );
        let (fate, detail) = match paused {
            true => (
                ImportFate::Approximated,
                format!("it is the connection `{name}`, paused: other notes on it say why"),
            ),
            false => (ImportFate::Exact, format!("it is the connection `{name}`")),
        };
        self.draft.note(at, fate, detail);
    }

    fn endpoint_of(&mut self, at: &str, given: &Value) -> Option<String> {
        let embedded = given.get("endpoint_metadata").filter(|endpoint| endpoint.is_object());
        let id = text(given, "endpoint_id").or_else(|| text(embedded?, "uid"));
        if let Some(known) = id.and_then(|id| self.endpoints.get(id)) {
            return known.clone();
        }
        self.endpoint(&format!("{at}/endpoint_metadata"), embedded?)
    }

    /// The source's name; `None` where it takes what is published. An error where there is one, and it is not there.
    fn source_of(&mut self, at: &str, given: &Value) -> Result<Option<String>, ()> {
        let embedded =
            given.get("source_metadata").filter(|source| is_set(source, "uid") || is_set(source, "name"));
        let id = text(given, "source_id").or_else(|| text(embedded?, "uid"));
        if let Some(known) = id.and_then(|id| self.sources.get(id)) {
            return known.clone().map(Some).ok_or(());
        }
        match embedded {
            Some(embedded) => self.source(&format!("{at}/source_metadata"), embedded).map(Some).ok_or(()),
            None if id.is_some() => Err(()),
            None => Ok(None),
        }
    }

    /// The step, if it filters anything; an error where the filter cannot be carried over, which is told.
    fn filter(&mut self, at: &str, given: Option<&Value>) -> Result<Option<Value>, ()> {
        let Some(given) = given else { return Ok(None) };
        let mut clauses = Vec::new();
        for (name, part) in PARTS {
            let Some(one) = given.get(name).filter(|one| !one.is_null()) else { continue };
            match translate(OperatorDialect::Convoy, part, one, &format!("{at}/{name}")) {
                Ok(filter) => {
                    clauses.extend(filter.clause);
                    for (at, what) in filter.less {
                        self.draft.note(
                            &at,
                            ImportFate::Approximated,
                            format!("{what}: fewer events pass than there"),
                        );
                    }
                }
                Err(refused) => {
                    let detail = format!(
                        "{}: the filter is left out, and the connection paused; write it as a step, then resume it",
                        refused.why
                    );
                    self.draft.note(&refused.at, ImportFate::Impossible, detail);
                    return Err(());
                }
            }
        }
        if clauses.is_empty() {
            return Ok(None);
        }
        self.draft.note(
            at,
            ImportFate::Exact,
            "it is a step of the connection, save what other notes on it say",
        );
        Ok(Some(json!({ "filter": all(clauses) })))
    }
}

/// `type`, `duration` or `interval_seconds`, `retry_count`.
pub(super) fn retry_of(given: &Value, at: &str, draft: &mut Draft) -> Option<Value> {
    let retries = number(given, "retry_count")?;
    let seconds = number(given, "duration").or_else(|| seconds_of(given, "duration"));
    let seconds =
        seconds.filter(|seconds| *seconds > 0).or_else(|| number(given, "interval_seconds")).unwrap_or(10);
    let wait_ms = seconds.saturating_mul(1000);
    let exponential = text(given, "type") == Some("exponential");
    let schedule = match exponential {
        true => retry::doubling(wait_ms, Some(LONGEST_MS), retries),
        false => retry::constant(wait_ms, retries),
    };
    let mut retry = schedule.retry;
    let mut detail = "it is `retry`".to_owned();
    let mut fate = ImportFate::Exact;
    if exponential {
        retry["jitter"] = json!(0.1);
        (fate, detail) = (ImportFate::Approximated, "it is `retry`: each wait is twice the one before, at most two hours, with a tenth of it at random".to_owned());
    }
    if let Some(cut) = schedule.cut {
        (fate, detail) = (ImportFate::Approximated, format!("it is `retry`, with {cut}"));
    }
    draft.note(at, fate, detail);
    Some(retry)
}
