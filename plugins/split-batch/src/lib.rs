//! Teaches: one event to many deliveries, each with its own type, header and ordering key.

use hookmill_plugin_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Config {
    /// Where the items are: a JSON pointer, such as /data/items. The payload itself, when empty.
    items: String,
    /// Members of the payload that each item gets a copy of, where it has none of that name itself.
    #[serde(default)]
    copy: Vec<String>,
    /// Where in an item its ordering key is, such as /customer/id: items with the same key stay in order.
    #[serde(default)]
    ordering_key: Option<String>,
    /// The type of the deliveries; the event's own, when left out.
    #[serde(default)]
    event_type: Option<String>,
}

/// Splits a payload that holds many items into one delivery for each.
#[plugin]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let mut body: Value = event.json()?;
    let items = match body.pointer_mut(&config.items).map(Value::take) {
        Some(Value::Array(items)) => items,
        Some(_) => return Err(refuse(format!("what is at `{}` is not a list", config.items))),
        None => return Err(refuse(format!("there is nothing at `{}`", config.items))),
    };
    if items.is_empty() {
        return Ok(drop("the list is empty"));
    }
    log::debug!("{} items", items.len());
    let many = items.len();
    let outputs = items.into_iter().enumerate().map(|(index, mut item)| {
        complete(&mut item, &body, &config.copy);
        output(&item, config).header("x-batch-item", format!("{}/{many}", index + 1))
    });
    Ok(forward_all(outputs))
}

fn output(item: &Value, config: &Config) -> Output {
    let mut output = Output::json(item);
    if let Some(event_type) = &config.event_type {
        output = output.event_type(event_type);
    }
    match config.ordering_key.as_ref().and_then(|place| item.pointer(place)) {
        Some(Value::String(key)) => output.ordering_key(key),
        Some(key) if !key.is_null() => output.ordering_key(key.to_string()),
        _ => output,
    }
}

/// Items that are not objects stay as they are.
fn complete(item: &mut Value, body: &Value, names: &[String]) {
    if let Some(members) = item.as_object_mut() {
        for name in names {
            if let Some(value) = body.get(name) {
                members.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_plugin_sdk::testing;

    #[test]
    fn examples() {
        testing::run_examples::<transform>();
    }

    #[test]
    fn as_many_outputs_as_items() {
        let numbers: Vec<u32> = (0..1000).collect();
        let forwarded = testing::run::<transform>(testing::event(json!(numbers)))
            .config(json!({ "items": "" }))
            .expect_forward();
        assert_eq!(forwarded.outputs().len(), 1000);
        assert_eq!(forwarded.outputs()[999].payload, b"999");
    }

    #[test]
    fn each_item_says_which_it_is() {
        let event = testing::event(json!({ "rows": [{ "id": 7 }, { "id": "b" }] }));
        let config = json!({ "items": "/rows", "ordering_key": "/id" });
        let forwarded = testing::run::<transform>(event).config(config).expect_forward();
        let keys: Vec<_> = forwarded.outputs().iter().map(|output| output.ordering_key.as_deref()).collect();
        assert_eq!(keys, [Some("7"), Some("b")]);
        assert_eq!(forwarded.outputs()[1].headers, [("x-batch-item".to_string(), "2/2".to_string())]);
    }
}
