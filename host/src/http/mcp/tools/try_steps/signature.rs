//! `try` with a signature: which preset or scheme accepts a request of a provider. The secret is one of the workspace and
//! goes by its name, so that an assistant never sees it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;

/// Instead of all else: a request as it came, to find how it was signed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureArguments {
    /// The name of a secret of the workspace, never its value.
    #[schema(required = true, nullable = false)]
    secret: Option<String>,
    /// All of its headers.
    #[schema(value_type = BTreeMap<String, String>)]
    headers: Option<IndexMap<String, String>>,
    /// Byte for byte.
    #[schema(nullable = false)]
    body: Option<String>,
    /// That the provider sends to.
    #[schema(nullable = false)]
    url: Option<String>,
    #[schema(nullable = false)]
    method: Option<String>,
}

/// Asks the API.
pub(super) async fn run(caller: &ToolCaller, given: SignatureArguments) -> Result<Findings, ToolRefusal> {
    let mut asked = json!({"secret_name": given.secret, "headers": given.headers});
    for (name, text) in [("body", given.body), ("url", given.url), ("method", given.method)] {
        if let Some(text) = text {
            asked[name] = text.into();
        }
    }
    let found: Value = caller.post("/v1/verification/samples", &asked).await?;
    Ok(Findings::new(found))
}
