//! The plugin kind: a version that is there, with the grants it needs and the secrets that its step names.

use crate::control::FieldFault;
use crate::control::snapshot::Documents;
use crate::control::snapshot::loaded::Plugins;
use crate::control::snapshot::plugin_step::PluginStep;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::sealed::SecretName;
use crate::domain::secret::NamedSecrets;
use crate::domain::step_grants::StepGrants;
use crate::rules::seal::SealKey;

/// What a step says of a plugin: name, version, configuration, grants.
type Said<'a> = (&'a str, &'a VersionChoice, &'a str, &'a StepGrants);

pub(super) fn compile(
    documents: &Documents,
    workspace: WorkspaceId,
    (name, version, config, grants): Said<'_>,
    plugins: &Plugins,
) -> Result<PluginStep, Vec<FieldFault>> {
    let fault = |pointer: &str, detail: String| vec![FieldFault { pointer: pointer.to_owned(), detail }];
    let plugin = documents.plugins.find(workspace, name);
    let plugin = plugin.ok_or_else(|| {
        fault("/plugin/name", format!("there is no plugin `{name}` in this workspace; upload it first"))
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
    let found =
        found.ok_or_else(|| fault("/plugin/version", format!("plugin `{name}` has no version {digest}")))?;
    let missing = found.needs().without(grants.kinds());
    if !missing.is_empty() {
        return Err(fault("/plugin/grants", not_granted(name, missing, found.needs())));
    }
    for wanted in grants.secrets() {
        if documents.secrets.find(workspace, wanted.as_str()).is_none() {
            return Err(fault("/plugin/grants", no_secret(wanted)));
        }
    }
    Ok(PluginStep {
        name: name.into(),
        digest,
        plugin: plugins.of(plugin, found, grants.kinds()),
        config: config.into(),
        headers_wanted: found.headers_wanted.clone().into(),
        batch: found.batch,
        grants: grants.kinds(),
        hosts: grants.hosts().iter().cloned().collect(),
        secrets: NamedSecrets::default(),
        streak: plugins.streaks.of(plugin.id, digest, found.quarantine.is_some()),
        rollout: None,
    })
}

/// The secrets that a step names. They are there and open, unless the gateway's key is another one than it was.
pub(super) fn opened(
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
