//! Compiles documents into a snapshot. What did not change since the last one is taken from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use crate::control::FieldFault;
use crate::control::resources::transport;
use crate::control::resources::transport::Transport;
use crate::control::rollouts::Rollouts;
use crate::control::snapshot::Caps;
use crate::control::snapshot::Documents;
use crate::control::snapshot::EventTypeRuntime;
use crate::control::snapshot::Extract;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::Streaks;
use crate::control::snapshot::kinds;
use crate::control::snapshot::loaded::Loaded;
use crate::control::snapshot::loaded::Plugins;
use crate::control::snapshot::loaded::WantedPlugin;
use crate::control::snapshot::rollout;
use crate::control::snapshot::runtime::CompiledStep;
use crate::control::snapshot::runtime::ConnectionRuntime;
use crate::control::snapshot::runtime::DestinationRuntime;
use crate::control::snapshot::runtime::SourceRuntime;
use crate::domain::config::Connection;
use crate::domain::config::Source;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::ValueFrom;
use crate::domain::config::VersionChoice;
use crate::domain::destination::Destination;
use crate::domain::event_type::EventType;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::verification::Verification;
use crate::egress::Egress;
use crate::rules::challenge;
use crate::rules::hide::Inbound;
use crate::rules::hide::Outbound;
use crate::rules::hide::is_credential;
use crate::rules::seal::SealKey;
use crate::rules::sign::PreparedSigning;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::Presets;
use crate::sandbox::Sandbox;
use crate::shape::Query;
use crate::shape::Schema;

/// What compiling needs besides the documents.
#[derive(Clone, Debug)]
pub struct SnapshotCompiler {
    /// Loads plugins.
    pub sandbox: Arc<Sandbox>,
    /// Makes targets.
    pub egress: Arc<Egress>,
    /// Bytes a body may have where its source does not say.
    pub body_bytes_max: u64,
    /// What is known of providers.
    pub presets: Presets,
    /// How the calls of plugins ended lately.
    pub streaks: Streaks,
    /// How many calls of plugins may be under way.
    pub caps: Caps,
    /// What is counted of versions that are tried.
    pub rollouts: Arc<Rollouts>,
    /// Opens secrets.
    pub seal_key: Arc<SealKey>,
}

impl SnapshotCompiler {
    /// A snapshot of these documents. What no longer compiles says so when an event meets it; it
    /// does not keep the others from working.
    pub async fn compile(&self, documents: Documents, old: Option<&Snapshot>) -> Snapshot {
        let plugins = self.load_plugins(&documents).await;
        let mut snapshot = Snapshot::default();
        for key in documents.keys.all() {
            snapshot.keys.insert(key.hash.clone(), key.clone());
        }
        for source in documents.sources.all() {
            let unchanged = old
                .and_then(|old| old.sources.get(&source.id))
                .filter(|old| Arc::ptr_eq(&old.source, source));
            let runtime = unchanged.cloned().unwrap_or_else(|| Arc::new(self.source(source)));
            snapshot.sources.insert(source.id, runtime);
        }
        for event_type in documents.event_types.all() {
            let (workspace, name) = (event_type.workspace, event_type.name.as_str());
            let unchanged = old
                .and_then(|old| old.event_type(workspace, name))
                .filter(|old| Arc::ptr_eq(&old.event_type, event_type));
            let runtime = unchanged.cloned().unwrap_or_else(|| Arc::new(prepared(event_type)));
            snapshot.event_types.entry(workspace).or_default().insert(name.to_owned(), runtime);
        }
        for destination in documents.destinations.all() {
            let unchanged = old
                .and_then(|old| old.destinations.get(&destination.id))
                .filter(|old| Arc::ptr_eq(&old.destination, destination));
            let runtime = unchanged.cloned().unwrap_or_else(|| Arc::new(self.destination(destination)));
            snapshot.destinations.insert(destination.id, runtime);
        }
        for connection in documents.connections.all() {
            let runtime = Arc::new(self.runtime(connection, &documents, &plugins));
            snapshot.connections.insert(connection.id, runtime.clone());
            for origin in &connection.origins {
                snapshot.routes.entry((connection.workspace, *origin)).or_default().push(runtime.clone());
            }
        }
        snapshot.documents = documents;
        snapshot
    }

    async fn load_plugins(&self, documents: &Documents) -> Plugins {
        let in_use = documents.connections.all().flat_map(|connection| digests_of(documents, connection));
        self.load(in_use.collect()).await
    }

    async fn load(&self, wanted: BTreeSet<WantedPlugin>) -> Plugins {
        let mut plugins =
            Plugins { loaded: Loaded::new(), streaks: self.streaks.clone(), caps: self.caps.clone() };
        for wanted in wanted {
            let (workspace, digest, grants) = wanted;
            let loaded = self.sandbox.load(workspace, &digest, grants).await;
            plugins.loaded.insert(wanted, loaded.map_err(|error| error.to_string().into()));
        }
        plugins
    }

    /// A connection as it was in these documents.
    pub(crate) async fn connection(
        &self,
        connection: &Arc<Connection>,
        documents: &Documents,
    ) -> ConnectionRuntime {
        let plugins = self.load(digests_of(documents, connection)).await;
        self.runtime(connection, documents, &plugins)
    }

    fn runtime(
        &self,
        connection: &Arc<Connection>,
        documents: &Documents,
        plugins: &Plugins,
    ) -> ConnectionRuntime {
        let mut steps =
            compile_steps(documents, connection.workspace, &connection.steps, plugins, &self.seal_key);
        if let Ok(steps) = &mut steps {
            rollout::attach(steps, connection, documents, plugins, &self.rollouts);
        }
        ConnectionRuntime { connection: connection.clone(), steps }
    }

