//! Generic profiles by the name of the product whose receivers read them: a data file.

use serde::Deserialize;

use crate::domain::signing::HmacProfile;

/// A profile and its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SigningPreset {
    name: String,
    profile: HmacProfile,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct SigningPresets(Vec<SigningPreset>);

impl SigningPresets {
    /// The profile of that name.
    pub fn find(&self, name: &str) -> Option<&HmacProfile> {
        self.0.iter().find(|preset| preset.name == name).map(|preset| &preset.profile)
    }

    /// The name of that profile, if it is one of these.
    pub fn name_of(&self, profile: &HmacProfile) -> Option<&str> {
        self.0.iter().find(|preset| preset.profile == *profile).map(|preset| preset.name.as_str())
    }

    /// Every name, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|preset| preset.name.as_str())
    }
}

/// Reads the presets that are built in.
pub fn signing_presets() -> SigningPresets {
    let text = include_str!("../signing_presets.json");
    SigningPresets(serde_json::from_str(text).expect("the built-in presets are tested"))
}

/// A generic profile by name, if the name is known. Reads the file: whoever asks often keeps [`SigningPresets`].
pub fn signing_preset(name: &str) -> Option<HmacProfile> {
    signing_presets().find(name).cloned()
}
