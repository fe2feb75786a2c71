//! The description of the API, OpenAPI 3.1, made from what is routed; and what is beside the routes: the way in for
//! events, and problems. What configuration documents look like is made of it (`documents`).

mod docs;
mod documents;
mod ingest;
#[cfg(test)]
mod tests;

pub(crate) use docs::Docs;

use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::HttpBuilder;
use utoipa::openapi::security::SecurityScheme;

use crate::http::api;
use crate::http::api::PluginDocument;
use crate::http::api::SecretDocument;
use crate::http::problem::ProblemView;

/// What the whole is called.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "hookmill",
        description = "A webhook gateway: takes events in, runs them through sandboxed plugins and mappings, delivers them signed, retried and logged. Wherever an id is taken, a name works too.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(ingest::ingest),
    components(schemas(ProblemView, PluginDocument, SecretDocument))
)]
struct Whole;

/// What stands beside the scheme of keys.
const ABOUT_KEY: &str = "A key of the API. It acts in its own workspace; an admin key of the first workspace acts in the one \
that the header `Hookmill-Workspace` names, by id or name.";

/// The routes, and the document that describes them.
pub(crate) fn api() -> (axum::Router, Value) {
    let (routes, described) = api::routes().split();
    let mut document = Whole::openapi();
    document.merge(described);
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(ABOUT_KEY));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(scheme.build()));
    (routes, serde_json::to_value(document).unwrap_or_default())
}

/// The JSON Schema of configuration documents, by the document that describes the API.
pub(crate) fn config_schema_of(described: &Value) -> Value {
    documents::schema(described)
}

/// The same, where there is no document yet.
pub fn config_schema() -> Value {
    documents::schema(&api().1)
}
