//! Whole set-ups by name: documents with parameters, the event types that belong to them, sample payloads; each in a data
//! file. Not here: what documents come to (`control::plans`).

mod render;

pub use render::ParameterFault;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

/// One file each, in the order in which they are shown.
const FILES: [&str; 13] = [
    include_str!("data/beton-tables.yaml"),
    include_str!("data/beton-signals.yaml"),
    include_str!("data/crm.yaml"),
    include_str!("data/ai-builder.yaml"),
    include_str!("data/peanuts.yaml"),
    include_str!("data/slack.yaml"),
    include_str!("data/discord.yaml"),
    include_str!("data/teams.yaml"),
    include_str!("data/pagerduty.yaml"),
    include_str!("data/zapier.yaml"),
    include_str!("data/make.yaml"),
    include_str!("data/n8n.yaml"),
    include_str!("data/generic.yaml"),
];

/// A set-up by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigPreset {
    /// As it is asked for.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it stands in for.
    pub group: ConfigPresetGroup,
    /// What it does.
    pub about: String,
    /// What is put in.
    pub parameters: Vec<PresetParameter>,
    /// The event types that belong to it.
    #[serde(default)]
    pub event_types: Vec<EventTypeGroup>,
    /// Whether they become entries of the event catalogue, since the application publishes them itself.
    #[serde(default)]
    pub catalogue: bool,
    /// Payloads as they come in.
    #[serde(default)]
    pub samples: Vec<PresetSample>,
    /// What is made, with holes for the parameters.
    documents: Vec<Value>,
}

/// What a preset stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigPresetGroup {
    /// The webhooks of a product.
    System,
    /// A receiver.
    Template,
}

/// What is put into a preset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetParameter {
    /// As it is given.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub kind: ParameterKind,
    /// For people.
    pub about: String,
    /// Whether there must be one.
    #[serde(default)]
    pub required: bool,
    /// What it is if not given.
    #[serde(default)]
    pub default: Option<Value>,
    /// What it may look like.
    #[serde(default)]
    pub example: Option<Value>,
    /// The parameter without which it means nothing.
    #[serde(default)]
    pub needs: Option<String>,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// A text.
    #[default]
    Text,
    /// A text that is not shown again.
    Secret,
    /// Event types and groups of them, in a list.
    Events,
    /// An object.
    Object,
    /// A list: JSON, or texts with commas between them.
    List,
}

/// Event types that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTypeGroup {
    /// What they are called together.
    pub group: String,
    /// Whether there may be types that are not named here.
    #[serde(default)]
    pub open: bool,
    /// Each of them.
    pub types: Vec<EventTypeAbout>,
}

/// An event type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTypeAbout {
    /// The type.
    pub name: String,
    /// When there is one.
    pub about: String,
}

/// A payload as it comes in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresetSample {
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The payload.
    pub payload: Value,
}

/// All of them.
pub fn config_presets() -> Vec<ConfigPreset> {
    FILES.iter().map(|text| serde_saphyr::from_str(text).expect("a test reads each of them")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_file_can_be_read_and_has_its_parameters() {
        let presets = config_presets();
        let mut names: Vec<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FILES.len());
        for preset in &presets {
            let given = preset.parameters.iter().filter(|parameter| parameter.required);
            let value = |kind| match kind {
                ParameterKind::Object => json!({"a": "$.a"}),
                ParameterKind::List => json!(["a"]),
                ParameterKind::Text | ParameterKind::Secret | ParameterKind::Events => {
                    json!("https://example.com/")
                }
            };
            let given = given.map(|parameter| (parameter.name.clone(), value(parameter.kind))).collect();
            let documents =
                preset.render(&given).unwrap_or_else(|faults| panic!("{}: {faults:?}", preset.name));
            assert!(!json!(documents).to_string().contains("$param"), "{}: {documents:?}", preset.name);
        }
    }
}
