//! Schemes that a sample may have been signed by, the likely ones first. Not here: whether one was.

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::domain::verification::Scheme;
use crate::domain::verification::SecretEncoding;
use crate::domain::verification::SignaturePlace;
use crate::domain::verification::TimestampPlace;
use crate::rules::verify::coding;
use crate::rules::verify::recognize::looks;
use crate::rules::verify::recognize::looks::HeaderLooks;
use crate::rules::verify::recognize::looks::SignatureLook;

/// What is signed, by what else is there.
const PLAIN: [&str; 1] = ["{body}"];
const WITH_URL: [&str; 5] =
    ["{url}{body}", "{method}{url}{body}", "{method}{path}{body}", "{body}{url}", "{url}"];
const WITH_TIME: [&str; 6] = [
    "{timestamp}.{body}",
    "{timestamp}{body}",
    "{timestamp}:{body}",
    "v0:{timestamp}:{body}",
    "{body}{timestamp}",
    "{body}.{timestamp}",
];
const WITH_URL_AND_TIME: [&str; 4] = [
    "{timestamp}{url}{body}",
    "{timestamp}{method}{path}{body}",
    "{method}{path}{timestamp}{body}",
    "{method}{url}{body}{timestamp}",
];
const WITH_ID_AND_TIME: [&str; 2] = ["{id}.{timestamp}.{body}", "{id}{timestamp}{body}"];
const WITH_ID: [&str; 2] = ["{id}.{body}", "{id}{body}"];

/// Headers whose values may be tokens.
const TOKENS_MAX: usize = 40;

/// The prefix of secrets in Standard Webhooks.
const WHSEC: &str = "whsec_";

/// Each header as one that carries the secret itself, after a word such as `Bearer` if there is one.
pub(super) fn tokens(headers: &Headers) -> Vec<Scheme> {
    let plain = headers.0.iter().filter(|(name, value)| looks::is_plain(name, value) && !value.is_empty());
    let scheme = |(name, value): &(String, String)| {
        let prefix = value.trim().find(' ').map_or("", |end| &value.trim()[..=end]).to_owned();
        let signature = SignaturePlace { headers: vec![name.clone()], prefix, pairs: None, separator: None };
        scheme_of(Algorithm::Token, Encoding::default(), signature, "{body}")
    };
    plain.take(TOKENS_MAX).map(scheme).collect()
}

/// Each signature with all that may have been signed, and all that the secret may be.
pub(super) fn signed(looks: &HeaderLooks, secret: &Secret, has_url: bool) -> Vec<Scheme> {
    let mut schemes = Vec::new();
    for encoding in encodings(secret.expose()) {
        for look in &looks.signatures {
            let with_secret = contents(look, looks, has_url).into_iter();
            schemes.extend(with_secret.map(|scheme| Scheme { secret: encoding.clone(), ..scheme }));
        }
    }
    schemes
}

fn contents(look: &SignatureLook, looks: &HeaderLooks, has_url: bool) -> Vec<Scheme> {
    let scheme = |signed: &&str| scheme_of(look.algorithm, look.encoding, look.place.clone(), signed);
    let with_time =
        |time: &TimestampPlace, scheme: Scheme| Scheme { timestamp: Some(time.clone()), ..scheme };
    let with_id = |id: &String, scheme: Scheme| Scheme { id_header: Some(id.clone()), ..scheme };
    let mut schemes: Vec<Scheme> = PLAIN.iter().map(scheme).collect();
    if has_url {
        schemes.extend(WITH_URL.iter().map(scheme));
    }
    // The time in the same header is the likely one.
    let times: Vec<&TimestampPlace> = look.timestamp.iter().chain(&looks.times).collect();
    for time in &times {
        let with_url = if has_url { &WITH_URL_AND_TIME[..] } else { &[] };
        let signed = WITH_TIME.iter().chain(with_url);
        schemes.extend(signed.map(scheme).map(|scheme| with_time(time, scheme)));
    }
    for id in &looks.ids {
        for time in &times {
            let both = |scheme| with_id(id, with_time(time, scheme));
            schemes.extend(WITH_ID_AND_TIME.iter().map(scheme).map(both));
        }
        schemes.extend(WITH_ID.iter().map(scheme).map(|scheme| with_id(id, scheme)));
    }
    schemes
}

fn scheme_of(algorithm: Algorithm, encoding: Encoding, signature: SignaturePlace, signed: &str) -> Scheme {
    Scheme {
        algorithm,
        encoding,
        signature,
        signed: signed.to_owned(),
        timestamp: None,
        id_header: None,
        body_digest_param: None,
        secret: SecretEncoding::Utf8,
        fail_status: Scheme::default_fail_status(),
    }
}

/// What the text of a secret may stand for.
fn encodings(secret: &str) -> Vec<SecretEncoding> {
    let is = |encoding, text: &str| coding::bytes(encoding, text).is_some_and(|bytes| !bytes.is_empty());
    let mut found = vec![SecretEncoding::Utf8];
    match secret.strip_prefix(WHSEC) {
        Some(rest) if is(Encoding::Base64, rest) => {
            found.push(SecretEncoding::Base64AfterPrefix(WHSEC.to_owned()));
        }
        None if is(Encoding::Base64, secret) => found.push(SecretEncoding::Base64),
        _ => {}
    }
    if is(Encoding::Hex, secret) {
        found.push(SecretEncoding::Hex);
    }
    found
}
