//! Published vectors where a provider has one, vectors of other implementations, and what must
//! not pass.

mod keys;
mod named;
mod schemes;
mod vectors;

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::rules::verify::PreparedVerification;

fn with_secrets(scheme: Scheme, secrets: &[&str]) -> Result<PreparedVerification, Vec<String>> {
    let secrets = secrets.iter().map(|secret| StoredSecret(Secret::new(*secret))).collect();
    PreparedVerification::prepare(&Verification { preset: None, scheme, secrets, verify_token: None })
}

fn headers<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> Headers {
    Headers(pairs.iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())).collect())
}
