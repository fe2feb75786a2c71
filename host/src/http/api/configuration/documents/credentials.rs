//! Where the secrets of documents are, and `{"$keep": true}` in their place: the one that is there already. Not here:
//! where they may be sent (`control::resources::check::moved`).

use serde_json::Value;
use serde_json::json;

use crate::control::plans::ConfigDocument;
use crate::domain::config::Source;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationAuth;
use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::http::request::pointer_to;
use crate::rules::hide::is_credential;

/// Stands for the secret that is there already.
const KEEP: &str = "$keep";

/// See the head of this file.
pub(super) fn keep() -> Value {
    json!({ KEEP: true })
}

/// Whether a value is that.
pub(super) fn is_keep(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|members| members.len() == 1 && members.get(KEEP) == Some(&Value::Bool(true)))
}

/// Stands for the value that a secret of the workspace has now.
const NAMED: &str = "$secret";

/// Whether a text of JSON may have a mark in it that stands for a secret.
pub(super) fn is_marked(text: &str) -> bool {
    text.contains(KEEP) || text.contains(NAMED)
}

/// The name in `{"$secret": "NAME"}`.
pub(super) fn named(value: &Value) -> Option<&str> {
    value.as_object().filter(|members| members.len() == 1)?.get(NAMED)?.as_str()
}

/// Whether a secret of the workspace may be taken by its name at this place: where it is held against what comes in, or
/// signs. In the place of what is sent, whoever may write could have it sent to himself.
pub(super) fn may_be_named(pointer: &str) -> bool {
    let checked = pointer.starts_with("/verification/") || pointer == "/basic/password";
    checked || pointer == "/signing/secret"
}

/// Whether a header's value is a secret.
pub(super) fn is_hidden(header: &str) -> bool {
    is_credential(header)
}

/// The secrets of a document with their places.
pub(super) fn of(document: &ConfigDocument) -> Vec<(String, Secret)> {
    match document {
        ConfigDocument::Source(source) => of_source(source),
        ConfigDocument::Destination(destination) => of_destination(destination),
        ConfigDocument::Connection(_)
        | ConfigDocument::Table(_)
        | ConfigDocument::EventType(_)
        | ConfigDocument::Workspace(_)
        | ConfigDocument::Secret(_)
        | ConfigDocument::Plugin(_) => Vec::new(),
    }
}

fn of_source(source: &Source) -> Vec<(String, Secret)> {
    let mut found = Vec::new();
    if let Some(basic) = &source.basic {
        found.push(("/basic/password".to_owned(), basic.password.0.clone()));
    }
    if let Some(verification) = &source.verification {
        match verification.secrets.as_slice() {
            [one] => found.push(("/verification/secret".to_owned(), one.0.clone())),
            several => found.extend(
                several
                    .iter()
                    .enumerate()
                    .map(|(at, one)| (format!("/verification/secrets/{at}"), one.0.clone())),
            ),
        }
        if let Some(token) = &verification.verify_token {
            found.push(("/verification/verify_token".to_owned(), token.0.clone()));
        }
    }
    if let Some(response) = &source.response {
        found.extend(of_headers(&response.headers, "/response/headers"));
    }
    found
}

fn of_destination(destination: &Destination) -> Vec<(String, Secret)> {
    let mut found: Vec<(String, Secret)> = of_headers(&destination.headers, "/headers").collect();
    if let Some(http) = destination.endpoint.http() {
        let auth = &http.auth;
        let basic =
            auth.basic.as_ref().map(|basic| ("/auth/basic/password".to_owned(), basic.password.0.clone()));
        let bearer = auth.bearer.as_ref().map(|bearer| ("/auth/bearer".to_owned(), bearer.0.clone()));
        let header =
            auth.header.as_ref().map(|header| ("/auth/header/value".to_owned(), header.value.0.clone()));
        found.extend([basic, bearer, header].into_iter().flatten());
    }
    let signing = destination.signing.secrets.first();
    found.extend(signing.map(|newest| ("/signing/secret".to_owned(), newest.secret.0.clone())));
    found
}

fn of_headers<'h>(headers: &'h Headers, pointer: &'h str) -> impl Iterator<Item = (String, Secret)> + 'h {
    let hidden = headers.0.iter().filter(|(name, _)| is_hidden(name));
    hidden.map(move |(name, value)| (pointer_to(pointer, name), Secret::new(value.clone())))
}

/// A destination's credentials, each kept.
pub(super) fn auth_form(auth: &DestinationAuth) -> Value {
    let mut form = serde_json::Map::new();
    if let Some(basic) = &auth.basic {
        form.insert("basic".into(), json!({"username": basic.username, "password": keep()}));
    }
    if auth.bearer.is_some() {
        form.insert("bearer".into(), keep());
    }
    if let Some(header) = &auth.header {
        form.insert("header".into(), json!({"name": header.name, "value": keep()}));
    }
    if form.is_empty() { Value::Null } else { form.into() }
}

/// Writes a secret where none is mentioned; what it is in is there.
pub(super) fn put(form: &mut Value, pointer: &str, secret: &Secret) {
    let Some((outer, name)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(members)) = form.pointer_mut(outer) {
        members.insert(name.to_owned(), secret.expose().into());
    }
}
