//! The schemes of known providers: a data file, and what else is known of their requests.

use serde::Deserialize;

use crate::domain::config::ValueFrom;
use crate::domain::verification::Scheme;

/// How a provider makes sure that somebody is there before it sends events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Challenge {
    /// Slack: a POST with `{"type":"url_verification","challenge":…}`; the answer is the challenge.
    SlackUrlVerification,
    /// Zoom: a POST with `endpoint.url_validation`; the answer has the plain token and its HMAC.
    ZoomUrlValidation,
    /// Meta: a GET with `hub.challenge` and `hub.verify_token`; the answer is the challenge.
    MetaHubChallenge,
    /// X: a GET with `crc_token`; the answer has its HMAC.
    XCrc,
    /// Discord: a POST with `{"type":1}`; the answer is the same.
    DiscordPing,
}

impl Challenge {
    /// Whether the question is signed as events are; the others come before there is anything to sign with.
    pub fn is_signed(self) -> bool {
        !matches!(self, Self::MetaHubChallenge | Self::XCrc)
    }
}

/// The answer to a taken event that a provider takes for one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderAnswer {
    /// The status.
    pub status: u16,
    /// The body; not given: the event's id, as with all others.
    #[serde(default)]
    pub body: Option<String>,
    /// Its media type, if there is one.
    #[serde(default)]
    pub content_type: Option<String>,
}

/// What is known of a provider's webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// As the API names it.
    pub name: String,
    /// Other names: providers that do the very same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How it signs.
    pub scheme: Scheme,
    /// Where its event types are.
    #[serde(default)]
    pub event_type: Option<ValueFrom>,
    /// What makes a duplicate.
    #[serde(default)]
    pub idempotency: Option<ValueFrom>,
    /// What it asks before it sends events.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// What it wants to hear when an event was taken; not given: any 2xx will do, so it gets 202 and the event's id.
    #[serde(default)]
    pub answer: Option<ProviderAnswer>,
}

/// All presets.
#[derive(Clone, Debug)]
pub struct Presets(Vec<Preset>);

impl Presets {
    /// The one with that name or alias.
    pub fn find(&self, name: &str) -> Option<&Preset> {
        let other = |preset: &&Preset| preset.aliases.iter().any(|alias| alias == name);
        self.0.iter().find(|preset| preset.name == name).or_else(|| self.0.iter().find(other))
    }

    /// Each, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = &Preset> {
        self.0.iter()
    }

    /// Every name, in the order of the file, each followed by its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|preset| std::iter::once(&preset.name).chain(&preset.aliases))
            .map(String::as_str)
    }
}

/// Reads the presets that are built in.
pub fn presets() -> Presets {
    let text = include_str!("../verification_presets.json");
    Presets(serde_json::from_str(text).expect("the built-in presets are tested"))
}
