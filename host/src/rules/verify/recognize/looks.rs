//! Which headers of a sample look like a signature, a time of signing, or a message's id. Only their form is looked at.
//! Not here: what may have been signed (`candidates`).

use crate::domain::event::Headers;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::domain::verification::Pairs;
use crate::domain::verification::SignaturePlace;
use crate::domain::verification::TimeUnit;
use crate::domain::verification::TimestampPlace;
use crate::rules::verify::coding;

/// Of each kind, at most so many are looked at.
const SIGNATURES_MAX: usize = 5;
const TIMES_MAX: usize = 2;
const IDS_MAX: usize = 3;

/// Bytes of a header's name and value that can be any of them.
const NAME_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 1024;
const ID_BYTES_MAX: usize = 200;

/// Bytes that may stand before a signature, such as `sha256=`.
const PREFIX_BYTES_MAX: usize = 24;

/// Characters of the longest tag, and of the longest time.
const TAG_CHARS_MAX: usize = 128;
const TIME_CHARS_MAX: usize = 40;

/// Words in the names of headers with ids.
const ID_WORDS: [&str; 6] = ["id", "uuid", "guid", "delivery", "nonce", "messageid"];

/// Something that looks like an HMAC.
#[derive(Clone, Debug)]
pub(super) struct SignatureLook {
    /// Where it is.
    pub(super) place: SignaturePlace,
    /// By its length.
    pub(super) algorithm: Algorithm,
    /// How it is written.
    pub(super) encoding: Encoding,
    /// The time that stands in the same header.
    pub(super) timestamp: Option<TimestampPlace>,
}

/// What the headers look like.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderLooks {
    pub(super) signatures: Vec<SignatureLook>,
    pub(super) times: Vec<TimestampPlace>,
    pub(super) ids: Vec<String>,
}

/// Looks at them, in their order.
pub(super) fn of(headers: &Headers) -> HeaderLooks {
    let mut looks = HeaderLooks::default();
    for (name, value) in headers.0.iter().filter(|(name, value)| is_plain(name, value)) {
        let found = signatures(name, value.trim());
        if !found.is_empty() {
            looks.signatures.extend(found);
        } else if let Some(unit) = unit(value.trim()) {
            looks.times.push(time_place(vec![name.clone()], unit));
        } else if is_id(name, value) {
            looks.ids.push(name.clone());
        }
    }
    looks.signatures.truncate(SIGNATURES_MAX);
    looks.times.truncate(TIMES_MAX);
    looks.ids.truncate(IDS_MAX);
    looks
}

/// Whether a header can be part of a scheme, and its name be shown as it is.
pub(super) fn is_plain(name: &str, value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) && value.len() <= VALUE_BYTES_MAX
}

fn is_id(name: &str, value: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&value.len())
        && name.split(['-', '_']).any(|word| ID_WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

fn time_place(headers: Vec<String>, unit: TimeUnit) -> TimestampPlace {
    let tolerance_s = TimestampPlace::default_tolerance();
    TimestampPlace { headers, body_path: None, unit, tolerance_s }
}

/// The unit of what looks like a time of signing.
fn unit(text: &str) -> Option<TimeUnit> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        10 if digits => Some(TimeUnit::S),
        13 if digits => Some(TimeUnit::Ms),
        ..=TIME_CHARS_MAX if !digits => text.parse::<Timestamp>().ok().map(|_| TimeUnit::Rfc3339),
        _ => None,
    }
}

/// Algorithm and encoding of what looks like a tag.
fn tag_form(text: &str) -> Option<(Algorithm, Encoding)> {
    if text.len() > TAG_CHARS_MAX {
        return None;
    }
    let of_bytes = |count: usize| match count {
        20 => Some(Algorithm::HmacSha1),
        32 => Some(Algorithm::HmacSha256),
        64 => Some(Algorithm::HmacSha512),
        _ => None,
    };
    let is_url_safe = text.contains(['-', '_']);
    let coded = if is_url_safe { Encoding::Base64url } else { Encoding::Base64 };
    [Encoding::Hex, coded].into_iter().find_map(|encoding| {
        let bytes = coding::bytes(encoding, text)?;
        of_bytes(bytes.len()).map(|algorithm| (algorithm, encoding))
    })
}

/// The signatures that a header seems to have: the whole value, pairs, or one or several after a prefix.
fn signatures(name: &str, value: &str) -> Vec<SignatureLook> {
    let look =
        |(algorithm, encoding), prefix: &str, pairs, separator: Option<&str>, timestamp| SignatureLook {
            place: SignaturePlace {
                headers: vec![name.to_owned()],
                prefix: prefix.to_owned(),
                pairs,
                separator: separator.map(str::to_owned),
            },
            algorithm,
            encoding,
            timestamp,
        };
    if let Some(form) = tag_form(value) {
        return vec![look(form, "", None, None, None)];
    }
    for separator in [",", ";", " ", "&"] {
        let Some(parts) = pairs(value, separator) else { continue };
        let time = parts.iter().find_map(|(key, value)| Some((*key, unit(value)?)));
        let tags = parts.iter().filter_map(|(key, value)| Some((*key, tag_form(value)?)));
        let found = tags.map(|(key, form)| {
            let pairs = Pairs {
                separator: separator.to_owned(),
                equals: "=".to_owned(),
                signature: key.to_owned(),
                timestamp: time.map(|(key, _)| key.to_owned()),
            };
            look(form, "", Some(pairs), None, time.map(|(_, unit)| time_place(Vec::new(), unit)))
        });
        let found: Vec<SignatureLook> = found.collect();
        if !found.is_empty() {
            return found;
        }
    }
    // The first of several that stand one after the other, as in Standard Webhooks.
    let first = value.split(' ').next().unwrap_or(value);
    if let Some((prefix, form)) = after_prefix(first) {
        let several = first.len() < value.len() || prefix.ends_with(',');
        return vec![look(form, prefix, None, several.then_some(" "), None)];
    }
    after_prefix(value).map(|(prefix, form)| look(form, prefix, None, None, None)).into_iter().collect()
}

/// The value as pairs, if it is two or more.
fn pairs<'v>(value: &'v str, separator: &str) -> Option<Vec<(&'v str, &'v str)>> {
    let pair = |part: &'v str| part.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
    let parts: Vec<_> = value.split(separator).map(pair).collect::<Option<_>>()?;
    let named = parts.iter().all(|(key, _)| !key.is_empty());
    (parts.len() > 1 && named).then_some(parts)
}

/// What stands before a tag, and its form.
fn after_prefix(value: &str) -> Option<(&str, (Algorithm, Encoding))> {
    let ends = value.match_indices(['=', ',', ':', ' ']).map(|(at, _)| at + 1);
    let mut ends = ends.take_while(|end| *end <= PREFIX_BYTES_MAX);
    ends.find_map(|end| {
        let (prefix, tag) = value.split_at(end);
        tag_form(tag).map(|form| (prefix, form))
    })
}
