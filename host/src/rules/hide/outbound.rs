//! What is kept of a receiver's answer: nothing of the credentials that were sent to it. Some receivers answer with
//! the request they got.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;

use crate::domain::config::Basic;
use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::Response;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationAuth;
use crate::domain::event::Headers;
use crate::domain::secret::NamedSecrets;
use crate::domain::secret::Secret;
use crate::rules::hide::credential;

/// Shorter texts stand in any answer by chance, and guessing them takes no answer.
const SECRET_BYTES_MIN: usize = 4;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Outbound(NamedSecrets);

impl Outbound {
    /// For one destination.
    pub fn of(destination: &Destination) -> Self {
        let mut all: Vec<(&str, String)> = Vec::new();
        if let Some(DestinationAuth { basic, bearer, header }) =
            destination.endpoint.http().map(|http| &http.auth)
        {
            all.extend(basic.iter().flat_map(of_basic).map(|text| ("basic", text)));
            all.extend(bearer.iter().map(|bearer| ("bearer", bearer.0.expose().to_owned())));
            all.extend(header.iter().map(|header| ("header", header.value.0.expose().to_owned())));
        }
        for secret in &destination.signing.secrets {
            let text = secret.secret.0.expose();
            all.push(("signing", text.to_owned()));
            all.extend(text.split_once('_').map(|(_, bare)| ("signing", bare.to_owned())));
        }
        for (name, value) in destination.headers.0.iter().filter(|(name, _)| credential::is_credential(name))
        {
            all.push((name, value.clone()));
            all.extend(value.split_once(' ').map(|(_, bare)| (name.as_str(), bare.trim().to_owned())));
        }
        all.retain(|(_, text)| text.len() >= SECRET_BYTES_MIN);
        Self(NamedSecrets::new(all.into_iter().map(|(name, text)| (name.to_owned(), Secret::new(text)))))
    }

    /// The answer without them; also without the beginning of one where it was cut off.
    pub fn response(&self, response: Response) -> Response {
        without(&self.0, response)
    }
}

/// An answer without these secrets; also without the beginning of one where it was cut off.
pub fn without(secrets: &NamedSecrets, response: Response) -> Response {
    let Response { status, headers, body, end } = response;
    let mut body = bytes_without(secrets, body);
    if end != BodyEnd::Whole {
        body.truncate(body.len() - secrets.begun_at_end(&body));
    }
    Response { status, headers: headers_without(secrets, headers), body, end }
}

/// Headers without these secrets.
pub fn headers_without(secrets: &NamedSecrets, mut headers: Headers) -> Headers {
    for (_, value) in &mut headers.0 {
        if let Cow::Owned(hidden) = secrets.redact(value) {
            *value = hidden;
        }
    }
    headers
}

/// Bytes without these secrets.
pub fn bytes_without(secrets: &NamedSecrets, bytes: Bytes) -> Bytes {
    if bytes.is_empty() {
        return bytes;
    }
    match secrets.redact_bytes(&bytes) {
        Cow::Borrowed(_) => bytes,
        Cow::Owned(hidden) => hidden.into(),
    }
}

/// The password, and both with the name as the header carries them.
fn of_basic(basic: &Basic) -> impl Iterator<Item = String> {
    let password = basic.password.0.expose();
    let pair = format!("{}:{password}", basic.username);
    let coded = [STANDARD.encode(&pair), URL_SAFE.encode(&pair)];
    let bare = coded.clone().map(|text| text.trim_end_matches('=').to_owned());
    [password.to_owned()].into_iter().chain(coded).chain(bare)
}
