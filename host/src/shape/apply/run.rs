//! Running a chain of functions. Not here: each function's work, the functions as a type (`step`).

use crate::shape::apply::date;
use crate::shape::apply::fault::ApplyFault;
use crate::shape::apply::fault::needs;
use crate::shape::apply::fault::number;
use crate::shape::apply::lists;
use crate::shape::apply::numbers;
use crate::shape::apply::step::ApplyStep;
use crate::shape::apply::step::ListStep;
use crate::shape::apply::texts;
use crate::shape::budget::Budget;
use crate::shape::tape::Document;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

/// Runs the chain on `value`, or on there being none. Null and nothing pass through everything but
/// `default`, `count` and `to_json`.
pub(crate) fn run<'v>(
    steps: &'v [ApplyStep],
    value: Option<Value<'v>>,
    budget: &mut Budget,
) -> Result<Option<Value<'v>>, ApplyFault> {
    let mut value = value;
    for step in steps {
        budget.visit(1)?;
        value = match value {
            Some(value) => one(step, value, budget)?,
            None => match step {
                ApplyStep::Default(default) => Some(default.clone()),
                ApplyStep::List(ListStep::Count) => Some(number("0".to_owned())),
                _ => None,
            },
        };
    }
    Ok(value)
}

fn one<'v>(
    step: &'v ApplyStep,
    value: Value<'v>,
    budget: &mut Budget,
) -> Result<Option<Value<'v>>, ApplyFault> {
    match step {
        ApplyStep::Default(default) if value.is_null() => return Ok(Some(default.clone())),
        ApplyStep::Default(_) => return Ok(Some(value)),
        ApplyStep::ToJson => return Ok(Some(Value::owned_text(value.to_json(budget)?))),
        ApplyStep::List(ListStep::Count) if value.is_null() => return Ok(Some(number("0".to_owned()))),
        _ if value.is_null() => return Ok(Some(value)),
        ApplyStep::List(list) => return lists::run(list, value, budget),
        ApplyStep::Length => {
            let length =
                value.length().ok_or_else(|| needs("length", "a string, array or object", &value))?;
            budget.visit(length as u64 / 8)?;
            return Ok(Some(number(length.to_string())));
        }
        ApplyStep::Text(_)
        | ApplyStep::Number(_)
        | ApplyStep::Lookup(_)
        | ApplyStep::FromJson
        | ApplyStep::Date(_) => {}
    }
    each(step, value, budget)
}

/// Functions of one value: of an array, of each of its elements.
fn each<'v>(
    step: &'v ApplyStep,
    value: Value<'v>,
    budget: &mut Budget,
) -> Result<Option<Value<'v>>, ApplyFault> {
    match value.into_list() {
        Ok(list) => {
            let mut made = Vec::with_capacity(list.len());
            for element in list {
                budget.visit(1)?;
                if element.kind() == NodeKind::Array {
                    return Err(ApplyFault::Detail("arrays in arrays: use flatten first".to_owned()));
                }
                made.extend(if element.is_null() { Some(element) } else { single(step, element, budget)? });
            }
            Ok(Some(Value::List(made)))
        }
        Err(value) => single(step, value, budget),
    }
}

fn single<'v>(
    step: &'v ApplyStep,
    value: Value<'v>,
    budget: &mut Budget,
) -> Result<Option<Value<'v>>, ApplyFault> {
    match step {
        ApplyStep::Text(step) => texts::run(step, value, budget).map(Some),
        ApplyStep::Number(step) => numbers::run(step, &value).map(Some),
        ApplyStep::Date(step) => date::run(step, &value, budget).map(Some),
        ApplyStep::Lookup(table) => {
            let key =
                value.plain_text().ok_or_else(|| needs("lookup", "a string, number or boolean", &value))?;
            budget.visit(table.len() as u64)?;
            Ok(table.iter().find(|(name, _)| **name == *key).map(|(_, found)| found.clone()))
        }
        ApplyStep::FromJson => {
            let text = value.as_text().ok_or_else(|| needs("from_json", "a string", &value))?;
            // A byte order mark is no part of the JSON behind it (RFC 8259, 8.1).
            let parsed = Document::parse(text.strip_prefix('\u{feff}').unwrap_or(&text).as_bytes());
            let parsed = parsed.map_err(|fault| format!("from_json: {fault}"))?;
            budget.visit(parsed.token_count() as u64)?;
            Ok(Some(Value::copied(parsed.root())))
        }
        ApplyStep::Default(_) | ApplyStep::ToJson | ApplyStep::List(_) | ApplyStep::Length => Ok(Some(value)),
    }
}
