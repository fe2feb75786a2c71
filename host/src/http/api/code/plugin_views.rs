//! Plugins, their versions and what happened to these, as they are shown. Not here: what may be done with them (`plugins`).

use crate::control::Control;
use crate::domain::config::Activation;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::PluginId;
use crate::domain::id::RolloutId;
use crate::domain::plugin::Artifact;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One upload. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    /// The plugin's name.
    pub plugin: String,
    /// SHA-256 of the component.
    pub digest: Digest,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// With which key.
    pub uploaded_by: KeyId,
    /// That key's name, while it exists.
    #[schema(required = true)]
    pub uploaded_by_name: Option<String>,
    /// Bytes of the component.
    pub bytes: u64,
    /// The interfaces it imports, such as `log`.
    pub imports: Vec<String>,
    /// Whether events that wait for it share an instance, as it asks in its manifest. Then they are made again
    /// together, and what they become is written down before it is sent.
    pub batch: bool,
    /// What a person should know who runs it: uses of the time, of chance or of more that the plugin asks no grant for.
    pub warnings: Vec<String>,
    /// Its manifest.
    #[schema(value_type = serde_json::Value)]
    pub manifest: Box<RawValue>,
    /// Whether steps that run the active version run this one.
    pub active: bool,
    /// Whether its code for this server's engine is there: `ready`, `building` (events that meet it wait) or
    /// `failed`.
    pub artifact: &'static str,
    /// Why it is `failed`.
    #[schema(required = true)]
    pub artifact_error: Option<String>,
    /// Set while it is not run, because too many calls in a row faulted; its events are held.
    #[schema(required = true)]
    pub quarantine: Option<QuarantineView>,
}

/// Why a version is not run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineView {
    /// Since when.
    pub since: Timestamp,
    /// Calls that had faulted in a row.
    pub faults: u32,
    /// The last fault's code, such as `trapped`.
    pub code: String,
    /// The last fault in words.
    pub detail: String,
    /// The event it was about.
    pub event: EventId,
}

/// What the calls of a plugin may use, where that is less than the server's limits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// Milliseconds of CPU time of one event.
    #[schema(required = true)]
    pub cpu_ms: Option<u64>,
    /// Bytes of memory of one call.
    #[schema(required = true)]
    pub memory_bytes: Option<u64>,
    /// Bytes of all that one event becomes.
    #[schema(required = true)]
    pub output_bytes: Option<u64>,
    /// Calls at a time.
    #[schema(required = true)]
    pub in_flight: Option<u32>,
}

/// An uploaded component by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginView {
    /// Its id.
    pub id: PluginId,
    /// Its name.
    pub name: String,
    /// When the first version was uploaded.
    pub created_at: Timestamp,
    /// The active version.
    #[schema(required = true)]
    pub active: Option<Digest>,
    /// What its calls may use, where that is less than the server's limits.
    pub limits: LimitsView,
    /// A canary or a shadow of another version that is under way.
    #[schema(required = true)]
    pub rollout: Option<RolloutId>,
    /// Every version, newest first.
    pub versions: Vec<VersionView>,
    /// Which version became active when, the last twenty times, newest first.
    pub activations: Vec<ActivationView>,
}

/// That a version became the active one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivationView {
    /// Which.
    pub version: Digest,
    /// When.
    pub at: Timestamp,
    /// With which key.
    pub by: KeyId,
    /// That key's name, while it exists.
    #[schema(required = true)]
    pub by_name: Option<String>,
    /// Why it may, although captured tests failed.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The names of those tests.
    pub failed: Vec<String>,
}

pub(super) fn show_version(control: &Control, plugin: &PluginConfig, version: &PluginVersion) -> VersionView {
    let artifact = control.artifact(&version.digest);
    VersionView {
        plugin: plugin.name.clone(),
        digest: version.digest,
        uploaded_at: version.uploaded_at,
        uploaded_by: version.uploaded_by,
        uploaded_by_name: key_name(control, version.uploaded_by),
        bytes: version.bytes,
        imports: version.imports.clone(),
        batch: version.batch,
        warnings: version.warnings(),
        manifest: parts::raw(&version.manifest),
        active: plugin.active == Some(version.digest),
        artifact: artifact.name(),
        artifact_error: match artifact {
            Artifact::Failed(error) => Some(error),
            Artifact::Building | Artifact::Ready => None,
        },
        quarantine: version.quarantine.clone().map(|found| QuarantineView {
            since: found.since,
            faults: found.faults,
            code: found.code,
            detail: found.detail,
            event: found.event,
        }),
    }
}

pub(super) fn key_name(control: &Control, key: KeyId) -> Option<String> {
    control.snapshot().documents.keys.get(key).map(|key| key.name.clone())
}

pub(super) fn show(control: &Control, plugin: &PluginConfig) -> PluginView {
    let versions = plugin.versions.iter().rev();
    PluginView {
        id: plugin.id,
        name: plugin.name.clone(),
        created_at: plugin.created_at,
        active: plugin.active,
        limits: show_limits(&plugin.limits),
        rollout: plugin.rollout.as_ref().map(|rollout| rollout.id),
        versions: versions.map(|version| show_version(control, plugin, version)).collect(),
        activations: plugin.activations.iter().rev().map(|one| show_activation(control, one)).collect(),
    }
}

pub(super) fn show_limits(limits: &PluginBudget) -> LimitsView {
    let PluginBudget { cpu_ms, memory_bytes, output_bytes, in_flight } = *limits;
    LimitsView { cpu_ms, memory_bytes, output_bytes, in_flight }
}

pub(super) fn show_activation(control: &Control, activation: &Activation) -> ActivationView {
    let Activation { version, at, by, reason, failed } = activation.clone();
    ActivationView { version, at, by, by_name: key_name(control, by), reason, failed }
}
