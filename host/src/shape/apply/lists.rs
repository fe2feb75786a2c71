//! Functions of whole arrays. A value that is no array counts as an array of one.
//! Not here: functions of each element (`texts`, `numbers`).

use std::cmp::Ordering;

use crate::shape::apply::fault::ApplyFault;
use crate::shape::apply::fault::needs;
use crate::shape::apply::fault::number;
use crate::shape::apply::numbers::decimal;
use crate::shape::apply::step::ListStep;
use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::number::Decimal;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;
use crate::shape::value::number_in;

pub(super) fn run<'v>(
    step: &ListStep,
    value: Value<'v>,
    budget: &mut Budget,
) -> Result<Option<Value<'v>>, ApplyFault> {
    let mut list = value.into_list().unwrap_or_else(|one| vec![one]);
    budget.visit(list.len() as u64)?;
    Ok(Some(match step {
        ListStep::First if list.is_empty() => return Ok(None),
        ListStep::First => list.swap_remove(0),
        ListStep::Last => return Ok(list.pop()),
        ListStep::Count => number(list.len().to_string()),
        ListStep::Join(separator) => Value::owned_text(join(&list, separator, budget)?),
        ListStep::Unique => Value::List(unique(list, budget)?),
        ListStep::Sort { descending } => {
            // Each comparison may look at long strings: paid for as if it looked at a key.
            budget.visit(list.len() as u64 * u64::from(list.len().max(1).ilog2()))?;
            let compare = compare_of(&list);
            list.sort_by(|left, right| match descending {
                true => order(right, left, compare),
                false => order(left, right, compare),
            });
            Value::List(list)
        }
        ListStep::Flatten(levels) => {
            for _ in 0..*levels {
                list = flatten(list, budget)?;
            }
            Value::List(list)
        }
        ListStep::Sum => Value::Decimal(sum(&list)?),
        ListStep::Min => return extreme("min", list, Ordering::Less),
        ListStep::Max => return extreme("max", list, Ordering::Greater),
    }))
}

fn join(list: &[Value<'_>], separator: &str, budget: &mut Budget) -> Result<String, Exhausted> {
    let mut joined = String::new();
    for (at, value) in list.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        match value.plain_text() {
            Some(text) => joined.push_str(&text),
            None => joined.push_str(&value.to_json(budget)?),
        }
        if joined.len() as u64 > budget.bytes_left() {
            return Err(Exhausted::Bytes);
        }
    }
    Ok(joined)
}

/// The first of each; every comparison is paid for, so that a long list ends in the budget.
fn unique<'v>(list: Vec<Value<'v>>, budget: &mut Budget) -> Result<Vec<Value<'v>>, Exhausted> {
    let mut kept: Vec<Value<'v>> = Vec::new();
    'values: for value in list {
        for other in &kept {
            if value.same(other, budget)? {
                continue 'values;
            }
        }
        kept.push(value);
    }
    Ok(kept)
}

/// How the values of a list are compared.
type Compare = fn(&Value<'_>, &Value<'_>) -> Option<Ordering>;

/// Texts that are all numbers are compared as numbers, as forms have them; other texts by their characters.
fn compare_of(list: &[Value<'_>]) -> Compare {
    let mut texts = list.iter().filter_map(|value| value.as_text());
    let read = texts.all(|text| number_in(&text).is_some());
    if read { |left, right| left.order_read(right) } else { |left, right| left.order(right) }
}

/// Null, false, true, numbers, strings, then the rest as it stands.
fn order(left: &Value<'_>, right: &Value<'_>, compare: Compare) -> Ordering {
    let rank = |value: &Value<'_>| match value.kind() {
        NodeKind::Null => 0,
        NodeKind::Boolean => 1 + u8::from(value.as_bool() == Some(true)),
        NodeKind::Number => 3,
        NodeKind::String => 4,
        NodeKind::Array | NodeKind::Object => 5,
    };
    rank(left).cmp(&rank(right)).then_with(|| compare(left, right).unwrap_or(Ordering::Equal))
}

fn flatten<'v>(list: Vec<Value<'v>>, budget: &mut Budget) -> Result<Vec<Value<'v>>, Exhausted> {
    let mut flat = Vec::with_capacity(list.len());
    for value in list {
        match value.into_list() {
            Ok(inner) => {
                budget.visit(inner.len() as u64)?;
                flat.extend(inner);
            }
            Err(one) => flat.push(one),
        }
    }
    Ok(flat)
}

fn sum(list: &[Value<'_>]) -> Result<Decimal, String> {
    let numbers = list.iter().filter(|value| !value.is_null());
    numbers.map(|value| decimal("sum", value)).try_fold(Decimal::ZERO, |sum, next| {
        sum.add(next?).ok_or_else(|| "sum: the result has more than 38 digits".to_owned())
    })
}

fn extreme<'v>(name: &str, list: Vec<Value<'v>>, wanted: Ordering) -> Result<Option<Value<'v>>, ApplyFault> {
    let compare = compare_of(&list);
    let mut best: Option<Value<'v>> = None;
    for value in list.into_iter().filter(|value| !value.is_null()) {
        let better = match &best {
            None if matches!(value.kind(), NodeKind::Number | NodeKind::String) => true,
            None => return Err(ApplyFault::Detail(needs(name, "numbers or strings", &value))),
            Some(best) => {
                let ordering = compare(&value, best);
                ordering.ok_or_else(|| format!("{name} needs numbers or strings, not some of each"))?
                    == wanted
            }
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best)
}
