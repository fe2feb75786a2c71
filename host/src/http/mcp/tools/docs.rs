//! `docs`: searches what the API's own description says, and the presets: fields, operations, parameters. Not here: text
//! that is written for it; there is none.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;
use crate::rules::config_presets::ConfigPreset;
use crate::rules::config_presets::config_presets;

/// What is shown of each kind.
const FORMS_MAX: usize = 3;
const OPERATIONS_MAX: usize = 8;
const PRESETS_MAX: usize = 3;

/// What is looked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocsArguments {
    /// A few words, such as `retry`, `verification preset`, `mapping`, `slack`.
    #[schema(required = true, nullable = false, min_length = 2, max_length = 200)]
    query: Option<String>,
}

/// Searches.
pub(crate) fn run(caller: &ToolCaller, given: &DocsArguments) -> Result<Findings, ToolRefusal> {
    let query = given.query.as_deref().unwrap_or_default().to_ascii_lowercase();
    let words: Vec<&str> =
        query.split(|letter: char| !letter.is_alphanumeric()).filter(|w| w.len() > 1).collect();
    let api: Value = serde_json::from_slice(&caller.site.openapi).unwrap_or_default();
    let forms = best(forms(&api), &words, FORMS_MAX);
    let operations = best(operations(&api), &words, OPERATIONS_MAX);
    let presets = best(config_presets().iter().map(preset).collect(), &words, PRESETS_MAX);
    if forms.is_empty() && operations.is_empty() && presets.is_empty() {
        return Err("nothing is written about that; try other words, or fewer".into());
    }
    Ok(Findings::new(json!({"forms": forms, "operations": operations, "presets": presets})))
}

/// Those that have the words, best first. A word in the title counts as much as five below it.
fn best(all: Vec<(String, Value)>, words: &[&str], most: usize) -> Vec<Value> {
    let mut scored: Vec<(usize, Value)> = all
        .into_iter()
        .filter_map(|(title, about)| {
            let (title, text) = (title.to_ascii_lowercase(), about.to_string().to_ascii_lowercase());
            let score =
                |word: &&str| 5 * usize::from(title.contains(word)) + usize::from(text.contains(word));
            let score: usize = words.iter().map(score).sum();
            (score > 0).then_some((score, about))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().take(most).map(|(_, about)| about).collect()
}

/// What is given to the API: bodies and their parts. What it answers is seen by looking.
fn forms(api: &Value) -> Vec<(String, Value)> {
    let schemas = api["components"]["schemas"].as_object();
    let given = |name: &str| !name.ends_with("View") && !name.ends_with("Patch");
    let schemas = schemas.into_iter().flatten().filter(|(name, _)| given(name));
    schemas.map(|(name, schema)| (name.clone(), form(name, schema))).collect()
}

fn form(name: &str, schema: &Value) -> Value {
    let required = schema["required"].as_array();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fields: Map<String, Value> = properties
        .map(|(field, about)| {
            let needed = required.is_some_and(|names| names.iter().any(|one| one == field));
            let text = format!("{}{}{}", kind(about), if needed { ", needed: " } else { ": " }, line(about));
            (field.clone(), text.into())
        })
        .collect();
    let mut shown = json!({"form": name, "about": line(schema)});
    match fields.is_empty() {
        true => shown["schema"] = schema.clone(),
        false => shown["fields"] = fields.into(),
    }
    shown
}

/// What a field is, in a word.
fn kind(about: &Value) -> String {
    if let Some(reference) = about["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(alternatives) = about[several].as_array() {
            return alternatives.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let of = |kind: &str| match about["items"].is_object() {
        true => format!("list of {}", self::kind(&about["items"])),
        false => kind.to_owned(),
    };
    match &about["type"] {
        Value::String(kind) => of(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(of).collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn line(about: &Value) -> String {
    about["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn operations(api: &Value) -> Vec<(String, Value)> {
    let paths = api["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, about)| (format!("{} {path}", method.to_ascii_uppercase()), about))
    });
    let show = |(operation, about): (String, &Value)| {
        let shown = json!({"operation": operation, "does": about["summary"], "scope": about["x-scope"]});
        (operation, shown)
    };
    operations.map(show).collect()
}

fn preset(preset: &ConfigPreset) -> (String, Value) {
    let parameters = preset.parameters.iter().map(|one| {
        json!({"name": one.name, "kind": one.kind, "about": one.about, "required": one.required, "default": one.default, "example": one.example})
    });
    let shown = json!({
        "preset": preset.name, "about": preset.about, "parameters": parameters.collect::<Vec<_>>(),
        "event_types": preset.event_types.iter().map(|group| &group.group).collect::<Vec<_>>(),
    });
    (format!("{} {}", preset.name, preset.title), shown)
}
