//! Exact decimals of up to 38 digits. What does not fit is an error, never a silent rounding;
//! only division and `round` round, as they say. Not here: comparison (`compare`).

/// `mantissa × 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

/// Which whole number (or last digit) is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// The nearest, halves away from zero.
    Nearest,
    /// The next lower.
    Floor,
    /// The next higher.
    Ceil,
}

/// Exponents beyond this are refused; far beyond what any number in a payload has.
const MOST_EXPONENT: i32 = 6144;
/// Significant digits of a quotient that does not end.
const QUOTIENT_DIGITS: u32 = 20;

impl Decimal {
    pub(crate) const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    pub(crate) fn from_integer(value: i128) -> Self {
        Self { mantissa: value, exponent: 0 }.normal()
    }

    /// Reads JSON's number text. `None` if it is none, has more than 38 digits or a huge exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if crate::shape::tape::number_end(text.as_bytes(), 0) != Some(text.len()) {
            return None;
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let value = digits_value(whole, fraction)?;
        let shift = i32::try_from(fraction.len()).ok()?;
        let exponent = exponent.trim_start_matches('+').parse::<i32>().ok()?.checked_sub(shift)?;
        let parsed = Self { mantissa: if negative { -value } else { value }, exponent }.normal();
        (parsed.exponent.abs() <= MOST_EXPONENT).then_some(parsed)
    }

    /// Without trailing zeros in the mantissa.
    fn normal(mut self) -> Self {
        if self.mantissa == 0 {
            return Self::ZERO;
        }
        // Division of 128 bits is many times slower, and numbers are nearly always small.
        if let Ok(mut small) = i64::try_from(self.mantissa) {
            while small % 10 == 0 {
                small /= 10;
                self.exponent += 1;
            }
            return Self { mantissa: i128::from(small), ..self };
        }
        while self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }

    pub(crate) fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(crate) fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// As a whole number, if it is one that fits.
    pub(crate) fn to_integer(self) -> Option<i128> {
        let power = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        self.mantissa.checked_mul(power)
    }

    /// Both with the same, smaller exponent.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = match (self.is_zero(), other.is_zero()) {
            (true, _) => other.exponent,
            (_, true) => self.exponent,
            _ => self.exponent.min(other.exponent),
        };
        let raise = |number: Self| {
            if number.is_zero() {
                return Some(0);
            }
            let power = 10_i128.checked_pow(u32::try_from(number.exponent - exponent).ok()?)?;
            number.mantissa.checked_mul(power)
        };
        Some((raise(self)?, raise(other)?, exponent))
    }

    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (left, right, exponent) = self.aligned(other)?;
        Some(Self { mantissa: left.checked_add(right)?, exponent }.normal())
    }

    pub(crate) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negated()?)
    }

    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        let product = Self { mantissa, exponent: self.exponent + other.exponent }.normal();
        (product.exponent.abs() <= MOST_EXPONENT).then_some(product)
    }

    /// The exact quotient if it ends within 20 significant digits, else rounded to those, halves
    /// away from zero. `None` for division by zero.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let mut remainder = self.mantissa.unsigned_abs();
        let divisor = other.mantissa.unsigned_abs();
        let mut exponent = self.exponent.checked_sub(other.exponent)?;
        let mut quotient = remainder / divisor;
        remainder %= divisor;
        while remainder != 0 && quotient < 10_u128.pow(QUOTIENT_DIGITS) {
            remainder = remainder.checked_mul(10)?;
            quotient = quotient * 10 + remainder / divisor;
            remainder %= divisor;
            exponent -= 1;
        }
        let mut value = i128::try_from(quotient).ok()?;
        if remainder != 0 {
            // One digit more than wanted has been made: round it off.
            value = (value + 5) / 10;
            exponent += 1;
        }
        let negative = (self.mantissa < 0) != (other.mantissa < 0);
        let result = Self { mantissa: if negative { -value } else { value }, exponent }.normal();
        (result.exponent.abs() <= MOST_EXPONENT).then_some(result)
    }

    /// Whether `self` is a whole number of times `other`. `None` where that takes more digits than there are.
    pub(crate) fn is_multiple_of(self, other: Self) -> Option<bool> {
        if self.is_zero() || other.is_zero() {
            return Some(self.is_zero());
        }
        let (value, unit) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        match u32::try_from(self.exponent - other.exponent) {
            Ok(tens) if unit <= u128::MAX / 10 => {
                Some((0..tens).fold(value % unit, |rest, _| rest * 10 % unit) == 0)
            }
            Ok(_) => None,
            // The unit has that many zeros more.
            Err(_) => {
                let tens = 10_u128.checked_pow(other.exponent.abs_diff(self.exponent));
                let unit = tens.and_then(|tens| unit.checked_mul(tens));
                Some(unit.is_some_and(|unit| value % unit == 0))
            }
        }
    }

    fn negated(self) -> Option<Self> {
        Some(Self { mantissa: self.mantissa.checked_neg()?, ..self })
    }

    pub(crate) fn abs(self) -> Option<Self> {
        if self.mantissa < 0 { self.negated() } else { Some(self) }
    }

    /// Rounded to `places` digits after the point.
    pub(crate) fn round(self, rounding: Rounding, places: i32) -> Option<Self> {
        let cut = (-places).checked_sub(self.exponent)?;
        if cut <= 0 {
            return Some(self);
        }
        let unit = u32::try_from(cut).ok().and_then(|cut| 10_i128.checked_pow(cut));
        let Some(unit) = unit else {
            // Everything is cut away: what is left is zero or one unit.
            let one = Self { mantissa: 1, exponent: -places };
            return match rounding {
                Rounding::Ceil if self.mantissa > 0 => Some(one.normal()),
                Rounding::Floor if self.mantissa < 0 => one.negated(),
                _ => Some(Self::ZERO),
            };
        };
        let (whole, rest) = match (i64::try_from(self.mantissa), i64::try_from(unit)) {
            (Ok(mantissa), Ok(unit)) => {
                (i128::from(mantissa.div_euclid(unit)), i128::from(mantissa.rem_euclid(unit)))
            }
            _ => (self.mantissa.div_euclid(unit), self.mantissa.rem_euclid(unit)),
        };
        let up = match rounding {
            Rounding::Floor => false,
            Rounding::Ceil => rest != 0,
            Rounding::Nearest if self.mantissa < 0 => rest > unit - rest,
            Rounding::Nearest => rest >= unit - rest,
        };
        Some(Self { mantissa: whole + i128::from(up), exponent: -places }.normal())
    }

    /// Appends it as JSON; usual whole numbers without allocating.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        use std::io::Write;
        let whole = if (0..=20).contains(&self.exponent) { self.to_integer() } else { None };
        match whole {
            // Writing to memory cannot fail.
            Some(whole) => match i64::try_from(whole) {
                Ok(small) => drop(write!(out, "{small}")),
                Err(_) => drop(write!(out, "{whole}")),
            },
            None => out.extend_from_slice(self.to_json().as_bytes()),
        }
    }

    /// As JSON: without exponent while that takes at most 40 digits before and 10 zeros after
    /// the point.
    pub(crate) fn to_json(self) -> String {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let before = digits.len() as i32 + self.exponent;
        if self.exponent >= 0 && before <= 40 {
            return format!("{sign}{digits}{}", "0".repeat(self.exponent as usize));
        }
        if self.exponent < 0 && before > 0 {
            let (whole, fraction) = digits.split_at(before as usize);
            return format!("{sign}{whole}.{fraction}");
        }
        if self.exponent < 0 && before > -10 {
            return format!("{sign}0.{}{digits}", "0".repeat(before.unsigned_abs() as usize));
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{}", before - 1)
    }
}

