//! Takes plugins in: examined by the sandbox, then a new immutable version of a name; activates
//! and deletes versions.

use std::sync::Arc;

use bytes::Bytes;

use crate::control::Control;
use crate::control::Principal;
use crate::control::UploadError;
use crate::control::plugins::tests::Passed;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::PluginId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::RolloutEnd;
use crate::domain::step_grants::StepGrants;
use crate::sandbox::Admitted;
use crate::sandbox::Refusal;
use crate::sandbox::RefusalCode;

/// Longest name of a plugin, characters.
const NAME_MAX: usize = 64;

/// An upload that was taken.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The plugin, the new version included.
    pub plugin: Arc<PluginConfig>,
    /// The version these bytes are.
    pub version: PluginVersion,
    /// Whether steps that follow `active` run it now.
    pub active: bool,
    /// Whether the same bytes were there already.
    pub existed: bool,
}

/// What somebody agrees to who makes a version the active one.
#[derive(Clone, Debug, Default)]
pub struct Activate {
    /// Grants for steps that follow the active version and lack them.
    pub accept: Grants,
    /// Why it may become active although captured tests fail.
    pub reason: Option<String>,
}

impl Control {
    /// Takes a component in as a version of a plugin. The first version of a name becomes active, and every later one
    /// if it is asked for; if that is refused, the version is there all the same.
    pub async fn upload(
        &self,
        principal: &Principal,
        name: &str,
        bytes: Bytes,
        activate: Option<Activate>,
    ) -> Result<Uploaded, UploadError> {
        check_name(name)?;
        let size = bytes.len() as u64;
        let admitted = self.sandbox().admit(bytes).await.map_err(refused)?;
        let guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let existing = snapshot.documents.plugins.find(principal.workspace, name);
        let mut plugin =
            existing.map_or_else(|| self.new_plugin(principal, name), |found| found.as_ref().clone());
        let known = plugin.versions.iter().find(|version| version.digest == admitted.digest).cloned();
        let existed = known.is_some();
        let version = known.unwrap_or_else(|| self.new_version(principal, admitted, size));
        if !existed {
            plugin.versions.push(version.clone());
        }
        let first = plugin.active.is_none();
        let mut writes = Vec::new();
        if first {
            let accepted = activate.as_ref().map_or(Grants::default(), |activate| activate.accept);
            writes = make_active(&snapshot.documents, &mut plugin, version.digest, accepted)?;
            self.note_activation(principal.key, &mut plugin, version.digest, Passed::default());
        }
        writes.push(DocumentWrite::PutPlugin(plugin.clone()));
        self.write_within(writes).await?;
        drop(guard);
        let plugin = match activate {
            Some(activate) if !first => self.activate(principal, name, version.digest, activate).await?,
            _ => Arc::new(plugin),
        };
        let active = plugin.active == Some(version.digest);
        Ok(Uploaded { plugin, version, active, existed })
    }

    fn new_plugin(&self, principal: &Principal, name: &str) -> PluginConfig {
        PluginConfig {
            id: PluginId::from_bits(self.new_id()),
            workspace: principal.workspace,
            name: name.to_owned(),
            created_at: self.now(),
            active: None,
            versions: Vec::new(),
            activations: Vec::new(),
            rollout: None,
            limits: PluginBudget::default(),
            rollouts: Vec::new(),
        }
    }

    fn new_version(&self, principal: &Principal, admitted: Admitted, bytes: u64) -> PluginVersion {
        PluginVersion {
            digest: admitted.digest,
            uploaded_at: self.now(),
            uploaded_by: principal.key,
            bytes,
            imports: admitted.imports,
            manifest: admitted.manifest_json,
            headers_wanted: admitted.headers_wanted,
            batch: admitted.batch,
            quarantine: None,
        }
    }

    pub(crate) fn plugin_of(&self, workspace: WorkspaceId, name: &str) -> Result<PluginConfig, UploadError> {
        let snapshot = self.snapshot();
        let found = snapshot.documents.plugins.find(workspace, name);
        found.map(|found| found.as_ref().clone()).ok_or_else(|| UploadError::NotFound(name.to_owned()))
    }

