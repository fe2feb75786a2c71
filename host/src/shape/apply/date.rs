//! Dates: from ISO 8601, unix seconds or milliseconds, or a format, to any of these. UTC unless the
//! text says otherwise. Not here: the present, which nothing in this room knows.

use jiff::Timestamp;
use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::shape::number::Decimal;
use crate::shape::number::Rounding;
use crate::shape::value::Value;

/// How a date is read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateStep {
    /// `None`: by its looks.
    pub(crate) from: Option<DateForm>,
    pub(crate) to: DateForm,
}

/// A way to write an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// RFC 3339 with `Z`; a fraction only if there is one.
    Iso,
    UnixSeconds,
    UnixMillis,
    /// `strftime`.
    Format(Box<str>),
}

impl DateForm {
    /// `iso`, `unix`, `unix_ms`, or a format with a `%`, tried on an instant.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "iso" => Ok(Self::Iso),
            "unix" => Ok(Self::UnixSeconds),
            "unix_ms" => Ok(Self::UnixMillis),
            _ if text.contains('%') => {
                let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                match strtime::format(text, &sample) {
                    Ok(_) => Ok(Self::Format(text.into())),
                    Err(error) => Err(format!("`{text}` is not a date format: {error}")),
                }
            }
            _ => Err(format!(
                "`{text}` is not a date form: use iso, unix, unix_ms or a format such as %Y-%m-%d"
            )),
        }
    }
}

pub(super) fn run<'v>(step: &DateStep, value: &Value<'_>) -> Result<Value<'v>, String> {
    let instant = read(step.from.as_ref(), value)?;
    Ok(match &step.to {
        DateForm::Iso => Value::owned_text(instant.to_string()),
        DateForm::UnixSeconds => Value::Number(instant.as_second().to_string().into()),
        DateForm::UnixMillis => Value::Number(instant.as_millisecond().to_string().into()),
        DateForm::Format(format) => {
            let zoned = instant.to_zoned(TimeZone::UTC);
            Value::owned_text(strtime::format(&**format, &zoned).map_err(|error| format!("date: {error}"))?)
        }
    })
}

fn read(from: Option<&DateForm>, value: &Value<'_>) -> Result<Timestamp, String> {
    let text = value.plain_text().ok_or("date needs a string or a number")?;
    let text = text.trim();
    let number = Decimal::parse(text).filter(|_| !text.is_empty() && text != "-");
    match (from, number) {
        (None | Some(DateForm::Iso), None) | (Some(DateForm::Iso), Some(_)) => iso(text),
        (None, Some(number)) => {
            // Seconds until the year 5138, milliseconds from 1973 on.
            let seconds = number.abs().and_then(|size| size.round(Rounding::Floor, 0)?.to_integer());
            unix(number, seconds.is_some_and(|seconds| seconds >= 100_000_000_000))
        }
        (Some(DateForm::UnixSeconds), Some(number)) => unix(number, false),
        (Some(DateForm::UnixMillis), Some(number)) => unix(number, true),
        (Some(DateForm::UnixSeconds | DateForm::UnixMillis), None) => {
            Err(format!("date: `{}` is not a number", crate::shape::fault::bounded(text)))
        }
        (Some(DateForm::Format(format)), _) => by_format(format, text),
    }
}

fn unix(number: Decimal, millis: bool) -> Result<Timestamp, String> {
    let scale = Decimal::from_integer(if millis { 1 } else { 1000 });
    let millis = number.multiply(scale).and_then(|number| number.round(Rounding::Floor, 0)?.to_integer());
    millis
        .and_then(|millis| Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok())
        .ok_or_else(|| "date: the number is beyond the year 9999".to_owned())
}

/// With an offset or `Z`; without one, UTC; a day alone is its midnight.
fn iso(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    text.parse::<civil::DateTime>()
        .and_then(|local| local.to_zoned(TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| format!("date: `{}` is not an ISO 8601 date", crate::shape::fault::bounded(text)))
}

fn by_format(format: &str, text: &str) -> Result<Timestamp, String> {
    let wrong =
        || format!("date: `{}` does not fit the format `{format}`", crate::shape::fault::bounded(text));
    let parsed = strtime::parse(format, text).map_err(|_| wrong())?;
    if let Ok(instant) = parsed.to_timestamp() {
        return Ok(instant);
    }
    let local = parsed.to_datetime().or_else(|_| parsed.to_date().map(civil::Date::into));
    local
        .and_then(|local: civil::DateTime| local.to_zoned(TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| wrong())
}
