//! What operators set up. Documents of the store and of snapshots; the shapes of the API are in
//! `http`. Not here: compiling steps (`control`), checking anything against the outside world.

use serde::{Deserialize, Serialize};

use crate::domain::event::Headers;
use crate::domain::grant::Grants;
use crate::domain::host::HostPattern;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventId;
use crate::domain::id::EventTypeId;
use crate::domain::id::KeyId;
use crate::domain::id::PluginId;
use crate::domain::id::SetId;
use crate::domain::id::SourceId;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::domain::retry::RetryPolicy;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::Rollout;
use crate::domain::sealed::SecretName;
use crate::domain::secret::StoredSecret;
use crate::domain::step_grants::StepGrant;
use crate::domain::step_grants::StepGrants;
use crate::domain::time::Timestamp;
use crate::domain::verification::Verification;
use crate::domain::workspace_limits::WorkspaceLimits;

/// What was applied together under a name. Only what is among it can be deleted by applying it again without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSet {
    /// Its id.
    pub id: SetId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// Its sources, oldest first.
    pub sources: Vec<SourceId>,
    /// Its destinations, oldest first.
    pub destinations: Vec<DestinationId>,
    /// Its connections, oldest first.
    pub connections: Vec<ConnectionId>,
    /// Its tables, oldest first.
    #[serde(default)]
    pub tables: Vec<TableId>,
    /// Its entries of the event catalogue, oldest first.
    #[serde(default)]
    pub event_types: Vec<EventTypeId>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Unique among workspaces.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The named set of limits that holds for it.
    #[serde(default)]
    pub tier: Option<String>,
    /// Limits of its own, which stand over those of its tier.
    #[serde(default)]
    pub limits: WorkspaceLimits,
}

impl Workspace {
    /// Whether anything of it may be bounded.
    pub fn is_bounded(&self) -> bool {
        self.tier.is_some() || self.limits != WorkspaceLimits::default()
    }
}

/// What a key may do. `Admin` implies the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything but secrets.
    Read,
    /// Change configuration, retry, cancel.
    Write,
    /// Publish events.
    Ingest,
    /// Everything, keys and workspaces included.
    Admin,
}

/// A key, known only by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// For people.
    pub name: String,
    /// What it may do; empty for a source's key.
    pub scopes: Vec<Scope>,
    /// The one source it opens; `None` for keys of the API.
    pub source: Option<SourceId>,
    /// SHA-256 of the key's text, hex. The text has 256 random bits, so no salt is needed.
    pub hash: String,
    /// What the text begins with, such as `hm_in_`.
    pub prefix: String,
    /// The text's last four characters.
    pub last4: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; set on the old key by a rotation.
    pub expires_at: Option<Timestamp>,
}

/// Whether things flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowState {
    /// They do.
    #[default]
    Active,
    /// Sources refuse; connections and destinations hold.
    Paused,
}

/// Where an event's type (or id, or key) is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueFrom {
    /// Always this.
    Fixed(String),
    /// This header, lower case.
    Header(String),
    /// The first node of this JSONPath.
    Path(String),
}

/// Which copies are duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// Where the key is.
    pub from: ValueFrom,
}

/// Name and password of HTTP basic authentication.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Basic {
    /// The name.
    pub username: String,
    /// The password.
    pub password: StoredSecret,
}

/// What a source answers to an accepted request instead of 202 and the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomResponse {
    /// 200 to 299.
    pub status: u16,
    /// Further headers.
    pub headers: Headers,
    /// Up to 1,000 characters.
    pub body: String,
}

/// A place where events come in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Active, or refusing with 503.
    pub state: FlowState,
    /// Whether it is refused to delete it.
    #[serde(default)]
    pub protect: bool,
    /// Whether a request must carry one of the source's keys. One that carries a wrong key is
    /// refused in any case.
    pub key_required: bool,
    /// The header a key may stand in besides `Authorization: Bearer`, lower case.
    pub key_header: String,
    /// Basic authentication, if wanted.
    pub basic: Option<Basic>,
    /// The provider's signature, if any.
    pub verification: Option<Verification>,
    /// Where the event's type is.
    pub event_type: Option<ValueFrom>,
    /// What makes a duplicate; goes before the `Idempotency-Key` header.
    pub idempotency: Option<Idempotency>,
    /// Methods it takes, upper case.
    pub methods: Vec<String>,
    /// Bytes a body may have; `None`: the server's limit.
    pub body_bytes_max: Option<u64>,
    /// What it answers.
    pub response: Option<CustomResponse>,
    /// Whether an event must fit the schema that the event catalogue has for its type.
    #[serde(default)]
    pub enforce_schemas: bool,
}

/// What a step does when it cannot answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The delivery fails, by the gateway.
    #[default]
    Fail,
    /// Nothing is delivered.
    Drop,
    /// The step's input goes on unchanged.
    Pass,
}

/// A step as it was written; its JSON is kept byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub kind: StepSpec,
    /// What if it cannot.
    pub on_error: OnError,
}