    /// Makes a version the one that steps with `active` run; also the way back to an older one. What it uses and
    /// those steps are not granted must be accepted, and is granted to them; captured tests must pass, or a reason be
    /// given. A quarantine of the version ends.
    pub async fn activate(
        &self,
        principal: &Principal,
        name: &str,
        digest: Digest,
        activate: Activate,
    ) -> Result<Arc<PluginConfig>, UploadError> {
        let passed = self.pass_tests(principal.workspace, name, digest, activate.reason).await?;
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut plugin = self.plugin_of(principal.workspace, name)?;
        let mut writes = make_active(&snapshot.documents, &mut plugin, digest, activate.accept)?;
        self.end_quarantine(&mut plugin, digest);
        self.note_activation(principal.key, &mut plugin, digest, passed);
        let ended = self.superseded(&mut plugin);
        writes.push(DocumentWrite::PutPlugin(plugin.clone()));
        self.write(writes).await?;
        ended.iter().for_each(|ended| self.observe_rollout_ended(&plugin, ended));
        Ok(Arc::new(plugin))
    }

    /// Ends the rollout of a plugin that is about to be written, if another version is active than it began with.
    fn superseded(&self, plugin: &mut PluginConfig) -> Option<EndedRollout> {
        let rollout = plugin.rollout.as_ref().filter(|rollout| plugin.active != Some(rollout.active))?;
        let (end, reason) = if plugin.active == Some(rollout.version) {
            (RolloutEnd::Promoted, "somebody made its version the active one")
        } else {
            (RolloutEnd::Cancelled, "somebody made a third version the active one")
        };
        let seen = self.rollout_watch(rollout.id).counts().seen();
        self.close_rollout(plugin, end, reason.to_owned(), seen)
    }

    /// Deletes a version that no connection runs. Its module stays on the disk: events that came in before, and are
    /// planned or looked at later, still run what they would have run.
    pub async fn delete_version(
        &self,
        workspace: WorkspaceId,
        name: &str,
        digest: Digest,
    ) -> Result<(), UploadError> {
        let _guard = self.write_guard().await;
        let mut plugin = self.plugin_of(workspace, name)?;
        if !plugin.versions.iter().any(|version| version.digest == digest) {
            return Err(UploadError::NotFound(format!("{name}@{digest}")));
        }
        if let Some(rollout) = plugin.rollout.as_ref().filter(|rollout| rollout.version == digest) {
            let kind = rollout.kind.name();
            return Err(UploadError::Conflict(format!(
                "a {kind} of this version is under way; cancel it first"
            )));
        }
        self.unused(&plugin, Some(digest), "version")?;
        plugin.versions.retain(|version| version.digest != digest);
        plugin.active = plugin.active.filter(|active| *active != digest);
        let writes = match plugin.versions.is_empty() {
            true => self.without_plugin(&plugin),
            false => vec![DocumentWrite::PutPlugin(plugin)],
        };
        self.write(writes).await?;
        Ok(())
    }

    /// Deletes a plugin with all its versions, if no connection names it.
    pub async fn delete_plugin(&self, workspace: WorkspaceId, name: &str) -> Result<(), UploadError> {
        let _guard = self.write_guard().await;
        let plugin = self.plugin_of(workspace, name)?;
        self.unused(&plugin, None, "plugin")?;
        self.write(self.without_plugin(&plugin)).await?;
        Ok(())
    }

    /// Deletes it and its tests.
    fn without_plugin(&self, plugin: &PluginConfig) -> Vec<DocumentWrite> {
        let snapshot = self.snapshot();
        let tests =
            snapshot.documents.plugin_tests.of(plugin.workspace).filter(|test| test.plugin == plugin.id);
        let tests = tests.map(|test| DocumentWrite::DeletePluginTest(test.id));
        std::iter::once(DocumentWrite::DeletePlugin(plugin.id)).chain(tests).collect()
    }

    /// Whether no connection runs this version (or any, for `None`); if some do, their names.
    fn unused(&self, plugin: &PluginConfig, digest: Option<Digest>, what: &str) -> Result<(), UploadError> {
        let runs = |kind: &StepSpec| match kind {
            StepSpec::Plugin { name, version, .. } if *name == plugin.name => match (digest, version) {
                (None, _) => true,
                (Some(digest), VersionChoice::Pinned(pinned)) => *pinned == digest,
                (Some(digest), VersionChoice::Active) => plugin.active == Some(digest),
            },
            _ => false,
        };
        let snapshot = self.snapshot();
        let connections = snapshot.documents.connections.of(plugin.workspace);
        let users = connections.filter(|connection| connection.steps.iter().any(|step| runs(&step.kind)));
        let users: Vec<String> = users.map(|connection| format!("`{}`", connection.name)).collect();
        let (noun, verb, them) = match users.len() {
            0 => return Ok(()),
            1 => ("connection", "runs", "it"),
            _ => ("connections", "run", "them"),
        };
        Err(UploadError::Conflict(format!(
            "{noun} {} {verb} this {what}; change or delete {them} first",
            users.join(", ")
        )))
    }
}

