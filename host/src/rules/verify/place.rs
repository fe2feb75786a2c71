//! Finds signatures and timestamps where a scheme says they are.

use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::domain::verification::Pairs;
use crate::domain::verification::Scheme;
use crate::domain::verification::SignaturePlace;
use crate::domain::verification::TimeUnit;
use crate::domain::verification::TimestampPlace;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::VerifyError;
use crate::rules::verify::body_member;
use crate::rules::verify::signed::SignedPiece;

/// Numbers above this are taken for milliseconds: as seconds they are beyond the year 5000.
const SECONDS_MAX: u64 = 100_000_000_000;

/// Signatures that are tried at most; more are no provider's.
const SIGNATURES_MAX: usize = 16;

/// What a scheme gets wrong about places, added to `faults`.
pub(super) fn faults(scheme: &Scheme, pieces: &[SignedPiece], faults: &mut Vec<String>) {
    let place = &scheme.signature;
    if place.headers.is_empty() {
        faults.push("the scheme names no header for the signature".to_owned());
    }
    let empty = |text: &Option<String>| text.as_deref() == Some("");
    let pairs = place.pairs.as_ref();
    if empty(&place.separator)
        || pairs.is_some_and(|pairs| pairs.separator.is_empty() || pairs.equals.is_empty())
    {
        faults.push(
            "a separator in the scheme is empty; leave it out, or write what stands between".to_owned(),
        );
    }
    if pieces.contains(&SignedPiece::Timestamp) && scheme.timestamp.is_none() {
        faults.push("the scheme signs {timestamp} but does not say where the timestamp is".to_owned());
    }
    if pieces.contains(&SignedPiece::Id) && scheme.id_header.is_none() {
        faults.push("the scheme signs {id} but names no id_header".to_owned());
    }
    let Some(timestamp) = &scheme.timestamp else { return };
    let in_pairs = pairs.is_some_and(|pairs| pairs.timestamp.is_some());
    match &timestamp.body_path {
        Some(path) if key_of(path).is_none() => {
            faults.push(format!("`{path}` is not a top-level path such as $.sentAt"));
        }
        None if timestamp.headers.is_empty() && !in_pairs => {
            faults
                .push("the scheme has a timestamp but no header, pair or body_path that holds it".to_owned());
        }
        _ => {}
    }
}

/// All values of these headers, in the order of the names.
fn values_of<'a>(headers: &'a Headers, names: &'a [String]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(|name| headers.get_all(name))
}

/// Every signature in the request, as text without its prefix; from all of the headers, since
/// some providers use one header per secret.
pub(super) fn signatures<'a>(
    place: &'a SignaturePlace,
    headers: &'a Headers,
) -> Result<Vec<&'a str>, VerifyError> {
    let mut found = Vec::with_capacity(2);
    let mut seen = false;
    for value in values_of(headers, &place.headers) {
        seen = true;
        let bare = |text: &'a str| text.trim().strip_prefix(place.prefix.as_str());
        match (&place.pairs, &place.separator) {
            (Some(pairs), _) => found.extend(values(pairs, value, &pairs.signature)),
            (None, Some(separator)) => found.extend(value.split(separator.as_str()).filter_map(bare)),
            (None, None) => found.extend(bare(value)),
        }
    }
    found.truncate(SIGNATURES_MAX);
    let shown = || place.headers.join("` or `");
    match (found.is_empty(), seen) {
        (false, _) => Ok(found),
        (true, false) => Err(VerifyError::MissingSignature { header: shown() }),
        (true, true) => Err(VerifyError::MalformedSignature { header: shown(), wanted: wanted(place) }),
    }
}

/// The message's id where the scheme signs one. `webhook-id` and `svix-id` stand for each other,
/// as their senders use either.
pub(super) fn id<'a>(scheme: &Scheme, request: &SignedRequest<'a>) -> Result<&'a str, VerifyError> {
    let Some(name) = &scheme.id_header else { return Ok("") };
    let other = match name.as_str() {
        "webhook-id" => "svix-id",
        "svix-id" => "webhook-id",
        same => same,
    };
    let found = request.headers.get(name).or_else(|| request.headers.get(other));
    found.ok_or_else(|| VerifyError::MissingId { header: name.clone() })
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
    request: &SignedRequest<'a>,
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
    request: &SignedRequest<'a>,
) -> Option<&'a str> {
    if let Some(path) = &place.body_path {
        return body_member::scalar(request.body, key_of(path)?);
    }
    if !place.headers.is_empty() {
        return values_of(request.headers, &place.headers).next().map(str::trim);
    }
    let pairs = scheme.signature.pairs.as_ref()?;
    let key = pairs.timestamp.as_deref()?;
    values_of(request.headers, &scheme.signature.headers).find_map(|value| values(pairs, value, key).next())
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

/// The key in `$.key`; deeper paths are not known here.
fn key_of(path: &str) -> Option<&str> {
    let key = path.strip_prefix("$.")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!key.is_empty() && key.bytes().all(plain)).then_some(key)
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
