//! The configuration of a connection: reads it and says what is wrong with it, in the words of the
//! person who edits it, all faults at once. It is read before the first event of every instance, so
//! only a faulty one pays for the explanation.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The configuration of a plugin that has none: `{}` and nothing else.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::testing;
///
/// #[plugin]
/// fn pass(event: &Event) -> Result<Verdict> {
///     Ok(forward(event))
/// }
/// # fn main() {
/// testing::run::<pass>(testing::event(""))
///     .config(json!({ "colour": "red" }))
///     .expect_bad_config("unknown setting `colour`: this plugin has no settings");
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct NoConfig {}

/// Reads a configuration; the error is shown to the person who edits it.
pub(crate) fn read<T: DeserializeOwned + JsonSchema>(text: &str) -> Result<T, String> {
    let mut unknown = false;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_ignored::deserialize(&mut json, |_| unknown = true);
    match read.and_then(|config: T| json.end().map(|()| config)) {
        Ok(config) if !unknown => Ok(config),
        Ok(_) => Err(explain::<T>(text, None)),
        Err(error) => Err(explain::<T>(text, Some(&error))),
    }
}

/// The schema of a configuration as JSON.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

fn explain<T: JsonSchema>(text: &str, error: Option<&serde_json::Error>) -> String {
    let given = match serde_json::from_str(text) {
        Ok(Value::Object(given)) => given,
        Ok(other) => return format!("the configuration must be a JSON object, not {other}"),
        Err(error) => return format!("the configuration is not JSON: {error}"),
    };
    let schema = schema::<T>();
    let known = schema["properties"].as_object();
    let mut faults = unknown_settings(&given, known);
    faults.extend(missing_settings(&given, known, &schema["required"]));
    faults.extend(mistyped_settings(&given, known));
    match error {
        Some(error) if faults.is_empty() => faults.push(without_place(error)),
        None if faults.is_empty() => {
            faults.push("it has settings that this plugin does not know".to_string());
        }
        _ => {}
    }
    faults.join("; ")
}

fn unknown_settings(given: &Map<String, Value>, known: Option<&Map<String, Value>>) -> Vec<String> {
    let mut names: Vec<&str> =
        known.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default();
    names.sort_unstable();
    let mut unknown: Vec<&String> = given.keys().filter(|name| !names.contains(&name.as_str())).collect();
    // Whether an object keeps its order depends on what else the program is built with.
    unknown.sort_unstable();
    unknown
        .into_iter()
        .map(|name| match (closest(name, &names), names.is_empty()) {
            (_, true) => format!("unknown setting `{name}`: this plugin has no settings"),
            (Some(meant), _) => format!("unknown setting `{name}`: did you mean `{meant}`?"),
            _ => format!("unknown setting `{name}`: the settings are `{}`", names.join("`, `")),
        })
        .collect()
}

fn missing_settings(
    given: &Map<String, Value>,
    known: Option<&Map<String, Value>>,
    required: &Value,
) -> Vec<String> {
    let required = required.as_array().map_or(&[] as &[_], Vec::as_slice);
    required
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| !given.contains_key(*name))
        .map(|name| {
            let about = known.and_then(|known| known.get(name));
            let kind = about.and_then(|about| about["type"].as_str());
            let means = about.and_then(|about| about["description"].as_str());
            let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
            let means = means.map(|means| format!(": {means}")).unwrap_or_default();
            format!("missing setting `{name}`{kind}{means}")
        })
        .collect()
}

/// Settings whose value has another type than the schema says; deeper faults are the reader's to name.
fn mistyped_settings(given: &Map<String, Value>, known: Option<&Map<String, Value>>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, value) in given {
        let about = known.and_then(|known| known.get(name));
        let wanted = about.and_then(|about| about.get("type")).map(types).unwrap_or_default();
        if !wanted.is_empty() && !wanted.iter().any(|wanted| is_type(value, wanted)) {
            faults.push(format!("setting `{name}`: expected {}, not {value}", wanted.join(" or ")));
        }
    }
    faults.sort_unstable();
    faults
}

fn types(kind: &Value) -> Vec<&str> {
    match kind {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_type(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// Without the line and column, which mean nothing to someone who fills in a form.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// The name that was probably meant: at most a third of its letters differ.
fn closest<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| (distance(given, name), *name))
        .filter(|(distance, name)| distance * 3 <= name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Letters to change, add or take away (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its fields' names and types matter here")]
    struct Config {
        /// Between 0 and 1.
        min_confidence: f64,
        region: Option<String>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[test]
    fn faulty_configurations_are_explained() {
        let check = |text: &str, expected: &str| {
            assert_eq!(read::<Config>(text).err().unwrap_or_default(), expected, "{text}");
        };
        check(r#"{"min_confidence": 0.8}"#, "");
        check(r#"{"min_confidence": 1, "region": null, "tags": ["a"]}"#, "");
        check("{}", "missing setting `min_confidence` (number): Between 0 and 1.");
        check(
            r#"{"min_confidnce": 0.8, "colour": 1}"#,
            "unknown setting `colour`: the settings are `min_confidence`, `region`, `tags`; \
             unknown setting `min_confidnce`: did you mean `min_confidence`?; \
             missing setting `min_confidence` (number): Between 0 and 1.",
        );
        check(
            r#"{"min_confidence": 0.8, "regoin": "eu"}"#,
            "unknown setting `regoin`: did you mean `region`?",
        );
        check(
            r#"{"min_confidence": "high", "tags": 1, "region": "eu"}"#,
            "setting `min_confidence`: expected number, not \"high\"; setting `tags`: expected array, not 1",
        );
        check(r#"{"min_confidence": 1, "tags": [1]}"#, "invalid type: integer `1`, expected a string");
        check("[1]", "the configuration must be a JSON object, not [1]");
        check("{", "the configuration is not JSON: EOF while parsing an object at line 1 column 1");
    }

    #[test]
    fn distance_counts_letters() {
        for (a, b, expected) in [("", "", 0), ("abc", "", 3), ("abc", "abd", 1), ("ab", "ba", 2)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }
}
