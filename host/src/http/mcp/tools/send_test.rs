//! `send_test`: one request to a destination, and what came back. Not here: events, which sources take in.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::findings::ForeignText;
use crate::http::mcp::tools::explain::as_text;
use crate::http::mcp::words;

/// Where to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendTestArguments {
    /// Name or id of the destination.
    #[schema(required = true, nullable = false)]
    destination: Option<String>,
    /// The body to send instead of a sample; any JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<Value>,
    /// Also show, as data, what the receiver answered.
    #[schema(nullable = false)]
    body: Option<bool>,
}

/// Sends it.
pub(crate) async fn run(caller: &ToolCaller, given: &SendTestArguments) -> Result<Findings, ToolRefusal> {
    let destination = segment(given.destination.as_deref().unwrap_or_default());
    let asked = given.payload.as_ref().map_or_else(|| json!({}), |payload| json!({"payload": payload}));
    let tested = caller.post(&format!("/v1/destinations/{destination}/test"), &asked).await?;
    let error = &tested["error"];
    let found = json!({
        "id": tested["id"],
        "delivered": tested["delivered"],
        "status": tested["response"]["status"],
        "error": error["code"],
        "detail": error["detail"].as_str().map(words::sentence),
        "total_us": tested["timings"]["total_us"],
    });
    let body = given.body.unwrap_or(false) && !tested["response"].is_null();
    let foreign = body
        .then(|| ForeignText { by: "the receiver of the test", text: as_text(&tested["response"]["body"]) });
    Ok(Findings::new(found).with_foreign(foreign))
}
