//! The order of two numbers given as JSON text, whatever their length or exponent.
//! Not here: arithmetic (`decimal`).

use std::cmp::Ordering;

/// Compares by value: `1`, `1.0` and `10e-1` are equal. Exponents beyond ±2^62 count as that.
#[inline]
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    if let (Some(left), Some(right)) = (small(left), small(right)) {
        return compare_small(left, right);
    }
    compare_any(&Spread::of(left), &Spread::of(right))
}

/// A number of at most 18 digits without exponent: mantissa and digits after the point.
type Small = (i64, u32);

#[inline]
fn small(text: &str) -> Option<Small> {
    let bytes = text.as_bytes();
    if bytes.len() > 19 {
        return None;
    }
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    if digits.len() > 18 {
        return None;
    }
    let (mut mantissa, mut scale, mut fraction) = (0_i64, 0, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale += u32::from(fraction);
            }
            b'.' => fraction = true,
            _ => return None,
        }
    }
    Some((if negative { -mantissa } else { mantissa }, scale))
}

#[inline]
fn compare_small(left: Small, right: Small) -> Ordering {
    match left.1.cmp(&right.1) {
        Ordering::Equal => left.0.cmp(&right.0),
        // At most 18 digits on either side: the product has at most 36.
        Ordering::Less => raised(left.0, right.1 - left.1).cmp(&i128::from(right.0)),
        Ordering::Greater => i128::from(left.0).cmp(&raised(right.0, left.1 - right.1)),
    }
}

fn raised(mantissa: i64, power: u32) -> i128 {
    i128::from(mantissa) * 10_i128.pow(power)
}

/// Significant digits and where the first of them stands.
struct Spread<'a> {
    negative: bool,
    /// Digits, perhaps with a point among them; none for zero.
    digits: &'a [u8],
    /// The first digit stands for that many tens: `0.d × 10^magnitude`.
    magnitude: i64,
}

impl<'a> Spread<'a> {
    fn of(text: &'a str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let whole = mantissa.find('.').unwrap_or(mantissa.len()) as i64;
        let mut digits = mantissa.as_bytes();
        let mut skipped = 0;
        while let Some((b'0' | b'.', rest)) = digits.split_first() {
            skipped += i64::from(digits[0] == b'0');
            digits = rest;
        }
        if mantissa.contains('.') {
            while let Some((b'0' | b'.', rest)) = digits.split_last() {
                digits = rest;
            }
        }
        let magnitude = (whole - skipped).saturating_add(bounded_exponent(exponent));
        Self { negative: negative && !digits.is_empty(), digits, magnitude }
    }

    fn significant(&self) -> impl Iterator<Item = u8> + '_ {
        self.digits.iter().copied().filter(|byte| *byte != b'.')
    }
}

fn bounded_exponent(text: &str) -> i64 {
    const MOST: i64 = 1 << 62;
    let (negative, digits) = match text.as_bytes().split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text.as_bytes()),
    };
    let magnitude = digits.iter().fold(0_i64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(i64::from(digit.saturating_sub(b'0'))).min(MOST)
    });
    if negative { -magnitude } else { magnitude }
}

fn compare_any(left: &Spread<'_>, right: &Spread<'_>) -> Ordering {
    let sign = |number: &Spread<'_>| match (number.digits.is_empty(), number.negative) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => 1,
    };
    let by_sign = sign(left).cmp(&sign(right));
    if by_sign != Ordering::Equal || left.digits.is_empty() {
        return by_sign;
    }
    let size = left.magnitude.cmp(&right.magnitude).then_with(|| {
        let (mut one, mut two) = (left.significant(), right.significant());
        loop {
            match (one.next(), two.next()) {
                (None, None) => return Ordering::Equal,
                // A number without further digits has zeros there.
                (a, b) => match a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    other => return other,
                },
            }
        }
    });
    if left.negative { size.reverse() } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &str, right: &str, expected: Ordering) {
        assert_eq!(compare(left, right), expected, "{left} and {right}");
        assert_eq!(compare(right, left), expected.reverse(), "{right} and {left}");
        // Both ways must agree where both apply.
        assert_eq!(compare_any(&Spread::of(left), &Spread::of(right)), expected, "{left}, {right}");
    }

    #[test]
    fn numbers_compare_by_value() {
        use Ordering::Equal;
        use Ordering::Greater;
        use Ordering::Less;
        for zero in ["0", "-0", "0.0", "-0.00", "0e9", "0.000e-400"] {
            check(zero, "0", Equal);
            check(zero, "1e-400", Less);
            check(zero, "-1e-400", Greater);
        }
        check("1", "1.0", Equal);
        check("10e-1", "1", Equal);
        check("100", "1e2", Equal);
        check("0.001", "1E-3", Equal);
        check("0.92", "0.920000000000000000001", Less);
        check("9007199254740993", "9007199254740992", Greater);
        check("123456789012345678901234567890", "123456789012345678901234567891", Less);
        check("1e400", "1e401", Less);
        check("-1e400", "1e-401", Less);
        check("-2", "-1.5", Less);
        check("1e99999999999999999999", "1e400", Greater);
        check("999999999999999999", "999999999999999999.0", Equal);
        check("100", "20", Greater);
        check("0.1", "0.09", Greater);
    }
}
