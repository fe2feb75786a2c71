//! What is kept of a request at a source: nothing with which somebody could send another one.

use std::borrow::Cow;

use crate::domain::config::Source;
use crate::domain::event::Headers;
use crate::domain::secret::NamedSecrets;
use crate::domain::secret::Secret;
use crate::domain::verification::KeyHolder;
use crate::domain::verification::Verification;
use crate::rules::hide::credential;

/// Secrets that are shorter are words that may well stand in other headers; they are taken out by the header's name
/// alone.
const SECRET_BYTES_MIN: usize = 4;
/// The name that stands where a secret of the source stood.
const NAME: &str = "of the source";
/// Stands for the value of a parameter that authenticates.
const HIDDEN: &str = "[hidden]";

/// See the head of this file. The default is for requests whose source is not known any more.
#[derive(Debug, Default)]
pub struct Inbound {
    /// Headers that authenticate at this source, in lower case, besides those that do everywhere.
    headers: Vec<String>,
    secrets: NamedSecrets,
}

impl Inbound {
    /// For one source.
    pub fn of(source: &Source) -> Self {
        let mut headers = vec![source.key_header.clone()];
        let mut secrets = Vec::new();
        if let Some(verification) = &source.verification {
            if verification.scheme.algorithm.key_holder() == KeyHolder::Bearer {
                let names = &verification.scheme.signature.headers;
                headers.extend(names.iter().map(|name| name.to_ascii_lowercase()));
            }
            secrets.extend(shared(verification));
            secrets.extend(verification.verify_token.iter().map(|token| token.0.clone()));
        }
        secrets.extend(source.basic.iter().map(|basic| basic.password.0.clone()));
        secrets.retain(|secret| secret.expose().len() >= SECRET_BYTES_MIN);
        let secrets = NamedSecrets::new(secrets.into_iter().map(|secret| (NAME.to_owned(), secret)));
        Self { headers, secrets }
    }

    /// Headers without those that authenticate, and without keys and secrets in the others.
    pub fn headers(&self, given: &Headers) -> Headers {
        self.taken_from(given.clone())
    }

    /// The same of headers that nobody needs as they were: every event goes this way.
    pub fn taken_from(&self, mut given: Headers) -> Headers {
        given.0.retain(|(name, _)| !self.is_credential(name));
        for (_, value) in &mut given.0 {
            if let Cow::Owned(hidden) = self.text(value) {
                *value = hidden;
            }
        }
        given
    }

    /// A query, without its `?`, in the same way.
    pub fn query(&self, query: &str) -> String {
        if query.is_empty() {
            return String::new();
        }
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if credential::is_credential_parameter(name) => {
                Cow::from(format!("{name}={HIDDEN}"))
            }
            _ => self.text(pair),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// A text without keys and secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.secrets.redact(text) {
            Cow::Borrowed(text) => credential::without_keys(text),
            Cow::Owned(text) => Cow::Owned(credential::without_keys(&text).into_owned()),
        }
    }

    fn is_credential(&self, header: &str) -> bool {
        credential::is_credential(header) || self.headers.iter().any(|own| own == header)
    }
}

/// The secrets that are shared with the sender; public keys are none.
fn shared(verification: &Verification) -> impl Iterator<Item = Secret> {
    let public = verification.scheme.algorithm.key_holder() == KeyHolder::Sender;
    verification.secrets.iter().filter(move |_| !public).map(|secret| secret.0.clone())
}
