//! `plan`: what documents, or a preset with its parameters, would change. Documents with secrets in them are refused
//! before anything looks at them. Not here: carrying it out (`apply`).

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::caller::segment;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::literals;
use crate::http::mcp::words;
use crate::http::request::pointer_to;

/// Changes whose fields are told in words.
const TOLD_MAX: usize = 40;

/// What is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanArguments {
    /// What is to be so. In the place of a secret that is there already: `{"$keep": true}`; of one that a person has set:
    /// `{"$secret": "NAME"}`.
    #[schema(value_type = Option<Vec<Object>>, nullable = false, min_items = 1, max_items = 1000)]
    documents: Option<Vec<Map<String, Value>>>,
    /// What is to be done besides or instead: `{"retry": scope}` sends failed deliveries again, `{"replay": scope}` takes
    /// events in again; a scope has destination, connection (retry only), source, event_type, since, until.
    #[schema(value_type = Option<Vec<Object>>, nullable = false, min_items = 1, max_items = 20)]
    operations: Option<Vec<Map<String, Value>>>,
    /// The set that these documents are; only what was applied with it before can be deleted by `prune`.
    #[schema(nullable = false)]
    set: Option<String>,
    /// Whether what the set had before and has no more is deleted.
    #[schema(nullable = false)]
    prune: Option<bool>,
    /// More than so many are not deleted at once; 5 if not given.
    #[schema(nullable = false, maximum = 1000)]
    max_deletes: Option<u32>,
    /// Instead of `documents`: a preset, see `overview`.
    #[schema(nullable = false)]
    preset: Option<String>,
    /// Its parameters by name, see `docs`.
    #[schema(value_type = Option<Object>, nullable = false)]
    parameters: Option<Map<String, Value>>,
}

/// Makes the plan.
pub(crate) async fn run(caller: &ToolCaller, given: PlanArguments) -> Result<Findings, ToolRefusal> {
    let plan = match (given.documents, given.preset) {
        (documents, None) if documents.is_some() || given.operations.is_some() => {
            let mut body = json!({});
            if let Some(documents) = documents {
                refuse_literals(literals::of_documents(&documents))?;
                body["documents"] = json!(documents);
            }
            if let Some(operations) = given.operations {
                body["operations"] = json!(operations);
            }
            if let Some(set) = given.set {
                body["set"] = set.into();
            }
            if let Some(prune) = given.prune {
                body["prune"] = prune.into();
            }
            if let Some(most) = given.max_deletes {
                body["max_deletes"] = most.into();
            }
            caller.post("/v1/config/plans", &body).await?
        }
        (None, Some(preset)) => {
            let parameters = given.parameters.unwrap_or_default();
            of_preset(caller, &preset, parameters).await?
        }
        _ => return Err("give `documents`, `operations` or both, or else a `preset`".into()),
    };
    let changes: Vec<Value> = plan["changes"].as_array().into_iter().flatten().map(change).collect();
    let says = in_words(&plan, &changes);
    let found = json!({
        "plan": plan["id"], "expires_at": plan["expires_at"], "says": plan["says"], "changes": changes, "set": plan["set"],
        "operations": plan["operations"],
    });
    Ok(Findings::new(found).in_words(says))
}

/// Its parameters of the kind `secret` are not given here.
async fn of_preset(
    caller: &ToolCaller,
    preset: &str,
    given: Map<String, Value>,
) -> Result<Value, ToolRefusal> {
    let path = format!("/v1/presets/{}", segment(preset));
    let about = caller.get(&path).await?;
    let parameters = about["parameters"].as_array().into_iter().flatten();
    let secrets = parameters.filter(|parameter| parameter["kind"] == "secret");
    let secrets = secrets.filter_map(|parameter| parameter["name"].as_str());
    let mut found = literals::of_parameters(&given);
    for name in secrets.filter(|name| given.get(*name).is_some_and(|value| !value.is_null())) {
        let pointer = pointer_to("/parameters", name);
        if !found.contains(&pointer) {
            found.push(pointer);
        }
    }
    refuse_literals(found)?;
    caller.post(&format!("{path}/plans"), &json!({"parameters": given})).await
}

fn refuse_literals(found: Vec<String>) -> Result<(), ToolRefusal> {
    if found.is_empty() {
        return Ok(());
    }
    let found: Vec<String> = found.iter().map(|pointer| words::sentence(pointer)).collect();
    Err(format!(
        "nothing was planned: there is a secret at {}, and secrets do not go through an assistant. Where one is there \
         already, write {{\"$keep\": true}} in its place. A new one is set by a person: by `hookmill secret set NAME`, and \
         {{\"$secret\": \"NAME\"}} in its place where it verifies or signs; where it is sent, with the document in a file that \
         has {{$env: NAME}} in its place, by `hookmill apply -f FILE`; or by `hookmill preset apply`.",
        found.join(", ")
    )
    .into())
}

fn change(found: &Value) -> Value {
    let fields = found["fields"].as_array().into_iter().flatten().map(field);
    json!({
        "action": found["action"], "resource": found["resource"], "name": found["name"], "says": found["says"],
        "risk": found["risk"], "fields": fields.collect::<Vec<_>>(),
    })
}

/// What may be a credential is hidden: that it differs is enough.
fn field(found: &Value) -> Value {
    let pointer = found["pointer"].as_str().unwrap_or_default();
    let shown = |value: &Value| match value {
        Value::Null => Value::Null,
        _ if pointer.contains("headers") => literals::HIDDEN.into(),
        other => literals::hidden(other),
    };
    json!({"pointer": pointer, "before": shown(&found["before"]), "after": shown(&found["after"])})
}

fn in_words(plan: &Value, changes: &[Value]) -> String {
    let text = |value: &Value| words::sentence(value.as_str().unwrap_or_default());
    let operations = plan["operations"].as_array().map_or(&[] as &[_], Vec::as_slice);
    if changes.is_empty() && operations.is_empty() {
        return "No changes: all of it is so already, and there is nothing to apply.".to_owned();
    }
    let mut said = format!("Plan {}: {}.", text(&plan["id"]), text(&plan["says"]));
    for change in changes.iter().take(TOLD_MAX) {
        said.push_str(&format!("\n- {} [{}]", text(&change["says"]), text(&change["risk"])));
        for field in change["fields"].as_array().into_iter().flatten() {
            let value = |value: &Value| words::sentence(&value.to_string());
            let (before, after) = (value(&field["before"]), value(&field["after"]));
            said.push_str(&format!("\n    {}: {before} -> {after}", text(&field["pointer"])));
        }
    }
    for operation in operations {
        said.push_str(&format!("\n- {} [{}]", text(&operation["says"]), text(&operation["risk"])));
    }
    if changes.len() > TOLD_MAX {
        said.push_str(&format!("\n- and {} more", changes.len() - TOLD_MAX));
    }
    said.push_str(&format!(
        "\nNothing has been changed. `apply` with this id carries it out, until {}.",
        text(&plan["expires_at"])
    ));
    said
}
