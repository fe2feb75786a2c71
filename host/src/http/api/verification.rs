//! A source's verification as JSON.

use crate::control::resources::VerificationDraft;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::http::api::parts;
use crate::http::api::parts::SecretView;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::view::view;

/// Fields of a verification.
pub(super) const VERIFICATION: &[Field] = &[
    field("preset", Shape::Text, "A provider's name, such as `github`, `stripe` or `standard_webhooks`."),
    field("scheme", Shape::Any, "A scheme in full, for a provider without a preset."),
    field("secret", Shape::Secret, "The secret the provider signs with."),
    field("secrets", Shape::List(&Shape::Secret), "Several secrets, any of which may have signed."),
    field(
        "verify_token",
        Shape::Secret,
        "For `meta`: the token that is repeated in the URL of its handshake. It signs nothing; the app secret is not taken in its place. Of several secrets without it, those that are no app secrets (32 hexadecimal digits; all but the first, if none looks like one) are taken for such tokens.",
    ),
    field("tolerance_s", Shape::Whole, "Seconds the time of signing may differ from now."),
    field("fail_status", Shape::Whole, "The status of a refusal, 400 to 499."),
];

view! {
    /// How a source proves that a request is from its provider. Secrets are never shown.
    VerificationView {
        /// The preset it was made from.
        preset: Option<String>,
        /// The scheme in full.
        scheme: serde_json::Value,
        /// Any of them may have signed.
        secrets: Vec<SecretView>,
        /// What the provider repeats in the URL of its handshake; null: it has none.
        verify_token: Option<SecretView>,
    }
}

/// Reads a verification.
pub(super) fn read(object: &Object<'_>, name: &str) -> Option<VerificationDraft> {
    let given = object.object(name)?;
    let mut secrets: Vec<_> = given.secret("secret").into_iter().collect();
    secrets.extend(given.items("secrets").unwrap_or_default().iter().filter_map(|item| item.secret()));
    Some(VerificationDraft {
        preset: given.text("preset"),
        scheme: scheme(&given),
        secrets,
        verify_token: given.secret("verify_token"),
        tolerance_s: given.whole("tolerance_s"),
        fail_status: given.whole("fail_status"),
    })
}

fn scheme(given: &Object<'_>) -> Option<Scheme> {
    let raw = given.raw("scheme")?;
    match serde_json::from_str(raw.get()) {
        Ok(scheme) => Some(scheme),
        Err(error) => {
            given.fault("scheme", error.to_string());
            None
        }
    }
}

/// Shows a verification.
pub(super) fn show(verification: &Verification) -> VerificationView {
    VerificationView {
        preset: verification.preset.clone(),
        scheme: serde_json::to_value(&verification.scheme).unwrap_or_default(),
        secrets: verification.secrets.iter().map(|secret| parts::secret_view(&secret.0)).collect(),
        verify_token: verification.verify_token.as_ref().map(|token| parts::secret_view(&token.0)),
    }
}
