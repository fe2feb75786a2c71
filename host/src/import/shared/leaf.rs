//! Clauses of hookmill's filters: what they look at, and tests on it. Not here: other products' filters.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;

/// What a clause looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum LeafTarget {
    /// The payload below these steps.
    Body(Vec<PathStep>),
    /// A header, in lower case.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// The path behind the source's URL.
    Path,
}

impl LeafTarget {
    /// A clause that tests this; `tests` is an object.
    pub(in crate::import) fn clause(&self, tests: Value) -> Value {
        let (name, text) = match self {
            Self::Body(steps) => ("path", jsonpath("$", steps)),
            Self::Header(name) => ("in_headers", name.clone()),
            Self::Query(name) => ("in_event", format!("query.{name}")),
            Self::Path => ("in_event", "path".to_owned()),
        };
        let mut clause = Map::from_iter([(name.to_owned(), Value::from(text))]);
        if let Value::Object(tests) = tests {
            clause.extend(tests);
        }
        clause.into()
    }

    /// Whether it can be a list or an object.
    pub(in crate::import) fn is_body(&self) -> bool {
        matches!(self, Self::Body(_))
    }

    /// Any element of the list that this is; `None` where it is no list.
    pub(in crate::import) fn element(&self) -> Option<Self> {
        let Self::Body(steps) = self else { return None };
        let mut steps = steps.clone();
        steps.push(PathStep::Any);
        Some(Self::Body(steps))
    }
}

/// All of them; the only one stands alone.
pub(in crate::import) fn all(clauses: Vec<Value>) -> Value {
    group("all", clauses)
}

/// Any of them; the only one stands alone.
pub(in crate::import) fn any(clauses: Vec<Value>) -> Value {
    group("any", clauses)
}

/// The opposite.
pub(in crate::import) fn not(clause: Value) -> Value {
    json!({ "not": clause })
}

fn group(name: &str, mut clauses: Vec<Value>) -> Value {
    match clauses.len() {
        1 => clauses.remove(0),
        _ => Value::Object(Map::from_iter([(name.to_owned(), clauses.into())])),
    }
}
