//! Teaches: one event to many deliveries, each with its own type, header and ordering key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hookmill_plugin_sdk::prelude::*;
use hookmill_plugin_sdk::serde_json;
use serde_json::value::RawValue;

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

/// Splits a payload that holds many items into one delivery for each, as they came: no digit and no member's place changes.
#[plugin]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let body: &RawValue = event.json()?;
    let Some(items) = at(body, &config.items) else {
        return Err(refuse(format!("there is nothing at `{}`", config.items)));
    };
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(items.get()) else {
        return Err(refuse(format!("what is at `{}` is not a list", config.items)));
    };
    if items.is_empty() {
        return Ok(drop("the list is empty"));
    }
    log::debug!("{} items", items.len());
    let (many, copied) = (items.len(), copied(body, config));
    let outputs = items.into_iter().enumerate().map(|(index, item)| {
        let item = complete(item, &copied);
        output(&item, config).header("x-batch-item", format!("{}/{many}", index + 1))
    });
    Ok(forward_all(outputs))
}

/// What a JSON pointer leads to, its text untouched.
fn at<'a>(whole: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    if pointer.is_empty() {
        return Some(whole);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(whole, |value, token| {
        if value.get().starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            return elements.get(token.parse::<usize>().ok()?).copied();
        }
        members(value)?.remove(token.replace("~1", "/").replace("~0", "~").as_str())
    })
}

/// The members of an object.
fn members(value: &RawValue) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// The members that items get; not the one that the items themselves are in.
fn copied<'a>(body: &'a RawValue, config: &'a Config) -> Vec<(&'a str, &'a RawValue)> {
    let mut all = members(body).filter(|_| !config.copy.is_empty()).unwrap_or_default();
    let of_items = config.items.split('/').nth(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let names = config.copy.iter().map(String::as_str).filter(|name| of_items.as_deref() != Some(*name));
    names.filter_map(|name| Some((name, all.remove(name)?))).collect()
}

/// The item with what it lacks of these. Items that are not objects stay as they are.
fn complete<'a>(item: &'a RawValue, copied: &[(&str, &RawValue)]) -> Cow<'a, str> {
    let text = item.get();
    let own = members(item).filter(|_| !copied.is_empty());
    let (Some(own), Some(open)) = (own, text.strip_suffix('}')) else { return text.into() };
    let mut made = open.to_string();
    let mut is_first = own.is_empty();
    for (name, value) in copied.iter().filter(|(name, _)| !own.contains_key(*name)) {
        let comma = if is_first { "" } else { "," };
        made += &format!("{comma}{}:{}", json!(name), value.get());
        is_first = false;
    }
    (made + "}").into()
}

fn output(item: &str, config: &Config) -> Output {
    let mut output = Output::bytes(item);
    if let Some(event_type) = &config.event_type {
        output = output.event_type(event_type);
    }
    let place = config.ordering_key.as_ref();
    let key = place.and_then(|place| at(serde_json::from_str(item).ok()?, place)).map(RawValue::get);
    match key.filter(|key| *key != "null") {
        // A text without its quotes; anything else as it is written.
        Some(key) => output.ordering_key(serde_json::from_str(key).unwrap_or_else(|_| key.to_string())),
        None => output,
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

    /// The payloads that go on.
    fn split(payload: &str, config: Value) -> Vec<String> {
        let forwarded = testing::run::<transform>(testing::event(payload)).config(config).expect_forward();
        forwarded.outputs().iter().map(|output| String::from_utf8(output.payload.clone()).unwrap()).collect()
    }

    #[test]
    fn items_go_on_as_they_came() {
        let items = ["1.10", "123456789012345678901", "0.1234567890123456789", "1e400", "-0", "1E+2"];
        assert_eq!(split(&format!("[{}]", items.join(", ")), json!({ "items": "" })), items);
        let rows =
            r#"{"page": 1.0, "rows": [{"b": 1.10, "a": "\u00e9", "a": {}}, {}, {"page":2}], "x/y": [1e400]}"#;
        let config = json!({ "items": "/rows", "copy": ["page", "x/y", "rows", "none"] });
        assert_eq!(
            split(rows, config),
            [
                r#"{"b": 1.10, "a": "\u00e9", "a": {},"page":1.0,"x/y":[1e400]}"#,
                r#"{"page":1.0,"x/y":[1e400]}"#,
                r#"{"page":2,"x/y":[1e400]}"#,
            ]
        );
        assert_eq!(split(r#"{"x/y": [[1, 2.0]]}"#, json!({ "items": "/x~1y/0" })), ["1", "2.0"]);
    }

    #[test]
    fn ordering_keys_have_all_their_digits() {
        let event = testing::event(r#"[{"id": 123456789012345678901}, {"id": "\u00e9"}, {"id": null}, 7]"#);
        let config = json!({ "items": "", "ordering_key": "/id" });
        let forwarded = testing::run::<transform>(event).config(config).expect_forward();
        let keys: Vec<_> = forwarded.outputs().iter().map(|output| output.ordering_key.as_deref()).collect();
        assert_eq!(keys, [Some("123456789012345678901"), Some("é"), None, None]);
    }
}
