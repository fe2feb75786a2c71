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
use crate::control::snapshot::Extract;
use crate::control::snapshot::Snapshot;
use crate::control::snapshot::Streaks;
use crate::control::snapshot::loaded::Loaded;
use crate::control::snapshot::loaded::Plugins;
use crate::control::snapshot::loaded::WantedPlugin;
use crate::control::snapshot::plugin_step::PluginStep;
use crate::control::snapshot::rollout;
use crate::control::snapshot::runtime::CompiledKind;
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
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::sealed::SecretName;
use crate::domain::secret::NamedSecrets;
use crate::domain::step_grants::StepGrants;
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
use crate::shape::Filter;
use crate::shape::Mapping;
use crate::shape::Query;

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
        let mut kind = compile_kind(documents, workspace, &step.kind, plugins);
        if let (Ok(CompiledKind::Plugin(compiled)), StepSpec::Plugin { grants, .. }) = (&mut kind, &step.kind)
        {
            compiled.secrets = opened(documents, workspace, grants, seal_key)?;
        }
        let kind = kind.map_err(|faults| format!("step {at} does not compile: {}", join(&faults)))?;
        Ok(CompiledStep { kind, on_error: step.on_error })
    };
    steps.iter().enumerate().map(compile).collect()
}

fn join(faults: &[FieldFault]) -> String {
    let texts: Vec<String> =
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect();
    texts.join("; ")
}

fn compile_kind(
    documents: &Documents,
    workspace: WorkspaceId,
    kind: &StepSpec,
    plugins: &Plugins,
) -> Result<CompiledKind, Vec<FieldFault>> {
    let fault = |pointer: &str, detail: String| vec![FieldFault { pointer: pointer.to_owned(), detail }];
    let within = |step: &str, faults: Vec<crate::shape::SpecFault>| {
        let prefixed = faults
            .into_iter()
            .map(|fault| FieldFault { pointer: format!("/{step}{}", fault.pointer), detail: fault.detail });
        prefixed.collect::<Vec<_>>()
    };
    match kind {
        StepSpec::Filter(json) => {
            let filter = Filter::compile(json.as_bytes()).map_err(|faults| within("filter", faults))?;
            Ok(CompiledKind::Filter(Arc::new(filter)))
        }
        StepSpec::Mapping(json) => {
            let mapping = Mapping::compile(json.as_bytes()).map_err(|faults| within("mapping", faults))?;
            Ok(CompiledKind::Mapping(Arc::new(mapping)))
        }
        StepSpec::Plugin { name, version, config, grants } => {
            let plugin = documents.plugins.find(workspace, name);
            let plugin = plugin.ok_or_else(|| {
                fault(
                    "/plugin/name",
                    format!("there is no plugin `{name}` in this workspace; upload it first"),
                )
            })?;
            let digest = match version {
                VersionChoice::Pinned(digest) => *digest,
                VersionChoice::Active => plugin.active.ok_or_else(|| {
                    fault(
                        "/plugin/version",
                        format!("plugin `{name}` has no active version; activate one, or pin a digest"),
                    )
                })?,
            };
            let found = plugin.versions.iter().find(|version| version.digest == digest);
            let found = found.ok_or_else(|| {
                fault("/plugin/version", format!("plugin `{name}` has no version {digest}"))
            })?;
            let missing = found.needs().without(grants.kinds());
            if !missing.is_empty() {
                return Err(fault("/plugin/grants", not_granted(name, missing, found.needs())));
            }
            for wanted in grants.secrets() {
                if documents.secrets.find(workspace, wanted.as_str()).is_none() {
                    return Err(fault("/plugin/grants", no_secret(wanted)));
                }
            }
            Ok(CompiledKind::Plugin(Box::new(PluginStep {
                name: name.as_str().into(),
                digest,
                plugin: plugins.of(plugin, found, grants.kinds()),
                config: config.as_str().into(),
                headers_wanted: found.headers_wanted.clone().into(),
                batch: found.batch,
                grants: grants.kinds(),
                hosts: grants.hosts().iter().cloned().collect(),
                secrets: NamedSecrets::default(),
                streak: plugins.streaks.of(plugin.id, digest, found.quarantine.is_some()),
                rollout: None,
            })))
        }
    }
}

/// The secrets that a step names. They are there and open, unless the gateway's key is another one than it was.
fn opened(
    documents: &Documents,
    workspace: WorkspaceId,
    grants: &StepGrants,
    seal_key: &SealKey,
) -> Result<NamedSecrets, String> {
    let mut secrets = Vec::with_capacity(grants.secrets().len());
    for name in grants.secrets() {
        let sealed = documents.secrets.find(workspace, name.as_str()).ok_or_else(|| no_secret(name))?;
        let value = seal_key.open(sealed).map_err(|error| error.to_string())?;
        secrets.push((name.to_string(), value));
    }
    Ok(NamedSecrets::new(secrets))
}

fn no_secret(name: &SecretName) -> String {
    format!("there is no secret `{name}` in this workspace; set it first: hookmill secret set {name}")
}

fn not_granted(name: &str, missing: Grants, needed: Grants) -> String {
    let entry = |grant: Grant| match grant {
        Grant::Http => r#"{"http": ["api.example.com"]}"#.to_owned(),
        Grant::Secrets => r#"{"secrets": ["a_name"]}"#.to_owned(),
        Grant::Clock | Grant::Kv | Grant::Random => format!("\"{grant}\""),
    };
    let list: Vec<String> = needed.iter().map(entry).collect();
    let list = list.join(", ");
    format!(
        "plugin `{name}` uses {missing}, which it is not granted here; if it may, write \"grants\": [{list}]"
    )
}

/// Every fault of steps that somebody wants to save; pointers begin with the step's place.
pub fn check_steps(documents: &Documents, workspace: WorkspaceId, steps: &[Step]) -> Vec<FieldFault> {
    let plugins = Plugins::default();
    let faults_of = |(at, step): (usize, &Step)| {
        let faults = compile_kind(documents, workspace, &step.kind, &plugins).err().unwrap_or_default();
        faults
            .into_iter()
            .map(move |fault| FieldFault { pointer: format!("/{at}{}", fault.pointer), detail: fault.detail })
    };
    steps.iter().enumerate().flat_map(faults_of).collect()
}
