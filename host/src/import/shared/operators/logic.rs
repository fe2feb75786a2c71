//! Conditions on one element of a list, as JSONPath writes them within brackets. Not here: clauses.

use serde_json::Map;
use serde_json::Value;

use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;

/// Characters of a condition; a query has at most 4,096.
const CHARS_MAX: usize = 2000;

/// The condition that an element has these members; `None` where brackets cannot say it.
pub(super) fn of_members(
    members: &Map<String, Value>,
    root: &str,
    variants: &dyn Fn(&Value) -> Vec<Value>,
) -> Option<String> {
    let mut parts = Vec::with_capacity(members.len());
    for (name, wanted) in members.iter() {
        if name.starts_with('$') {
            return None;
        }
        let path = jsonpath(root, &[PathStep::Name(name.clone())]);
        parts.push(match wanted {
            Value::Object(inner) if inner.keys().all(|name| name.starts_with('$')) => {
                operators(inner, &path, variants)?
            }
            Value::Object(inner) => of_members(inner, &path, variants)?,
            Value::Array(_) => return None,
            scalar => any(&path, &variants(scalar)),
        });
    }
    let condition = parts.join(" && ");
    (!parts.is_empty() && condition.len() <= CHARS_MAX).then_some(condition)
}

fn operators(
    operators: &Map<String, Value>,
    path: &str,
    variants: &dyn Fn(&Value) -> Vec<Value>,
) -> Option<String> {
    let mut parts = Vec::with_capacity(operators.len());
    for (name, wanted) in operators {
        parts.push(match (name.as_str(), wanted) {
            ("$eq", scalar) if is_scalar(scalar) => any(path, &variants(scalar)),
            ("$neq", scalar) if is_scalar(scalar) => format!("{path} && !{}", any(path, &variants(scalar))),
            ("$gte", Value::Number(number)) => format!("{path} >= {number}"),
            ("$gt", Value::Number(number)) => format!("{path} > {number}"),
            ("$lte", Value::Number(number)) => format!("{path} <= {number}"),
            ("$lt", Value::Number(number)) => format!("{path} < {number}"),
            ("$exist", Value::Bool(true)) => path.to_owned(),
            ("$exist", Value::Bool(false)) => format!("!{path}"),
            ("$in", Value::Array(items)) if !items.is_empty() && items.iter().all(is_scalar) => {
                any(path, items)
            }
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(" && "))
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn any(path: &str, values: &[Value]) -> String {
    let each: Vec<String> = values.iter().map(|value| format!("{path} == {value}")).collect();
    format!("({})", each.join(" || "))
}
