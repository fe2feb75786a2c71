//! A source's verification as JSON.

pub(super) mod samples;

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::control::resources::VerificationDraft;
use crate::domain::secret::Secret;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::http::api::parts;
use crate::http::api::parts::SecretView;
use crate::http::request::RequestFaults;

/// How a source is to prove that a request is from its provider: a preset, or a scheme in full.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerificationBody {
    /// A provider's name, such as `github`, `stripe` or `standard_webhooks`.
    #[schema(nullable = false)]
    preset: Option<String>,
    /// A scheme in full, for a provider without a preset.
    #[schema(value_type = Option<Scheme>, nullable = false)]
    scheme: Option<Box<RawValue>>,
    /// The secret the provider signs with.
    #[schema(nullable = false)]
    secret: Option<Secret>,
    /// Several secrets, any of which may have signed.
    #[schema(value_type = Option<Vec<Secret>>, nullable = false, max_items = 10)]
    secrets: Option<Vec<Option<Secret>>>,
    /// For `meta`: the token that is repeated in the URL of its handshake. It signs nothing; the app secret is not
    /// taken in its place. Of several secrets without it, those that are no app secrets (32 hexadecimal digits; all
    /// but the first, if none looks like one) are taken for such tokens.
    #[schema(nullable = false)]
    verify_token: Option<Secret>,
    /// Seconds the time of signing may differ from now.
    #[schema(minimum = 1, maximum = 604800, nullable = false)]
    tolerance_s: Option<u64>,
    /// The status of a refusal, 400 to 499.
    #[schema(minimum = 400, maximum = 499, nullable = false)]
    fail_status: Option<u16>,
}

/// How a source proves that a request is from its provider. Secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerificationView {
    /// The preset it was made from.
    #[schema(required = true)]
    pub preset: Option<String>,
    /// The scheme in full.
    pub scheme: Scheme,
    /// Any of them may have signed.
    pub secrets: Vec<SecretView>,
    /// What the provider repeats in the URL of its handshake; null: it has none.
    #[schema(required = true)]
    pub verify_token: Option<SecretView>,
}

impl VerificationBody {
    /// As the domain takes it.
    pub(in crate::http::api) fn draft(self, faults: &mut RequestFaults) -> VerificationDraft {
        let several = self.secrets.into_iter().flatten().flatten();
        VerificationDraft {
            preset: self.preset,
            scheme: self.scheme.and_then(|scheme| read_scheme(&scheme, faults)),
            secrets: self.secret.into_iter().chain(several).collect(),
            verify_token: self.verify_token,
            tolerance_s: self.tolerance_s,
            fail_status: self.fail_status,
        }
    }
}

fn read_scheme(raw: &RawValue, faults: &mut RequestFaults) -> Option<Scheme> {
    const SCHEME: &str = "/verification/scheme";
    let read = serde_json::from_str(raw.get());
    read.map_err(|error| {
        // Of what the schema found wrong it has been told already.
        if !faults.has_below(SCHEME) {
            faults.add(SCHEME, error.to_string());
        }
    })
    .ok()
}

/// Shows a verification.
pub(in crate::http::api) fn show(verification: &Verification) -> VerificationView {
    VerificationView {
        preset: verification.preset.clone(),
        scheme: verification.scheme.clone(),
        secrets: verification.secrets.iter().map(|secret| parts::secret_view(&secret.0)).collect(),
        verify_token: verification.verify_token.as_ref().map(|token| parts::secret_view(&token.0)),
    }
}
