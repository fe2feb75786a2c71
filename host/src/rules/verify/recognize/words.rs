//! What a search found, or why it found nothing, in one sentence. Headers are named only where their names are plain.
//! Never a part of the secret or of a signature.

use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Scheme;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::recognize::looks::HeaderLooks;

/// What accepts it.
pub(super) fn found(presets: &[String], schemes: &[Scheme]) -> String {
    match (presets, schemes) {
        ([], [scheme]) => format!("it is {}: take it for `verification.scheme`", described(scheme)),
        ([], [scheme, ..]) => {
            format!("{} schemes accept it, the likeliest is {}", schemes.len(), described(scheme))
        }
        ([preset], _) => format!("the preset `{preset}` accepts it: take it for `verification.preset`"),
        (several, _) => {
            format!("the presets `{}` accept it: take that of the provider", several.join("`, `"))
        }
    }
}

/// What accepts another body.
pub(super) fn found_changed(how: &str, found: &str) -> String {
    format!("the body is not as it was signed: {how}, {found}")
}

/// That a source would not take it any more, though what accepts it is right.
pub(super) fn out_of_time(signed_at: Timestamp, tolerance_s: u64) -> String {
    format!(
        "; this sample was signed at {signed_at}, so a source refuses it now: it takes what is signed at most {tolerance_s} s before or after"
    )
}

/// Why nothing does.
pub(super) fn nothing(
    request: &SignedRequest<'_>,
    looks: &HeaderLooks,
    tries: usize,
    is_cut: bool,
) -> String {
    let Some(look) = looks.signatures.first() else {
        return format!(
            "nothing accepts it: none of its {} headers looks like a signature (an HMAC in hexadecimal or base 64) or is the secret; give all headers of the request",
            request.headers.0.len()
        );
    };
    let headers: Vec<&str> =
        looks.signatures.iter().flat_map(|look| &look.place.headers).map(String::as_str).collect();
    let mut headers = headers;
    headers.dedup();
    let cut = if is_cut { ", which is as much as is tried" } else { "" };
    let url = if request.url.is_empty() { "; if the provider signs its URL, give `url`" } else { "" };
    format!(
        "nothing accepts it: `{}` looks like {}, and none of {tries} tries{cut} matches: likely the secret is another one, or the body is not byte for byte as it was sent{url}",
        headers.join("`, `"),
        name(look.algorithm)
    )
}

fn described(scheme: &Scheme) -> String {
    let header = scheme.signature.headers.join("`, `");
    match scheme.algorithm {
        Algorithm::Token => format!("the secret itself in the header `{header}`"),
        algorithm => {
            let unsigned =
                if scheme.signed.contains("{body") { "" } else { ", which does not vouch for the body" };
            format!("{} of `{}` in the header `{header}`{unsigned}", name(algorithm), scheme.signed)
        }
    }
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HmacSha1 => "HMAC-SHA1",
        Algorithm::HmacSha256 => "HMAC-SHA256",
        Algorithm::HmacSha512 => "HMAC-SHA512",
        Algorithm::Ed25519 => "Ed25519",
        Algorithm::EcdsaP256 => "ECDSA",
        Algorithm::RsaSha256 => "RSA",
        Algorithm::Token => "a token",
    }
}
