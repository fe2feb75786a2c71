//! Headers and parameters that authenticate, whoever sends them, and keys of this gateway wherever they stand.

use std::borrow::Cow;

/// Names of headers, sorted.
const HEADERS: [&str; 32] = [
    "api-key",
    "apikey",
    "authorization",
    "cf-access-client-secret",
    "cf-access-jwt-assertion",
    "cookie",
    "dd-api-key",
    "dd-application-key",
    "dg-token",
    "ocp-apim-subscription-key",
    "private-token",
    "proxy-authorization",
    "set-cookie",
    "x-access-token",
    "x-amz-security-token",
    "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-data",
    "x-api-key",
    "x-api-secret",
    "x-api-token",
    "x-auth-key",
    "x-auth-token",
    "x-authorization",
    "x-forwarded-access-token",
    "x-forwarded-authorization",
    "x-functions-key",
    "x-gitlab-token",
    "x-goog-channel-token",
    "x-goog-iap-jwt-assertion",
    "x-serverless-authorization",
    "x-telegram-bot-api-secret-token",
    "x-vault-token",
];

/// Names of parameters of a URL, sorted.
const PARAMETERS: [&str; 13] = [
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth_token",
    "authorization",
    "client_secret",
    "hub.verify_token",
    "password",
    "secret",
    "token",
    "x-api-key",
    "x-functions-key",
];

/// What the keys of this gateway begin with, and how many characters follow at least.
const KEYS: [&str; 3] = ["hm_admin_", "hm_in_", "hm_key_"];
const KEY_CHARS_MIN: usize = 16;
/// Stands where a key stood.
const KEY_SHOWN: &str = "[key]";

/// Whether a header of that name, in lower case, authenticates whoever sends it.
pub fn is_credential(header: &str) -> bool {
    HEADERS.binary_search(&header).is_ok()
}

/// Whether a parameter of that name does.
pub(super) fn is_credential_parameter(name: &str) -> bool {
    PARAMETERS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

/// The text without keys of this gateway.
pub(super) fn without_keys(text: &str) -> Cow<'_, str> {
    let (mut kept, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = memchr::memmem::find(&text.as_bytes()[at..], b"hm_") {
        let start = at + found;
        match key_length(&text[start..]) {
            None => at = start + 1,
            Some(length) => {
                kept.push_str(&text[copied..start]);
                kept.push_str(KEY_SHOWN);
                copied = start + length;
                at = copied;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[copied..]);
    Cow::Owned(kept)
}

/// The length of the key with which the text begins.
fn key_length(text: &str) -> Option<usize> {
    let prefix = KEYS.into_iter().find(|prefix| text.starts_with(prefix))?;
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let rest = text.as_bytes()[prefix.len()..].iter().take_while(|byte| letter(byte)).count();
    (rest >= KEY_CHARS_MIN).then_some(prefix.len() + rest)
}

#[cfg(test)]
pub(super) fn sorted() -> bool {
    HEADERS.is_sorted() && PARAMETERS.is_sorted()
}
