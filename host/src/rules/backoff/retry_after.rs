//! What a receiver asks for (RFC 9110 §10.2.3): seconds, or a date.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

/// No receiver can ask for a longer wait.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// The three forms of an HTTP date (RFC 9110 §5.6.7), all in UTC; the last two are obsolete and
/// must still be read.
const DATES: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// How long to wait from `now` on: at most [`RETRY_AFTER_MAX`], zero for a date that has passed,
/// `None` for anything that is neither seconds nor a date.
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = DATES.iter().find_map(|form| date(form, text))?;
        let instant = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Timestamp::from_millis(u64::try_from(instant.as_millisecond()).ok()?).since(now)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

fn date(form: &str, text: &str) -> Option<DateTime> {
    strtime::parse(form, text).ok()?.to_datetime().ok()
}
