//! Which scheme signed a sample, when its secret is known: the presets first, then what providers usually do. Pure, and
//! bounded in work. Not here: where the secret comes from (`control`), checking requests that come in (`prepared`).

mod candidates;
mod changed;
mod looks;
#[cfg(test)]
mod tests;
mod words;

use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::time::Timestamp;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::VerifyError;
use crate::rules::verify::presets::Preset;
use crate::rules::verify::presets::Presets;
use crate::rules::verify::presets::presets;

/// Bytes of a sample's body, at most: it is hashed once for each try.
pub const SAMPLE_BYTES_MAX: usize = 64 << 10;

/// Tries of one search.
const TRIES_MAX: usize = 2000;

/// Schemes that are answered.
const SCHEMES_MAX: usize = 8;

/// What accepts a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// Names of presets.
    pub presets: Vec<String>,
    /// Those of the presets, or others.
    pub schemes: Vec<Scheme>,
    /// What was found, or why nothing was. Nothing of the secret, and no signature.
    pub says: String,
}

/// Finds what accepts this request with that secret, however old it is; if it is too old for a source at `now`, it says so.
/// The caller keeps the body within [`SAMPLE_BYTES_MAX`].
pub fn recognize(request: &SignedRequest<'_>, secret: &Secret, now: Timestamp) -> Recognition {
    let looks = looks::of(request.headers);
    let mut search = Search {
        presets: presets(),
        tokens: candidates::tokens(request.headers),
        candidates: candidates::signed(&looks, secret, !request.url.is_empty()),
        secret,
        left: TRIES_MAX,
    };
    if let Some((presets, schemes)) = search.accepting(request) {
        let says = words::found(&presets, &schemes) + &age(&schemes, secret, request, now);
        return Recognition { presets, schemes, says };
    }
    // A token vouches for any body.
    search.tokens.clear();
    for changed in changed::bodies(request.body) {
        let request = SignedRequest { body: &changed.body, ..*request };
        if let Some((presets, schemes)) = search.accepting(&request) {
            let found = words::found(&presets, &schemes) + &age(&schemes, secret, &request, now);
            let says = words::found_changed(changed.how, &found);
            return Recognition { presets, schemes, says };
        }
    }
    let says = words::nothing(request, &looks, TRIES_MAX - search.left, search.left == 0);
    Recognition { presets: Vec::new(), schemes: Vec::new(), says }
}

/// What is tried, and how much of it still may be.
struct Search<'s> {
    presets: Presets,
    tokens: Vec<Scheme>,
    candidates: Vec<Scheme>,
    secret: &'s Secret,
    left: usize,
}

impl Search<'_> {
    /// The presets that accept a request with their schemes; without any, other schemes; `None` if there are none.
    fn accepting(&mut self, request: &SignedRequest<'_>) -> Option<(Vec<String>, Vec<Scheme>)> {
        let (secret, left) = (self.secret, &mut self.left);
        let mut accepts = |scheme: &Scheme| accepts(scheme, secret, request, left);
        let known: Vec<&Preset> = self.presets.all().filter(|preset| accepts(&preset.scheme)).collect();
        let names = known.iter().map(|preset| preset.name.clone()).collect();
        let mut schemes: Vec<Scheme> = Vec::new();
        for preset in known {
            if !schemes.contains(&preset.scheme) {
                schemes.push(preset.scheme.clone());
            }
        }
        if schemes.is_empty() {
            let others = self.tokens.iter().chain(&self.candidates);
            schemes.extend(others.filter(|scheme| accepts(scheme)).take(SCHEMES_MAX).cloned());
        }
        (!schemes.is_empty()).then_some((names, schemes))
    }
}

/// Whether a scheme accepts a request, however old it is; `false` once all tries are used up.
fn accepts(scheme: &Scheme, secret: &Secret, request: &SignedRequest<'_>, left: &mut usize) -> bool {
    // What has no signature there costs nothing.
    let is_there = |header: &String| request.headers.get(header).is_some();
    if *left == 0 || !scheme.signature.headers.iter().any(is_there) {
        return false;
    }
    *left -= 1;
    let mut scheme = scheme.clone();
    if let Some(timestamp) = &mut scheme.timestamp {
        timestamp.tolerance_s = u64::MAX;
    }
    check(scheme, secret, request, Timestamp::from_millis(0)) == Some(Ok(()))
}

/// What a source with this scheme would say at that time; `None` if it takes no such secret.
fn check(
    scheme: Scheme,
    secret: &Secret,
    request: &SignedRequest<'_>,
    now: Timestamp,
) -> Option<Result<(), VerifyError>> {
    let secrets = vec![StoredSecret(secret.clone())];
    let verification = Verification { preset: None, scheme, secrets, verify_token: None };
    Some(PreparedVerification::prepare(&verification).ok()?.verify(request, now))
}

/// In words, if the sample is too old for the likeliest of the schemes that accept it.
fn age(schemes: &[Scheme], secret: &Secret, request: &SignedRequest<'_>, now: Timestamp) -> String {
    let checked = schemes.first().and_then(|scheme| check(scheme.clone(), secret, request, now));
    match checked {
        Some(Err(VerifyError::TimestampOutOfTolerance { seen, tolerance_s, .. })) => {
            words::out_of_time(seen, tolerance_s)
        }
        _ => String::new(),
    }
}
