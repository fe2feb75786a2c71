//! The schemes of known providers: a data file, and what else is known of their requests.

use serde::Deserialize;

use crate::domain::config::ValueFrom;
use crate::domain::verification::Scheme;

/// What is known of a provider's webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// As the API names it.
    pub name: String,
    /// How it signs.
    pub scheme: Scheme,
    /// Where its event types are.
    #[serde(default)]
    pub event_type: Option<ValueFrom>,
    /// What makes a duplicate.
    #[serde(default)]
    pub idempotency: Option<ValueFrom>,
}

/// All presets.
#[derive(Clone, Debug)]
pub struct Presets(Vec<Preset>);

impl Presets {
    /// The one with that name.
    pub fn find(&self, name: &str) -> Option<&Preset> {
        self.0.iter().find(|preset| preset.name == name)
    }

    /// Every name, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|preset| preset.name.as_str())
    }
}

/// Reads the presets that are built in.
pub fn presets() -> Presets {
    let text = include_str!("../verification_presets.json");
    Presets(serde_json::from_str(text).expect("the built-in presets are tested"))
}
