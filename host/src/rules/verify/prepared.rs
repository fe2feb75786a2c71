//! A source's verification, ready to check: keys mixed in, template parsed.

use subtle::ConstantTimeEq as _;

use crate::domain::time::Timestamp;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::rules::mac::Tag;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::VerifyError;
use crate::rules::verify::coding;
use crate::rules::verify::digest;
use crate::rules::verify::key;
use crate::rules::verify::key::Key;
use crate::rules::verify::place;
use crate::rules::verify::signed;
use crate::rules::verify::signed::SignedPiece;

/// See the head of this file.
#[derive(Debug)]
pub struct PreparedVerification {
    scheme: Scheme,
    pieces: Vec<SignedPiece>,
    keys: Vec<Key>,
    refuses: Option<String>,
}

impl PreparedVerification {
    /// Prepares; the errors name each fault of scheme and secrets.
    pub fn prepare(verification: &Verification) -> Result<Self, Vec<String>> {
        let scheme = verification.scheme.clone();
        let mut faults = Vec::new();
        let pieces = signed::parse(&scheme.signed).unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        });
        place::faults(&scheme, &pieces, &mut faults);
        if verification.secrets.is_empty() {
            faults.push("at least one secret is needed".to_owned());
        }
        let mut keys = Vec::new();
        for secret in &verification.secrets {
            match key::prepare(&scheme, secret.0.expose()) {
                Ok(key) => keys.push(key),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self { scheme, pieces, keys, refuses: None }) } else { Err(faults) }
    }

    /// Prepares, or makes one that refuses every request and says why.
    pub fn prepare_or_refuse(verification: &Verification) -> Self {
        Self::prepare(verification).unwrap_or_else(|faults| Self {
            scheme: verification.scheme.clone(),
            pieces: Vec::new(),
            keys: Vec::new(),
            refuses: Some(faults.join("; ")),
        })
    }

    /// The status that a request with a bad signature gets.
    pub fn fail_status(&self) -> u16 {
        self.scheme.fail_status
    }

    /// Checks a request. Which secret matched, or how nearly one did, shows neither in the answer
    /// nor in the time it takes.
    pub fn verify(&self, request: &SignedRequest<'_>, now: Timestamp) -> Result<(), VerifyError> {
        if let Some(detail) = &self.refuses {
            return Err(VerifyError::BadSecret { detail: detail.clone() });
        }
        let given = place::signatures(&self.scheme.signature, request.headers)?;
        let timestamp = place::timestamp(&self.scheme, request, now)?.unwrap_or("");
        let id = place::id(&self.scheme, request)?;
        if let Some(parameter) = &self.scheme.body_digest_param {
            digest::check(parameter, request)?;
        }
        let content = signed::Content { request, id, timestamp };
        let good = self.keys.iter().fold(false, |good, key| good | self.one_matches(key, &given, &content));
        if good { Ok(()) } else { Err(VerifyError::BadSignature { url: self.url_of(request) }) }
    }

    /// The URL of a request, as it was signed, if the scheme signs it.
    fn url_of(&self, request: &SignedRequest<'_>) -> Option<String> {
        let signs_url =
            self.pieces.iter().any(|piece| matches!(piece, SignedPiece::Url | SignedPiece::UrlDecoded));
        signs_url.then(|| request.url.to_owned())
    }

    fn one_matches(&self, key: &Key, given: &[&str], content: &signed::Content<'_>) -> bool {
        let encoding = self.scheme.encoding;
        let each =
            |matches: &dyn Fn(&str) -> bool| given.iter().fold(false, |good, text| good | matches(text));
        match key {
            Key::Mac(keyed) => {
                let made = content.owned(&self.pieces);
                let wanted = keyed.tag(content.parts(&self.pieces, &made));
                each(&|text| coding::tag(encoding, text).is_some_and(|tag| same(&tag, &wanted)))
            }
            Key::Public(public) => {
                let made = content.owned(&self.pieces);
                let signed = content.parts(&self.pieces, &made).collect::<Vec<_>>().concat();
                each(&|text| {
                    coding::bytes(encoding, text).is_some_and(|bytes| public.verifies(&signed, &bytes))
                })
            }
            Key::Token(hash) => each(&|text| bool::from(key::token_hash(text).ct_eq(hash))),
        }
    }
}

/// In constant time; the length of a tag is no secret.
fn same(left: &Tag, right: &Tag) -> bool {
    left.as_ref().ct_eq(right.as_ref()).into()
}
