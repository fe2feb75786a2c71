//! Parts that several resources have in common: states, headers, basic authentication, where a
//! value is taken from.

use serde_json::value::RawValue;

use crate::control::resources::BasicDraft;
use crate::control::resources::HIDDEN;
use crate::domain::config::FlowState;
use crate::domain::config::ValueFrom;
use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::view::view;
use crate::rules::hide::is_credential;

/// The states of things that flow.
pub(super) const STATE: Field = field(
    "state",
    Shape::Choice(&["active", "paused"]),
    "Whether things flow. What is paused holds, or refuses.",
);

/// Fields of basic authentication.
pub(super) const BASIC: &[Field] = &[
    field("username", Shape::Text, "The name.").required(),
    field("password", Shape::Secret, "The password.").required(),
];

/// Fields of a place where a value is.
pub(super) const VALUE_FROM: &[Field] = &[
    field("fixed", Shape::Text, "Always this."),
    field("header", Shape::Text, "The value of this header."),
    field("path", Shape::Text, "The first node of this JSONPath over the body."),
];

view! {
    /// A header.
    HeaderView {
        /// Its name, in lower case.
        name: String,
        /// Its value.
        value: String,
    }

    /// Basic authentication. The password is never shown.
    BasicView {
        /// The name.
        username: String,
    }

    /// A secret, by its end.
    SecretView {
        /// The last four characters, when it is long enough that they give nothing away.
        last4: String,
    }
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

/// Reads `state`.
pub(super) fn state(object: &Object<'_>) -> Option<FlowState> {
    object.choice("state", &[("active", FlowState::Active), ("paused", FlowState::Paused)])
}

/// Reads basic authentication.
pub(super) fn basic(object: &Object<'_>, name: &str) -> Option<BasicDraft> {
    let basic = object.object(name)?;
    Some(BasicDraft { username: basic.text("username")?, password: basic.secret("password")? })
}

/// Reads where a value is.
pub(super) fn value_from(object: &Object<'_>, name: &str) -> Option<ValueFrom> {
    let from = object.object(name)?;
    let given = VALUE_FROM.iter().filter(|field| from.has(field.name)).count();
    if given != 1 {
        object.fault(name, "give exactly one of `fixed`, `header` and `path`");
        return None;
    }
    let fixed = from.text("fixed").map(ValueFrom::Fixed);
    fixed
        .or_else(|| from.text("header").map(ValueFrom::Header))
        .or_else(|| from.text("path").map(ValueFrom::Path))
}

/// JSON that is stored as text; null if it is none, which saving does not let happen.
pub(super) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
