//! Durations in requests and answers: `"1m"`, `"90s"`, `"1500ms"`, or a number of milliseconds. Not here: how one is
//! written (`domain::units`).

use std::time::Duration;

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

use crate::domain::units::parse_duration;
use crate::domain::units::show_duration;

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
        show_duration(Duration::from_millis(self.0))
    }

    /// One whole number and one unit.
    fn parse(text: &str) -> Option<Self> {
        parse_duration(text).ok().and_then(|duration| u64::try_from(duration.as_millis()).ok()).map(Self)
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

    /// What the pattern lets through is a duration, however long.
    #[test]
    fn what_fits_the_pattern_is_read() {
        for longest in ["999999999999 ms", "999999999999s", "999999999 m", "99999999h", "999999 d", "0s"] {
            assert!(Wait::parse(longest).is_some(), "{longest}");
        }
        assert_eq!(Wait::parse("1500ms"), Some(Wait(1500)));
        assert_eq!((Wait(0).show(), Wait(90_000).show()), ("0s".to_owned(), "90s".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(millis: u64) {
            prop_assert_eq!(Wait::parse(&Wait(millis).show()), Some(Wait(millis)));
        }
    }
}
