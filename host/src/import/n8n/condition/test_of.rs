//! One condition as a clause. Not here: several of them (`condition`).

use serde_json::Value;
use serde_json::json;

use crate::import::n8n::expression::ExpressionScope;
use crate::import::n8n::expression::value;
use crate::import::n8n::shape::Known;
use crate::import::shared::json::shown;
use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::leaf::not;
use crate::import::shared::operators::regex;

/// A condition as it is written.
#[derive(Debug)]
pub(super) struct ConditionRule {
    pub(super) left: Value,
    pub(super) right: Value,
    pub(super) kind: String,
    pub(super) operation: String,
    pub(super) any_case: bool,
    /// Whether values are brought to the type that is wanted.
    pub(super) loose: bool,
}

/// A condition as a clause.
#[derive(Debug)]
pub(super) struct ConditionTest {
    pub(super) clause: Value,
    /// That the value has the type that is wanted, or is not there.
    pub(super) guard: Value,
    /// Whether the clause holds of no other type.
    pub(super) strict: bool,
}

/// The clause, or why there is none.
pub(super) fn test_of(rule: &ConditionRule, scope: ExpressionScope<'_>) -> Result<ConditionTest, String> {
    let target = value(&rule.left, scope)?.target()?;
    let right = match value(&rule.right, scope)? {
        Known::Literal(literal) => literal,
        _ => return Err("both sides of a condition come from the event: write a plugin".to_owned()),
    };
    let guard = guard(&target, rule);
    if let Some(clause) = presence(&target, &rule.operation) {
        return Ok(ConditionTest { clause, guard, strict: false });
    }
    let opposite = match rule.operation.as_str() {
        "notEquals" => Some("equals"),
        "notContains" => Some("contains"),
        "notStartsWith" => Some("startsWith"),
        "notEndsWith" => Some("endsWith"),
        "notRegex" => Some("regex"),
        _ => None,
    };
    let operation = opposite.unwrap_or(&rule.operation);
    let clause = match rule.kind.as_str() {
        "string" => string(&target, operation, &right, rule),
        "number" => number(&target, operation, &right, rule),
        "boolean" => boolean(&target, operation, &right),
        "array" => array(&target, operation, &right),
        _ => None,
    };
    let clause = clause.ok_or_else(|| {
        format!(
            "`{}` of {} with {} is not known here",
            shown(&rule.operation),
            shown(&rule.kind),
            shown(&right.to_string())
        )
    })?;
    Ok(match opposite {
        Some(_) => ConditionTest { clause: not(clause), guard, strict: false },
        None => ConditionTest { clause, guard, strict: true },
    })
}

/// What is null counts as not there.
fn presence(target: &LeafTarget, operation: &str) -> Option<Value> {
    let there = || target.clause(json!({"exists": true, "is_null": false}));
    let filled = || target.clause(json!({"exists": true, "is_null": false, "length_gt": 0}));
    match operation {
        "exists" => Some(there()),
        "notExists" => Some(not(there())),
        "notEmpty" => Some(filled()),
        "empty" => Some(not(filled())),
        _ => None,
    }
}

fn guard(target: &LeafTarget, rule: &ConditionRule) -> Value {
    let absent = target.clause(json!({"exists": false}));
    let typed = match rule.kind.as_str() {
        "number" if rule.loose => target.clause(json!({"type": ["number", "null"], "as": "number"})),
        kind @ ("string" | "number" | "boolean" | "array" | "object") => {
            target.clause(json!({"type": [kind, "null"]}))
        }
        _ => return target.clause(json!({"exists": true})),
    };
    any(vec![typed, absent])
}

fn string(target: &LeafTarget, operation: &str, right: &Value, rule: &ConditionRule) -> Option<Value> {
    let text = right.as_str().map_or_else(|| right.to_string(), str::to_owned);
    let (starts, ends, test) = match operation {
        "equals" => (true, true, "eq"),
        "contains" => (false, false, "contains"),
        "startsWith" => (true, false, "starts_with"),
        "endsWith" => (false, true, "ends_with"),
        "regex" => {
            let pattern = regex::carried(&text)?;
            return Some(target.clause(json!({"type": "string", "matches": pattern})));
        }
        _ => return None,
    };
    match rule.any_case {
        true => {
            Some(target.clause(json!({"type": "string", "matches": regex::any_case(&text, starts, ends)?})))
        }
        false => Some(target.clause(json!({"type": "string", test: text}))),
    }
}

fn number(target: &LeafTarget, operation: &str, right: &Value, rule: &ConditionRule) -> Option<Value> {
    let bound = match right {
        Value::Number(number) => Value::Number(number.clone()),
        Value::String(text) => serde_json::from_str::<Value>(text.trim()).ok().filter(Value::is_number)?,
        _ => return None,
    };
    let test = match operation {
        "equals" => "eq",
        "gt" | "gte" | "lt" | "lte" => operation,
        _ => return None,
    };
    Some(match rule.loose || !target.is_body() {
        true => target.clause(json!({"type": "number", test: bound, "as": "number"})),
        false => target.clause(json!({"type": "number", test: bound})),
    })
}

fn boolean(target: &LeafTarget, operation: &str, right: &Value) -> Option<Value> {
    let wanted = match operation {
        "true" => true,
        "false" => false,
        "equals" => right.as_bool().or_else(|| right.as_str()?.parse().ok())?,
        _ => return None,
    };
    target.is_body().then(|| target.clause(json!({ "eq": wanted })))
}

fn array(target: &LeafTarget, operation: &str, right: &Value) -> Option<Value> {
    if !target.is_body() {
        return None;
    }
    let length = || right.as_u64().or_else(|| right.as_str()?.trim().parse().ok());
    let test = match operation {
        "contains" if !right.is_object() && !right.is_array() => {
            return Some(all(vec![target.clause(json!({"type": "array", "contains": right}))]));
        }
        "lengthEquals" => "length_eq",
        "lengthNotEquals" => "length_ne",
        "lengthGt" => "length_gt",
        "lengthLt" => "length_lt",
        "lengthGte" => "length_gte",
        "lengthLte" => "length_lte",
        _ => return None,
    };
    Some(target.clause(json!({"type": "array", test: length()?})))
}
