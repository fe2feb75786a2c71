//! `try` with a signature: which preset or scheme accepts a request of a provider. The secret is one of the workspace and
//! goes by its name, so that an assistant never sees it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::sealed::SecretName;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;

/// Instead of all else: a request as it came, to find how it was signed. Takes a key with the scope `write`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureArguments {
    /// The name of a secret that a person has set by `hookmill secret set NAME`, never its value.
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
    if given.secret.as_ref().is_none_or(|name| name.parse::<SecretName>().is_err()) {
        // It may be the secret itself: it is not repeated.
        return Err("nothing was looked at: `secret` is the name of a secret and not its value, for secrets do not go through an \
                    assistant. A person sets one by `hookmill secret set NAME`. If this was the secret itself, it has been told \
                    to an assistant now, and should be changed at the provider."
            .into());
    }
    let mut asked = json!({"secret_name": given.secret, "headers": given.headers});
    for (name, text) in [("body", given.body), ("url", given.url), ("method", given.method)] {
        if let Some(text) = text {
            asked[name] = text.into();
        }
    }
    let found: Value = caller.post("/v1/verification/samples", &asked).await?;
    Ok(Findings::new(found))
}
