//! One test on one value. Not here: several of them (`eval`).

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::filter::clause::LengthTest;
use crate::shape::filter::clause::OrderTest;
use crate::shape::filter::clause::Test;
use crate::shape::filter::clause::Type;
use crate::shape::number::Decimal;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

impl OrderTest {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
        }
    }
}

impl Type {
    fn accepts(self, value: &Value<'_>) -> bool {
        match self {
            Self::NodeKind(kind) => value.kind() == kind,
            Self::Integer => {
                value.as_number().and_then(|text| Decimal::parse(&text)).is_some_and(Decimal::is_whole)
            }
        }
    }
}

impl Test {
    pub(super) fn holds(&self, value: &Value<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
        Ok(match self {
            Self::Equal(wanted) => value.same(wanted, budget)?,
            Self::NotEqual(wanted) => !value.same(wanted, budget)?,
            Self::Order(order, bound) => value.order_read(bound).is_some_and(|found| order.accepts(found)),
            Self::Instant(order, instant, bound) => {
                budget.visit(4)?;
                value.as_text().is_some_and(|text| {
                    let found = text.trim().parse::<Timestamp>();
                    let as_texts = |_| text.as_bytes().cmp(bound.as_bytes());
                    order.accepts(found.map_or_else(as_texts, |found| found.cmp(instant)))
                })
            }
            Self::In(wanted) => is_in(value, wanted, budget)?,
            Self::NotIn(wanted) => !is_in(value, wanted, budget)?,
            Self::IsNull(wanted) => value.is_null() == *wanted,
            Self::Type(types) => types.iter().any(|one| one.accepts(value)),
            Self::StartsWith(prefix) => value.as_text().is_some_and(|text| text.starts_with(&**prefix)),
            Self::EndsWith(suffix) => value.as_text().is_some_and(|text| text.ends_with(&**suffix)),
            Self::Contains(wanted) => contains(value, wanted, budget)?,
            Self::Matches(regex) => match value.as_text() {
                Some(text) => regex.is_match(&text, budget)?,
                None => false,
            },
            Self::Length(test, bound) => match value.length() {
                Some(length) => {
                    budget.visit(length as u64 / 8 + 1)?;
                    match test {
                        LengthTest::Equal => length == *bound,
                        LengthTest::NotEqual => length != *bound,
                        LengthTest::Order(order) => order.accepts(length.cmp(bound)),
                    }
                }
                None => false,
            },
        })
    }
}

fn is_in(value: &Value<'_>, wanted: &[Value<'_>], budget: &mut Budget) -> Result<bool, Exhausted> {
    for one in wanted {
        if value.same(one, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn contains(value: &Value<'_>, wanted: &Value<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
    match (value, wanted.as_text()) {
        (Value::Node(node), _) if node.kind() == NodeKind::Array => {
            for element in node.elements() {
                if Value::Node(element).same(wanted, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (_, Some(part)) => match value.as_text() {
            Some(text) => {
                budget.visit(text.len() as u64 / 8 + 1)?;
                Ok(text.contains(&*part))
            }
            None => Ok(false),
        },
        _ => Ok(false),
    }
}
