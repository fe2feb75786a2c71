//! Arithmetic, exact. Strings that are numbers count as numbers.
//! Not here: sums over arrays (`lists`).

use std::borrow::Cow;

use crate::shape::apply::fault::ApplyFault;
use crate::shape::apply::fault::needs;
use crate::shape::apply::step::NumberStep;
use crate::shape::number::Decimal;
use crate::shape::tape::number_end;
use crate::shape::value::Value;

pub(super) fn run<'v>(step: &NumberStep, value: &Value<'_>) -> Result<Value<'v>, ApplyFault> {
    let input = decimal(name(step), value)?;
    let result = match step {
        NumberStep::Round(rounding, places) => input.round(*rounding, *places),
        NumberStep::Abs => input.abs(),
        NumberStep::Add(other) => input.add(*other),
        NumberStep::Subtract(other) => input.subtract(*other),
        NumberStep::Multiply(other) => input.multiply(*other),
        NumberStep::Divide(other) => input.divide(*other),
    };
    let result = result.ok_or_else(|| format!("{}: the result has more than 38 digits", name(step)))?;
    Ok(Value::Decimal(result))
}

/// The value as a decimal, if it is a number or a string that is one.
pub(super) fn decimal(name: &str, value: &Value<'_>) -> Result<Decimal, String> {
    if let Value::Decimal(decimal) = value {
        return Ok(*decimal);
    }
    let text = match (value.as_number(), value.as_text()) {
        (Some(number), _) => number,
        (None, Some(text)) if number_end(text.trim().as_bytes(), 0) == Some(text.trim().len()) => {
            Cow::Owned(text.trim().to_owned())
        }
        _ => return Err(needs(name, "a number", value)),
    };
    Decimal::parse(&text)
        .ok_or_else(|| format!("{name}: the number has more than 38 digits or too large an exponent"))
}

fn name(step: &NumberStep) -> &'static str {
    use crate::shape::number::Rounding;
    match step {
        NumberStep::Round(Rounding::Nearest, _) => "round",
        NumberStep::Round(Rounding::Floor, _) => "floor",
        NumberStep::Round(Rounding::Ceil, _) => "ceil",
        NumberStep::Abs => "abs",
        NumberStep::Add(_) => "add",
        NumberStep::Subtract(_) => "subtract",
        NumberStep::Multiply(_) => "multiply",
        NumberStep::Divide(_) => "divide",
    }
}
