//! Teaches: values kept from one event to the next, by the grant `kv`.

use hookmill_plugin_sdk::kv;
use hookmill_plugin_sdk::prelude::*;
use hookmill_plugin_sdk::serde_json::Map;

#[derive(Deserialize, JsonSchema)]
struct Config {
    /// JSON pointer to what names a record, such as "/contact/id".
    id: String,
    /// Members of the record that may change without anybody hearing of it, such as "updated_at".
    #[serde(default)]
    ignore: Vec<String>,
}

/// Forwards records that changed since they were last seen, with what changed.
#[plugin]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let mut after: Map<String, Value> = event.json()?;
    for name in &config.ignore {
        after.remove(name);
    }
    let after = Value::Object(after);
    let Some(id) = after.pointer(&config.id) else {
        return Err(refuse(format!("there is nothing at {}", config.id)));
    };
    let key = format!("record/{id}");
    let before: Value = kv::get_json(&key)?.unwrap_or_default();
    let changed = changed(&before, &after);
    if changed.is_empty() {
        return Ok(drop("nothing changed"));
    }
    kv::set_json(&key, &after)?;
    let event_type = if before.is_null() { "record.created" } else { "record.changed" };
    Ok(forward_json(&json!({ "changed": changed, "before": before, "after": after })).event_type(event_type))
}

/// Names of members that differ, sorted.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (before, after) = (members(before), members(after));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_plugin_sdk::testing::{self, Run};

    fn ada(plan: &str) -> Run {
        let payload = json!({ "id": 7, "name": "Ada", "plan": plan, "updated_at": plan.len() });
        testing::run::<transform>(testing::event(payload))
            .config(json!({ "id": "/id", "ignore": ["updated_at"] }))
    }

    #[test]
    fn examples() {
        testing::run_examples::<transform>();
    }

    #[test]
    fn what_was_seen_is_kept_and_compared() {
        let keeps = ada("free").keeps();
        let seen = &keeps["record/7"];
        ada("free").kept("record/7", seen).expect_drop("nothing changed");
        ada("team").kept("record/7", seen).expect_forward().is_json(json!({
            "changed": ["plan"],
            "before": { "id": 7, "name": "Ada", "plan": "free" },
            "after": { "id": 7, "name": "Ada", "plan": "team" },
        }));
    }
}
