//! `apply`: carries one plan out. Keys and secrets that are made with it are not among what it answers, but what a
//! person has to do about them is.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;

/// Which plan.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyArguments {
    /// Its id (`pln_…`), as `plan` answered it.
    #[schema(required = true, nullable = false)]
    plan: Option<String>,
}

/// Carries it out.
pub(crate) async fn run(caller: &ToolCaller, given: &ApplyArguments) -> Result<Findings, ToolRefusal> {
    let plan = given.plan.as_deref().unwrap_or_default();
    let done = caller.post(&format!("/v1/config/plans/{}/apply", segment(plan)), &json!({})).await?;
    let documents = done["documents"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let mut needs = Vec::new();
    for document in documents {
        needs.extend(needed(caller, document).await);
    }
    Ok(Findings::new(json!({
        "says": done["says"],
        "documents": documents.iter().map(show).collect::<Vec<_>>(),
        "needs": needs,
        "operations": done["operations"],
    })))
}

/// Key and secret are left out.
fn show(document: &Value) -> Value {
    let mut shown = json!({"resource": document["resource"], "name": document["name"], "id": document["id"]});
    if document["url"].is_string() {
        shown["url"] = document["url"].clone();
    }
    shown
}

/// What a person still has to do.
async fn needed(caller: &ToolCaller, document: &Value) -> Option<String> {
    let name = document["name"].as_str()?;
    if document["secret"].is_string() {
        return Some(format!(
            "The receiver behind `{name}` needs the secret it verifies signatures with: somebody with an admin key reads it by \
             `hookmill export --plain-secrets`, or makes a new one by POST /v1/destinations/{}/secret.",
            segment(name)
        ));
    }
    document.get("key")?;
    if document["resource"] == "workspace" {
        return Some(format!(
            "Whoever is to use `{name}` needs a key to it: somebody with an admin key of the first workspace makes one by \
             POST /v1/api-keys with `workspace`, which shows it once."
        ));
    }
    // The key was made with the source; whether requests need it is the source's to say.
    let source = caller.get(&format!("/v1/sources/{}", segment(name))).await.ok()?;
    (source["require_key"] == true).then(|| {
        format!(
            "Whoever sends to `{name}` needs a key: somebody with a key of the API makes one by POST \
             /v1/sources/{}/keys, which shows it once.",
            segment(name)
        )
    })
}