/// Sets the active version, and answers the connections that change with it.
fn make_active(
    documents: &Documents,
    plugin: &mut PluginConfig,
    digest: Digest,
    accepted: Grants,
) -> Result<Vec<DocumentWrite>, UploadError> {
    if !plugin.versions.iter().any(|version| version.digest == digest) {
        return Err(UploadError::NotFound(format!("{}@{digest}", plugin.name)));
    }
    let changed = consent(documents, plugin, digest, accepted).map_err(UploadError::Conflict)?;
    plugin.active = Some(digest);
    Ok(changed)
}

/// The connections that change when steps which follow `active` get a version: those that are granted less than it
/// uses. All of that must be in `accepted`; if not, what is missing, in words.
pub(crate) fn consent(
    documents: &Documents,
    plugin: &PluginConfig,
    digest: Digest,
    accepted: Grants,
) -> Result<Vec<DocumentWrite>, String> {
    let found = plugin.versions.iter().find(|version| version.digest == digest);
    let found = found.ok_or_else(|| format!("plugin `{}` has no version {digest}", plugin.name))?;
    let (needs, wants) = (found.needs(), found.wants());
    let (mut changed, mut missing, mut where_missing) = (Vec::new(), Grants::default(), Vec::new());
    for connection in documents.connections.of(plugin.workspace) {
        let mut connection = connection.as_ref().clone();
        let lacks = grant(&mut connection, &plugin.name, needs);
        if !lacks.is_empty() {
            missing = missing.with(lacks);
            where_missing.push(format!("`{}`", connection.name));
            changed.push(DocumentWrite::PutConnection(connection));
        }
    }
    check_named(missing, &where_missing, &wants)?;
    let open = missing.without(accepted);
    if open.is_empty() {
        return Ok(changed);
    }
    Err(format!(
        "this version uses {open}, which is not granted in {}; to grant it there, ask again with `accept`: {}",
        where_missing.join(", "),
        missing.to_string().replace(' ', "")
    ))
}

/// Refuses while steps lack hosts or secrets: these are named in the step, and cannot be accepted by the name of the
/// grant alone.
fn check_named(missing: Grants, where_missing: &[String], wants: &StepGrants) -> Result<(), String> {
    let named = missing.without(missing.plain());
    if named.is_empty() {
        return Ok(());
    }
    let example = |grant: Grant| match grant {
        Grant::Secrets => r#"{"secrets": ["a_name"]}"#,
        _ => r#"{"http": ["api.example.com"]}"#,
    };
    let entries: Vec<&str> = named.iter().map(example).collect();
    let wanted = match wants.entries().is_empty() {
        true => String::new(),
        false => format!(" (the plugin asks for {})", shown(wants)),
    };
    Err(format!(
        "this version uses {named}, which is not granted in {}; hosts and secrets are named in a step: put {} into the \
         `grants` of its step there{wanted}, then activate again",
        where_missing.join(", "),
        entries.join(" and "),
    ))
}

fn shown(wants: &StepGrants) -> String {
    serde_json::to_string(wants).unwrap_or_default()
}

/// Adds to the grants of steps that follow the plugin's active version; answers what was not there.
fn grant(connection: &mut Connection, plugin: &str, needs: Grants) -> Grants {
    let mut lacks = Grants::default();
    for step in &mut connection.steps {
        if let StepSpec::Plugin { name, version: VersionChoice::Active, grants, .. } = &mut step.kind
            && name == plugin
        {
            lacks = lacks.with(needs.without(grants.kinds()));
            grants.add_plain(needs);
        }
    }
    lacks
}

fn check_name(name: &str) -> Result<(), UploadError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let good = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(fits);
    if good {
        return Ok(());
    }
    Err(UploadError::BadName(format!(
        "`{name}` cannot be a plugin's name; use up to {NAME_MAX} of a-z, 0-9, - and _"
    )))
}

fn refused(refusal: Refusal) -> UploadError {
    match refusal.code {
        RefusalCode::Host => UploadError::Host(refusal.detail),
        code => UploadError::Refused { code: code.as_str(), detail: refusal.detail, fault: refusal.fault },
    }
}
