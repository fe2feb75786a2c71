//! Names of things. They stand in URLs, which is what they may look like. Not here: whether a name is taken (`control`).

use serde::Deserialize;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

/// No control characters, nothing that means something in a URL, no space at either end.
const PATTERN: &str =
    "^[^\\x00-\\x20\\x7f-\\xa0/?#%](?:[^\\x00-\\x1f\\x7f-\\x9f/?#%]*[^\\x00-\\x20\\x7f-\\xa0/?#%])?$";

/// The name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(pub String);

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A name of 1 to 100 characters, unique among its kind: no `/`, `?`, `#` or `%`, and no space at either end."))
            .min_length(Some(1))
            .max_length(Some(100))
            .pattern(Some(PATTERN))
            .into()
    }
}

impl ToSchema for Name {}