/// The digits of both parts as one number; they must have been checked to be digits.
fn digits_value(whole: &str, fraction: &str) -> Option<i128> {
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|digit| digit & 15);
    if whole.len() + fraction.len() <= 18 {
        return Some(i128::from(digits.fold(0_i64, |value, digit| value * 10 + i64::from(digit))));
    }
    digits.try_fold(0_i128, |value, digit| value.checked_mul(10)?.checked_add(i128::from(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("the tests' numbers fit")
    }

    fn check(result: Option<Decimal>, expected: &str) {
        let shown = result.map_or_else(|| "none".to_owned(), Decimal::to_json);
        assert_eq!(shown, expected);
    }

    #[test]
    fn arithmetic_is_exact() {
        check(number("0.92").multiply(number("100")), "92");
        check(number("0.1").add(number("0.2")), "0.3");
        check(number("1").subtract(number("0.9")), "0.1");
        check(number("1e30").add(number("1")), "1000000000000000000000000000001");
        check(number("0").add(number("1e400")), "1e400");
        check(number("1e400").multiply(number("1e-400")), "1");
        check(number("1e30").multiply(number("1e30")), "1e60");
        check(number("99999999999999999999").multiply(number("99999999999999999999")), "none");
        check(Decimal::parse("1e99999"), "none");
        check(number("-12.50").abs(), "12.5");
    }

    #[test]
    fn quotients_end_or_are_rounded() {
        check(number("10").divide(number("4")), "2.5");
        check(number("1").divide(number("3")), "0.33333333333333333333");
        check(number("2").divide(number("3")), "0.66666666666666666667");
        check(number("-1").divide(number("8")), "-0.125");
        check(number("1").divide(number("0.0")), "none");
        check(number("1e-3").divide(number("1e3")), "0.000001");
    }

    #[test]
    fn rounding_has_a_direction() {
        for (text, nearest, floor, ceil) in [
            ("2.5", "3", "2", "3"),
            ("-2.5", "-3", "-3", "-2"),
            ("2.4", "2", "2", "3"),
            ("-2.6", "-3", "-3", "-2"),
            ("7", "7", "7", "7"),
            ("1e-300", "0", "0", "1"),
            ("-1e-300", "0", "-1", "0"),
            ("1e300", "1e300", "1e300", "1e300"),
        ] {
            check(number(text).round(Rounding::Nearest, 0), nearest);
            check(number(text).round(Rounding::Floor, 0), floor);
            check(number(text).round(Rounding::Ceil, 0), ceil);
        }
        check(number("3.14159").round(Rounding::Nearest, 2), "3.14");
        check(number("1250").round(Rounding::Nearest, -2), "1300");
    }

    #[test]
    fn text_is_plain_while_it_is_short() {
        for (text, expected) in
            [("-0", "0"), ("1.50", "1.5"), ("1e2", "100"), ("1e-5", "0.00001"), ("12e-30", "1.2e-29")]
        {
            assert_eq!(number(text).to_json(), expected);
        }
    }
}
