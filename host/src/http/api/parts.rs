//! Parts that several resources have in common: states, headers, basic authentication, where a
//! value is taken from.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::control::resources::BasicDraft;
use crate::control::resources::HIDDEN;
use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::http::request::RequestFaults;
use crate::http::request::pointer_to;
use crate::rules::hide::is_credential;

/// Basic authentication.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicBody {
    /// The name.
    #[schema(required = true, nullable = false)]
    pub username: Option<String>,
    /// The password.
    #[schema(required = true, nullable = false)]
    pub password: Option<Secret>,
}

impl BasicBody {
    /// As the domain takes it; what is missing has been told.
    pub(super) fn draft(self) -> Option<BasicDraft> {
        Some(BasicDraft { username: self.username?, password: self.password? })
    }
}

/// Headers by their names, in the order they were given.
pub(super) type HeadersBody = IndexMap<String, String>;

/// Headers as the domain takes them.
pub(super) fn headers(given: HeadersBody, pointer: &str, faults: &mut RequestFaults) -> Headers {
    let mut lower = HashSet::new();
    for name in given.keys().filter(|name| !lower.insert(name.to_ascii_lowercase())) {
        let detail = "this header is there twice; names do not differ by upper and lower case";
        faults.add(pointer_to(pointer, name), detail);
    }
    Headers(given.into_iter().collect())
}

/// The same with names in lower case.
pub(super) fn lower_headers(
    given: Option<HeadersBody>,
    pointer: &str,
    faults: &mut RequestFaults,
) -> Headers {
    let headers = headers(given.unwrap_or_default(), pointer, faults).0;
    Headers(headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

/// Reads a field that null takes away: `Some(None)` then.
pub(super) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The same, of one of several forms: what is none of them any more, because of what was wrong in it, is not there.
pub(super) fn nullable_choice<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    let given: Option<serde_json::Value> = Option::deserialize(deserializer)?;
    Ok(Some(given.and_then(|value| serde_json::from_value(value).ok())))
}

/// Reads a field that is there also when it is null.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeaderView {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Basic authentication. The password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BasicView {
    /// The name.
    pub username: String,
}

/// A secret, by its end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// The last four characters, when it is long enough that they give nothing away.
    pub last4: String,
}

/// A header's value, unless it is a credential.
fn shown_value<'v>(name: &str, value: &'v str) -> &'v str {
    if is_credential(name) { HIDDEN } else { value }
}

/// Headers as a list: a name may be there several times.
pub(super) fn headers_view(headers: &Headers) -> Vec<HeaderView> {
    let shown = |(name, value): &(String, String)| HeaderView {
        name: name.clone(),
        value: shown_value(name, value).to_owned(),
    };
    headers.0.iter().map(shown).collect()
}

/// Headers that were given as an object.
pub(super) fn headers_object(headers: &Headers) -> serde_json::Value {
    headers
        .0
        .iter()
        .map(|(name, value)| (name.clone(), shown_value(name, value).into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A secret, by its end.
pub(super) fn secret_view(secret: &Secret) -> SecretView {
    SecretView { last4: secret.last4().to_owned() }
}

/// JSON that is stored as text; null if it is none, which saving does not let happen.
pub(super) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
