//! Nodes that set fields. Not here: what is made of them (`request`).

use serde_json::Value;

use crate::import::n8n::Node;
use crate::import::n8n::expression::ExpressionScope;
use crate::import::n8n::expression::value;
use crate::import::n8n::shape::ItemShape;
use crate::import::n8n::shape::Known;
use crate::import::shared::json::is_set;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;

/// Fields that one node sets at most.
const FIELDS_MAX: usize = 500;

/// What comes out of the node.
pub(super) fn shape(node: Node<'_>, scope: ExpressionScope<'_>) -> Result<ItemShape, String> {
    let parameters = node.parameters;
    if text(parameters, "mode").is_some_and(|mode| mode != "manual") {
        return Err("JSON in one piece is not taken apart: set fields one by one".to_owned());
    }
    let (given, keeps) = match parameters.get("assignments") {
        // 3.3 on.
        Some(assignments) => (assigned(assignments), is_set(parameters, "includeOtherFields")),
        None => match parameters.get("fields") {
            // 3.0 to 3.2.
            Some(fields) => {
                let include = text(parameters, "include").unwrap_or("all");
                if !matches!(include, "all" | "none") {
                    return Err("some of the other fields are kept: keep all of them, or none".to_owned());
                }
                (old_fields(fields), include == "all")
            }
            // 1 and 2.
            None => (oldest(parameters.get("values")), !is_set(parameters, "keepOnlySet")),
        },
    };
    if given.len() > FIELDS_MAX {
        return Err(format!("it sets more than {FIELDS_MAX} fields"));
    }
    let mut members = Vec::with_capacity(given.len());
    for (name, given, kind) in given {
        if name.is_empty() || name.contains(['.', '[']) || name.starts_with('=') {
            return Err(format!("`{}` is no plain name of a field", shown(&name)));
        }
        let known = match (value(&given, scope)?, kind) {
            (known @ (Known::Literal(_) | Known::Text(_)), _) | (known, None) => known,
            (known, Some(kind)) => Known::As(Box::new(known), kind),
        };
        members.retain(|(other, _): &(String, Known)| *other != name);
        members.push((name, known));
    }
    Ok(ItemShape::Set { members, rest: keeps.then(|| Box::new(scope.shape.clone())) })
}

type Given = Vec<(String, Value, Option<&'static str>)>;

fn kind(name: &str) -> Option<&'static str> {
    ["string", "number", "boolean", "array", "object"].into_iter().find(|kind| *kind == name)
}

fn assigned(assignments: &Value) -> Given {
    let list =
        assignments.get("assignments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |one: &Value| {
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let given = one.get("value").cloned().unwrap_or_default();
        (name, given, kind(text(one, "type").unwrap_or("string")))
    };
    list.iter().map(one).collect()
}

fn old_fields(fields: &Value) -> Given {
    let list = fields.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |one: &Value| {
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let member = text(one, "type").unwrap_or("stringValue");
        let given = one.get(member).cloned().unwrap_or_default();
        (name, given, kind(member.strip_suffix("Value").unwrap_or(member)))
    };
    list.iter().map(one).collect()
}

fn oldest(values: Option<&Value>) -> Given {
    let mut given = Given::new();
    for name in ["string", "number", "boolean"] {
        let list = values.and_then(|values| values.get(name)).and_then(Value::as_array);
        for one in list.map(Vec::as_slice).unwrap_or_default() {
            let called = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            given.push((called, one.get("value").cloned().unwrap_or_default(), kind(name)));
        }
    }
    given
}
