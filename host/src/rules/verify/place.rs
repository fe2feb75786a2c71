//! Finds signatures and timestamps where a scheme says they are.

use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::domain::verification::Pairs;
use crate::domain::verification::Scheme;
use crate::domain::verification::SignaturePlace;
use crate::domain::verification::TimeUnit;
use crate::domain::verification::TimestampPlace;
use crate::rules::verify::Request;
use crate::rules::verify::VerifyError;

/// Numbers above this are taken for milliseconds: as seconds they are beyond the year 5000.
const SECONDS_MAX: u64 = 100_000_000_000;

/// The first of these headers that is there.
pub(super) fn header<'a>(headers: &'a Headers, names: &[String]) -> Option<&'a str> {
    names.iter().find_map(|name| headers.get(name))
}

/// Every signature in the request, as text without its prefix.
pub(super) fn signatures<'a>(
    place: &'a SignaturePlace,
    headers: &'a Headers,
) -> Result<Vec<&'a str>, VerifyError> {
    let shown = || place.headers.join("` or `");
    let value =
        header(headers, &place.headers).ok_or_else(|| VerifyError::MissingSignature { header: shown() })?;
    let found: Vec<&str> = match &place.pairs {
        Some(pairs) => values(pairs, value, &pairs.signature).collect(),
        None => {
            let one = |text: &'a str| text.trim().strip_prefix(place.prefix.as_str());
            match &place.separator {
                Some(separator) => value.split(separator.as_str()).filter_map(one).collect(),
                None => one(value).into_iter().collect(),
            }
        }
    };
    if found.is_empty() {
        return Err(VerifyError::MalformedSignature { header: shown(), wanted: wanted(place) });
    }
    Ok(found)
}

fn wanted(place: &SignaturePlace) -> String {
    match &place.pairs {
        Some(pairs) => format!(
            "pairs such as `{}{}…`, separated by `{}`",
            pairs.signature, pairs.equals, pairs.separator
        ),
        None => format!("`{}` and the signature", place.prefix),
    }
}

fn values<'a>(pairs: &'a Pairs, header: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    header.split(pairs.separator.as_str()).filter_map(move |pair| {
        let (name, value) = pair.split_once(pairs.equals.as_str())?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// The time of signing as it was written, and as an instant; checked against now.
pub(super) fn timestamp<'a>(
    scheme: &'a Scheme,
    request: &Request<'a>,
    now: Timestamp,
) -> Result<Option<&'a str>, VerifyError> {
    let Some(place) = &scheme.timestamp else { return Ok(None) };
    let text = timestamp_text(scheme, place, request);
    let parsed = text.and_then(|text| Some((text, instant(text, place.unit)?)));
    let (text, seen) =
        parsed.ok_or_else(|| VerifyError::MissingTimestamp { wanted: timestamp_wanted(scheme, place) })?;
    let apart = seen.since(now).max(now.since(seen));
    if apart.as_secs() > place.tolerance_s {
        return Err(VerifyError::TimestampOutOfTolerance { seen, now, tolerance_s: place.tolerance_s });
    }
    Ok(Some(text))
}

fn timestamp_text<'a>(
    scheme: &'a Scheme,
    place: &'a TimestampPlace,
    request: &Request<'a>,
) -> Option<&'a str> {
    if let Some(path) = &place.body_path {
        return top_level(request.body, path.strip_prefix("$.")?);
    }
    if !place.headers.is_empty() {
        return header(request.headers, &place.headers);
    }
    let pairs = scheme.signature.pairs.as_ref()?;
    let value = header(request.headers, &scheme.signature.headers)?;
    values(pairs, value, pairs.timestamp.as_deref()?).next()
}

fn timestamp_wanted(scheme: &Scheme, place: &TimestampPlace) -> String {
    let unit = match place.unit {
        TimeUnit::Auto => "unix seconds or milliseconds",
        TimeUnit::S => "unix seconds",
        TimeUnit::Ms => "unix milliseconds",
        TimeUnit::Rfc3339 => "an RFC 3339 time",
    };
    let whence = match (&place.body_path, place.headers.is_empty()) {
        (Some(path), _) => format!("in the body at `{path}`"),
        (None, false) => format!("in the header `{}`", place.headers.join("` or `")),
        (None, true) => format!("in the header `{}`", scheme.signature.headers.join("` or `")),
    };
    format!("{unit} {whence}")
}

/// A scalar member of the body's top level, as its raw text without quotes. The body is not yet
/// trusted, so nothing is built from it.
fn top_level<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    use std::collections::HashMap;
    let members: HashMap<&str, &serde_json::value::RawValue> = serde_json::from_slice(body).ok()?;
    members.get(key).map(|raw| raw.get().trim_matches('"'))
}

fn instant(text: &str, unit: TimeUnit) -> Option<Timestamp> {
    if unit == TimeUnit::Rfc3339 {
        return text.parse().ok();
    }
    let number: u64 = text.parse().ok()?;
    let millis = match unit {
        TimeUnit::Ms => number,
        TimeUnit::Auto if number > SECONDS_MAX => number,
        TimeUnit::S | TimeUnit::Auto | TimeUnit::Rfc3339 => number.checked_mul(1000)?,
    };
    Some(Timestamp::from_millis(millis))
}
