//! `try`: steps on one payload or stored event, or on the last events of a source (`events`); or a signature
//! (`signature`). Nothing is stored or sent.

mod events;
mod signature;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::findings::ForeignText;
use crate::http::mcp::outline::outline;
use crate::http::mcp::tools::entries::reason;
use crate::http::mcp::tools::explain::as_text;
use crate::http::mcp::tools::try_steps::signature::SignatureArguments;
use crate::http::mcp::words;

/// Lines that explain a step, at most.
const EXPLAINED_MAX: usize = 30;

/// What is to be tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryArguments {
    /// Run in this order; each has one of `filter`, `mapping`, `plugin`.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    steps: Option<Vec<Map<String, Value>>>,
    /// Instead of `steps`: those of this connection.
    #[schema(nullable = false)]
    connection: Option<String>,
    /// The payload, any JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<Value>,
    /// Instead of `payload`: the id of a stored event.
    #[schema(nullable = false)]
    event: Option<String>,
    /// Instead of both: the last events of this source.
    #[schema(nullable = false)]
    source: Option<String>,
    /// How many of them; 20 if not given.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    last: Option<u32>,
    /// The type that `payload` is to have; or only events of this type.
    #[schema(nullable = false)]
    event_type: Option<String>,
    /// Also show, as data, what would be delivered.
    #[schema(nullable = false)]
    body: Option<bool>,
    // Described where it is declared: words here would make it a choice of schemas.
    #[schema(inline, nullable = false)]
    signature: Option<SignatureArguments>,
}

/// Tries it.
pub(crate) async fn run(caller: &ToolCaller, given: TryArguments) -> Result<Findings, ToolRefusal> {
    if let Some(sample) = given.signature {
        return match (&given.steps, &given.connection, &given.payload, &given.event, &given.source) {
            (None, None, None, None, None) => signature::run(caller, sample).await,
            _ => Err("give `signature` alone".into()),
        };
    }
    let steps = match (given.steps, &given.connection) {
        (Some(steps), None) => json!(steps),
        (None, Some(connection)) => steps_of(caller, connection).await?,
        _ => return Err("give either `steps` or `connection`".into()),
    };
    let event_type = given.event_type.unwrap_or_default();
    let mut asked = json!({"steps": steps, "explain": true});
    match (given.payload, given.event, given.source) {
        (Some(payload), None, None) => {
            asked["payload"] = payload;
            asked["event_type"] = event_type.into();
        }
        (None, Some(event), None) => asked["event"] = event.into(),
        (None, None, Some(source)) => {
            let last = given.last.unwrap_or(20);
            return events::run(caller, &steps, &source, &event_type, last).await;
        }
        _ => return Err("give one of `payload`, `event` and `source`".into()),
    }
    let preview = caller.post("/v1/preview", &asked).await?;
    let outputs = preview["outputs"].as_array().cloned().unwrap_or_default();
    let payloads: Vec<&Value> = outputs.iter().map(|output| &output["payload"]).collect();
    let steps = preview["steps"].as_array().into_iter().flatten().map(step);
    let found = json!({
        "would": events::verdict(&preview),
        "outputs": outputs.len(),
        "steps": steps.collect::<Vec<_>>(),
        "output_shape": outline(caller, &payloads).await,
    });
    let text = payloads.iter().map(|payload| as_text(payload)).collect::<Vec<_>>().join("\n");
    let body = given.body.unwrap_or(false);
    let foreign =
        body.then_some(ForeignText { by: "the steps, from what the sender of the event wrote,", text });
    Ok(Findings::new(found).with_foreign(foreign))
}

/// The steps of a connection, in the form in which they are given.
async fn steps_of(caller: &ToolCaller, connection: &str) -> Result<Value, ToolRefusal> {
    let found = caller.get("/v1/config/documents").await?;
    let mut documents = found["documents"].as_array().into_iter().flatten();
    let wanted = documents.find(|one| one["resource"] == "connection" && one["name"] == connection);
    match wanted {
        Some(document) if document["steps"].is_array() => Ok(document["steps"].clone()),
        Some(_) => Ok(json!([])),
        None => Err("there is no connection of this name in this workspace".into()),
    }
}

fn step(found: &Value) -> Value {
    let explained = found["explain"].as_array().into_iter().flatten().take(EXPLAINED_MAX).map(|line| {
        let mut shown = line.clone();
        for name in ["value", "detail", "path", "did_you_mean"] {
            if let Some(text) = line[name].as_str() {
                shown[name] = words::foreign(text).into();
            }
        }
        shown
    });
    json!({
        "step": found["step"], "verdict": found["verdict"], "reason": reason(found), "code": found["code"].as_str().map(words::foreign),
        "clause": found["clause"], "path": found["path"].as_str().map(words::path),
        "seen": words::foreign_value(&found["seen"]), "plugin": found["plugin"],
        "explain": explained.collect::<Vec<_>>(),
    })
}
