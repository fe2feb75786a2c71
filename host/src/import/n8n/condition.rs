//! Conditions of If, Filter and Switch nodes as clauses. A value of another type than a condition wants stops the
//! workflow there, so it passes on neither side here. Not here: single tests (`test_of`).

mod test_of;

use serde_json::Value;
use serde_json::json;

use crate::import::n8n::Node;
use crate::import::n8n::condition::test_of::ConditionRule;
use crate::import::n8n::condition::test_of::ConditionTest;
use crate::import::n8n::condition::test_of::test_of;
use crate::import::n8n::expression::ExpressionScope;
use crate::import::shared::json::is_set;
use crate::import::shared::json::members;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::leaf::not;

/// Conditions of one node.
const CONDITIONS_MAX: usize = 200;

/// Several tests as one.
#[derive(Debug)]
struct Condition {
    clause: Value,
    guards: Vec<Value>,
    /// Whether the clause alone lets nothing of another type pass.
    strict: bool,
}

impl Condition {
    fn holds(&self) -> Value {
        match self.strict {
            true => self.clause.clone(),
            false => all([self.guards.as_slice(), std::slice::from_ref(&self.clause)].concat()),
        }
    }

    fn fails(&self) -> Value {
        all([self.guards.as_slice(), &[not(self.clause.clone())]].concat())
    }
}

/// The clause of each output of the node.
pub(super) fn outputs(node: Node<'_>, scope: ExpressionScope<'_>) -> Result<Vec<Value>, String> {
    match node.kind {
        "filter" => Ok(vec![condition(node.parameters, node.parameters, scope)?.holds()]),
        "if" => {
            let condition = condition(node.parameters, node.parameters, scope)?;
            Ok(vec![condition.holds(), condition.fails()])
        }
        _ => switch(node, scope),
    }
}

/// Each output takes what no output before it takes, unless all that match do.
fn switch(node: Node<'_>, scope: ExpressionScope<'_>) -> Result<Vec<Value>, String> {
    let parameters = node.parameters;
    if text(parameters, "mode").is_some_and(|mode| mode != "rules") {
        return Err("an output that is computed is not known here".to_owned());
    }
    let rules = parameters.get("rules").and_then(|rules| rules.get("values").or(rules.get("rules")));
    let rules = rules.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() || rules.len() > 50 || rules.iter().any(|rule| rule.get("conditions").is_none()) {
        return Err(
            "it has no rules, or those of an old version: open and save it in the newest n8n".to_owned()
        );
    }
    let nothing = json!({});
    let options = parameters.get("options").unwrap_or(&nothing);
    let every = is_set(options, "allMatchingOutputs");
    let (mut outputs, mut before): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for rule in rules {
        let condition = condition(rule, parameters, scope)?;
        outputs.push(all([before.as_slice(), &[condition.holds()]].concat()));
        if !every {
            before.push(condition.fails());
        }
    }
    match options.get("fallbackOutput") {
        None => {}
        Some(fallback) if fallback == "none" => {}
        Some(fallback) if fallback == "extra" && !every => outputs.push(all(before)),
        Some(_) => {
            return Err(
                "what matches no rule goes to one of their outputs: give it an output of its own".to_owned()
            );
        }
    }
    Ok(outputs)
}

/// `options` with `ignoreCase` and the like stand at the node, also for a switch's rules.
fn condition(holder: &Value, node: &Value, scope: ExpressionScope<'_>) -> Result<Condition, String> {
    let conditions = holder.get("conditions").unwrap_or(&Value::Null);
    let rules = match conditions.get("conditions") {
        Some(list) => newer(list, conditions, node)?,
        None => oldest(conditions)?,
    };
    if rules.is_empty() || rules.len() > CONDITIONS_MAX {
        return Err(format!("it has no conditions, or more than {CONDITIONS_MAX}"));
    }
    let either = match conditions.get("combinator") {
        Some(combinator) => combinator == "or",
        None => text(holder, "combineOperation") == Some("any"),
    };
    let tests: Vec<ConditionTest> =
        rules.iter().map(|rule| test_of(rule, scope)).collect::<Result<_, _>>()?;
    let strict = tests.iter().all(|test| test.strict) && (!either || tests.len() == 1);
    let guards = tests.iter().map(|test| test.guard.clone()).collect();
    let clauses = tests.into_iter().map(|test| test.clause).collect();
    Ok(Condition { clause: if either { any(clauses) } else { all(clauses) }, guards, strict })
}

fn newer(list: &Value, conditions: &Value, node: &Value) -> Result<Vec<ConditionRule>, String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let options = conditions.get("options").unwrap_or(&Value::Null);
    let ignore_case = node.pointer("/options/ignoreCase").and_then(Value::as_bool);
    let any_case = ignore_case.unwrap_or_else(|| options.get("caseSensitive") == Some(&Value::Bool(false)));
    let loose = text(options, "typeValidation") == Some("loose")
        || node.pointer("/options/looseTypeValidation") == Some(&Value::Bool(true));
    let one = |one: &Value| {
        let operator = one.get("operator").ok_or("a condition has no operator")?;
        Ok(ConditionRule {
            left: one.get("leftValue").cloned().unwrap_or_default(),
            right: one.get("rightValue").cloned().unwrap_or_default(),
            kind: text(operator, "type").unwrap_or("string").to_owned(),
            operation: text(operator, "operation").unwrap_or_default().to_owned(),
            any_case,
            loose,
        })
    };
    list.iter().map(one).collect()
}

/// Version 1: conditions by the type of their values.
fn oldest(conditions: &Value) -> Result<Vec<ConditionRule>, String> {
    let mut rules = Vec::new();
    for (kind, list) in members(conditions) {
        if !matches!(kind.as_str(), "string" | "number" | "boolean") {
            return Err(format!("conditions on `{}` are not known here", shown(kind)));
        }
        for one in list.as_array().map(Vec::as_slice).unwrap_or_default() {
            let default = if kind == "number" { "smaller" } else { "equal" };
            let operation = match text(one, "operation").unwrap_or(default) {
                "equal" => "equals",
                "notEqual" => "notEquals",
                "smaller" => "lt",
                "smallerEqual" => "lte",
                "larger" => "gt",
                "largerEqual" => "gte",
                "isEmpty" => "empty",
                "isNotEmpty" => "notEmpty",
                other => other,
            };
            rules.push(ConditionRule {
                left: one.get("value1").cloned().unwrap_or_default(),
                right: one.get("value2").cloned().unwrap_or_default(),
                kind: kind.clone(),
                operation: operation.to_owned(),
                any_case: false,
                loose: true,
            });
        }
    }
    Ok(rules)
}