impl Step {
    /// Whether it is the same but for blanks in its JSON. The order of names is part of it: what is made has that order.
    pub fn means(&self, other: &Self) -> bool {
        let plain = |step: &Self| {
            let mut step = step.clone();
            match &mut step.kind {
                StepSpec::Filter(json) | StepSpec::Mapping(json) | StepSpec::Plugin { config: json, .. } => {
                    let read: Result<serde_json::Value, _> = serde_json::from_str(json);
                    *json = read.map_or_else(|_| json.clone(), |value| value.to_string());
                }
            }
            step
        };
        plain(self) == plain(other)
    }
}

/// The three kinds of steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepSpec {
    /// The filter's JSON.
    Filter(String),
    /// The mapping's JSON.
    Mapping(String),
    /// A plugin.
    Plugin {
        /// Its name in the workspace.
        name: String,
        /// Which version.
        version: VersionChoice,
        /// Its configuration, JSON.
        config: String,
        /// What it may do here beyond seeing events.
        #[serde(default)]
        grants: StepGrants,
    },
}

impl StepSpec {
    /// What it lets a guest use.
    pub fn grants(&self) -> Option<&StepGrants> {
        match self {
            Self::Plugin { grants, .. } => Some(grants),
            Self::Filter(_) | Self::Mapping(_) => None,
        }
    }
}

/// Which version of a plugin a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionChoice {
    /// Whichever is active.
    Active,
    /// That one.
    Pinned(Digest),
}

/// Which events a connection takes, by where they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Those of a source.
    Source(SourceId),
    /// Those published through the API.
    Published,
}

/// Source(s) and event types, steps, one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Active, or holding.
    pub state: FlowState,
    /// Whether it is refused to delete it.
    #[serde(default)]
    pub protect: bool,
    /// Any of them.
    pub origins: Vec<Origin>,
    /// Patterns with `*`, any of them.
    pub event_types: Vec<String>,
    /// Or any type of these groups of the event catalogue.
    #[serde(default)]
    pub event_groups: Vec<String>,
    /// Run in this order.
    pub steps: Vec<Step>,
    /// Where the result goes.
    pub destination: DestinationId,
    /// Instead of the destination's.
    pub retry: Option<RetryPolicy>,
}

/// An uploaded component by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginConfig {
    /// Its id.
    pub id: PluginId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in its workspace.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The version steps with `active` run.
    pub active: Option<Digest>,
    /// Every upload, oldest first.
    pub versions: Vec<PluginVersion>,
    /// Which became active when, the last ones, oldest first.
    #[serde(default)]
    pub activations: Vec<Activation>,
    /// A version being tried on live events; one at a time.
    #[serde(default)]
    pub rollout: Option<Rollout>,
    /// What its calls may use where that is less than the server's limits.
    #[serde(default)]
    pub limits: PluginBudget,
    /// The last twenty rollouts that are over, oldest first.
    #[serde(default)]
    pub rollouts: Vec<EndedRollout>,
}

/// That a version became the active one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Which.
    pub version: Digest,
    /// When.
    pub at: Timestamp,
    /// With which key.
    pub by: KeyId,
    /// Why it may although captured tests failed.
    pub reason: Option<String>,
    /// The names of those tests.
    pub failed: Vec<String>,
}

/// One upload. Immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginVersion {
    /// SHA-256 of the component.
    pub digest: Digest,
    /// When.
    pub uploaded_at: Timestamp,
    /// By which key.
    pub uploaded_by: KeyId,
    /// Bytes of the component.
    pub bytes: u64,
    /// The interfaces it imports, such as `log`.
    pub imports: Vec<String>,
    /// Its manifest, JSON.
    pub manifest: String,
    /// Headers the manifest asks for, lower case.
    pub headers_wanted: Vec<String>,
    /// Whether it asks that events which wait share an instance.
    #[serde(default)]
    pub batch: bool,
    /// Set while it is not run, because it only faulted.
    #[serde(default)]
    pub quarantine: Option<Quarantine>,
}

/// Why a version of a plugin is not run any more. Events that meet it are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Since when.
    pub since: Timestamp,
    /// How many calls had faulted, one after the other.
    pub faults: u32,
    /// The last one's code, such as `trapped`.
    pub code: String,
    /// The last one in words.
    pub detail: String,
    /// The event it was about.
    pub event: EventId,
}

impl PluginVersion {
    /// What it needs to be granted: what it imports, `log` aside.
    pub fn needs(&self) -> Grants {
        Grants::among(&self.imports)
    }

    /// What its manifest warns of: what a person should know who runs it.
    pub fn warnings(&self) -> Vec<String> {
        // It was checked at the upload.
        serde_json::from_str(&self.manifest).map(|manifest| plugin::warnings(&manifest)).unwrap_or_default()
    }

    /// The hosts and secrets its manifest asks for.
    pub fn wants(&self) -> StepGrants {
        #[derive(Deserialize)]
        struct Manifest {
            #[serde(default)]
            wants: Wants,
        }
        #[derive(Default, Deserialize)]
        struct Wants {
            #[serde(default)]
            http: Vec<HostPattern>,
            #[serde(default)]
            secrets: Vec<SecretName>,
        }
        // It was checked at the upload.
        let read = serde_json::from_str::<Manifest>(&self.manifest).map(|manifest| manifest.wants);
        let Wants { http, secrets } = read.unwrap_or_default();
        [StepGrant::Http { http }, StepGrant::Secrets { secrets }].into_iter().collect()
    }
}
