//! Durations in requests and answers: `"1m"`, `"90s"`, `"1500ms"`, or a number of milliseconds.

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error as _;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OneOfBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
/// No number of a unit is so long that its milliseconds are none.
const PATTERN: &str = "^([0-9]{1,12} ?(ms|s)|[0-9]{1,9} ?m|[0-9]{1,8} ?h|[0-9]{1,6} ?d)$";
/// Longer than anything waits, milliseconds: a hundred years.
const MILLIS_MAX: u64 = 100 * 365 * 86_400_000;

/// Milliseconds of a duration in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub u64);

impl Wait {
    /// As it is shown: in the largest unit that holds it whole.
    pub(crate) fn show(self) -> String {
        let fitting = UNITS.into_iter().find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (name, unit) = fitting.unwrap_or(("s", 1000));
        format!("{}{name}", self.0 / unit)
    }

    /// One whole number and one unit.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit.trim_start())?;
        number.parse::<u64>().ok()?.checked_mul(millis).map(Self)
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Millis(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Millis(millis) => Ok(Self(millis)),
            Written::Text(text) => Self::parse(&text).ok_or_else(|| D::Error::custom("no duration")),
        }
    }
}

impl PartialSchema for Wait {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN));
        let millis = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(MILLIS_MAX))
            .description(Some("Milliseconds."));
        OneOfBuilder::new()
            .description(Some(r#"A duration such as "90s", "5m" or "24h", or milliseconds."#))
            .item(text)
            .item(millis)
            .into()
    }
}

impl ToSchema for Wait {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_writes() {
        fn check(text: &str, expected: Option<u64>) {
            assert_eq!(Wait::parse(text).map(|wait| wait.0), expected, "{text}");
        }
        check("1m", Some(60_000));
        check("30 s", Some(30_000));
        check("1500ms", Some(1500));
        check("0s", Some(0));
        check("2d", Some(172_800_000));
        for wrong in
            ["", "5", "m", "-1s", "1.5h", "1h30m", "1M", "99999999999999999999s", "300000000000000000d"]
        {
            check(wrong, None);
        }
        assert_eq!(Wait(0).show(), "0s");
        assert_eq!(Wait(90_000).show(), "90s");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(millis: u64) {
            prop_assert_eq!(Wait::parse(&Wait(millis).show()), Some(Wait(millis)));
        }
    }
}
