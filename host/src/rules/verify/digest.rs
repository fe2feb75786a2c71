//! A body that is not signed itself but by its digest in the signed URL, as Twilio does with JSON.

use sha2::Digest as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::rules::verify::SignedRequest;
use crate::rules::verify::VerifyError;
use crate::rules::verify::form;

/// Checks the SHA-256 in that query parameter against the body. Without the parameter only a form
/// (whose fields are signed) or an empty body is covered by the signature.
pub(super) fn check(parameter: &str, request: &SignedRequest<'_>) -> Result<(), VerifyError> {
    let mut parameters = url::form_urlencoded::parse(request.query.as_bytes());
    let given = parameters.find(|(name, _)| name == parameter).map(|(_, value)| value);
    match given {
        None if form::is_form(request) || request.body.is_empty() => Ok(()),
        None => Err(VerifyError::MissingBodyDigest { parameter: parameter.to_owned() }),
        Some(given) => {
            let wanted = hex::encode(Sha256::digest(request.body));
            let same = given.to_ascii_lowercase().as_bytes().ct_eq(wanted.as_bytes());
            if same.into() { Ok(()) } else { Err(VerifyError::BadSignature { url: None }) }
        }
    }
}