    /// Steps that are not saved, compiled for a preview; with the active versions, whatever is tried beside them.
    pub async fn compile_steps(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        steps: &[Step],
    ) -> Result<Vec<CompiledStep>, String> {
        let digests = steps.iter().filter_map(|step| digest_of(documents, workspace, &step.kind));
        let plugins = self.load(digests.map(|(digest, grants)| (workspace, digest, grants)).collect()).await;
        compile_steps(documents, workspace, steps, &plugins, &self.seal_key)
    }

    fn source(&self, source: &Arc<Source>) -> SourceRuntime {
        let verification = source.verification.as_ref();
        let verified_by = verification.map_or("", |found| found.preset.as_deref().unwrap_or("scheme"));
        let preset = self.presets.find(verified_by);
        let challenge = preset.and_then(|preset| preset.challenge);
        let signing = |found: &Verification| {
            let secrets = challenge::part(found, challenge).0.into_iter().cloned().collect();
            let mut scheme = found.scheme.clone();
            // What a provider signs is the preset's to say, also for sources that were saved when it said less.
            if let Some(preset) = preset.filter(|_| found.preset.is_some()) {
                scheme.signed.clone_from(&preset.scheme.signed);
            }
            Verification { secrets, scheme, ..found.clone() }
        };
        SourceRuntime {
            source: source.clone(),
            // Faults were refused when it was saved; a scheme that is wrong now verifies nothing.
            verification: verification.map(|found| PreparedVerification::prepare_or_refuse(&signing(found))),
            verified_by: verified_by.into(),
            challenge,
            answer: preset.and_then(|preset| preset.answer.clone()),
            event_type: source.event_type.as_ref().and_then(extract),
            idempotency: source.idempotency.as_ref().and_then(|rule| extract(&rule.from)),
            body_bytes_max: source.body_bytes_max.unwrap_or(self.body_bytes_max),
            hide: Inbound::of(source),
        }
    }

    fn destination(&self, destination: &Arc<Destination>) -> DestinationRuntime {
        DestinationRuntime {
            destination: destination.clone(),
            transport: Transport::compile(&destination.endpoint, &self.egress),
            signing: PreparedSigning::prepare(&destination.signing).map_err(|fault| fault.to_string()),
            headers: destination_headers(destination),
            hide: Outbound::of(destination),
        }
    }
}

/// Its faults were refused when it was saved; a schema that is wrong now refuses nothing.
fn prepared(event_type: &Arc<EventType>) -> EventTypeRuntime {
    let schema = event_type.schema.as_deref().and_then(|text| Schema::compile(text).ok());
    EventTypeRuntime { event_type: event_type.clone(), schema: schema.map(Arc::new) }
}

fn extract(from: &ValueFrom) -> Option<Extract> {
    match from {
        ValueFrom::Fixed(value) => Some(Extract::Fixed(value.as_str().into())),
        ValueFrom::Header(name) => Some(Extract::Header(name.to_ascii_lowercase())),
        ValueFrom::Path(path) => Query::compile(path).ok().map(|query| Extract::Path(Arc::new(query))),
    }
}

fn destination_headers(destination: &Destination) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &destination.headers.0 {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
        if let (Ok(name), Ok(mut value)) = parsed {
            value.set_sensitive(is_credential(name.as_str()));
            headers.insert(name, value);
        }
    }
    headers.extend(transport::credentials(&destination.endpoint));
    headers
}

fn digests_of(documents: &Documents, connection: &Connection) -> BTreeSet<WantedPlugin> {
    let workspace = connection.workspace;
    let of = |step: &Step| {
        let tried = rollout::digest_of(documents, workspace, step);
        digest_of(documents, workspace, &step.kind).into_iter().chain(tried)
    };
    let wanted = |(digest, grants)| (workspace, digest, grants);
    connection.steps.iter().flat_map(of).map(wanted).collect()
}

fn digest_of(documents: &Documents, workspace: WorkspaceId, kind: &StepSpec) -> Option<(Digest, Grants)> {
    let StepSpec::Plugin { name, version, grants, .. } = kind else { return None };
    let digest = match version {
        VersionChoice::Pinned(digest) => *digest,
        VersionChoice::Active => documents.plugins.find(workspace, name)?.active?,
    };
    Some((digest, grants.kinds()))
}

fn compile_steps(
    documents: &Documents,
    workspace: WorkspaceId,
    steps: &[Step],
    plugins: &Plugins,
    seal_key: &SealKey,
) -> Result<Vec<CompiledStep>, String> {
    let compile = |(at, step): (usize, &Step)| {
        let kind = kinds::compile(documents, workspace, &step.kind, plugins);
        let mut kind = kind.map_err(|faults| format!("step {at} does not compile: {}", join(&faults)))?;
        kind.open_secrets(documents, workspace, &step.kind, seal_key)?;
        Ok(CompiledStep { kind, on_error: step.on_error })
    };
    steps.iter().enumerate().map(compile).collect()
}

fn join(faults: &[FieldFault]) -> String {
    let texts: Vec<String> =
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
    texts.join("; ")
}

/// Every fault of steps that somebody wants to save; pointers begin with the step's place.
pub fn check_steps(documents: &Documents, workspace: WorkspaceId, steps: &[Step]) -> Vec<FieldFault> {
    let plugins = Plugins::default();
    let faults_of = |(at, step): (usize, &Step)| {
        let faults = kinds::compile(documents, workspace, &step.kind, &plugins).err().unwrap_or_default();
        faults
            .into_iter()
            .map(move |fault| FieldFault { pointer: format!("/{at}{}", fault.pointer), detail: fault.detail })
    };
    steps.iter().enumerate().flat_map(faults_of).collect()
}
