//! A plugin as a document: which of its versions steps run that follow `active`, and what its calls may use. Versions come
//! by upload and are in no document. Not here: activation by itself (`control::plugins`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::UploadError;
use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plugins::consent;
use crate::control::plugins::tests::Passed;
use crate::control::resources::AskPlugins;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::resources::PluginDraft;
use crate::control::snapshot::Documents;
use crate::domain::config::PluginConfig;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;

impl Control {
    /// The plugin that a draft means, before and after. The version must have been uploaded, be in no
    /// quarantine, and pass its captured tests.
    pub(super) async fn whole_plugin(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        draft: PluginDraft,
        ask: AskPlugins,
        faults: &mut Faults,
    ) -> Result<Option<(Arc<PluginConfig>, PluginConfig)>, ManageError> {
        let Some(name) = draft.name else {
            faults.missing("/name", "a plugin needs the name that it was uploaded under");
            return Ok(None);
        };
        let Some(old) = documents.plugins.named(workspace, &name).cloned() else {
            let detail = format!("there is no plugin `{name}`: upload it by `hookmill plugin push` first");
            faults.add("/name", detail);
            return Ok(None);
        };
        let limits = draft.limits.unwrap_or_default();
        self.check_budget(&limits, faults);
        let mut plugin = PluginConfig { limits, ..old.as_ref().clone() };
        let Some(version) = draft.version.filter(|version| old.active != Some(*version)) else {
            return Ok(Some((old, plugin)));
        };
        if let Some(rollout) = &plugin.rollout {
            let kind = rollout.kind.name();
            faults.add("/version", format!("a {kind} of `{name}` is under way; promote or cancel it first"));
            return Ok(Some((old, plugin)));
        }
        let Some(known) = plugin.versions.iter().find(|known| known.digest == version) else {
            let detail = format!(
                "the plugin `{name}` has no version {version}: upload it by `hookmill plugin push` first"
            );
            faults.add("/version", detail);
            return Ok(Some((old, plugin)));
        };
        if known.quarantine.is_some() {
            let detail = format!(
                "this version of `{name}` is in quarantine: look why, and end that by `hookmill plugin release`"
            );
            faults.add("/version", detail);
            return Ok(Some((old, plugin)));
        }
        if matches!(ask, AskPlugins::Yes) {
            match self.pass_tests(workspace, &name, version, None).await {
                Ok(_) => {}
                Err(UploadError::Store(error)) => return Err(ManageError::Store(error)),
                Err(refused) => faults.add("/version", refused.to_string()),
            }
        }
        plugin.active = Some(version);
        self.note_activation(draft.by, &mut plugin, version, Passed::default());
        Ok(Some((old, plugin)))
    }
}

impl ConfigPlan {
    /// Steps that follow `active` must be granted what the version uses, as they are when all is done.
    pub(super) fn check_consent(&self, faults: &mut Faults) {
        for change in &self.changes {
            let ConfigDocument::Plugin(plugin) = &change.after else { continue };
            let was = match &change.before {
                Some(ConfigDocument::Plugin(before)) => before.active,
                _ => None,
            };
            let Some(version) = plugin.active.filter(|version| was != Some(*version)) else { continue };
            if let Err(why) = consent(&self.documents, plugin, version, Grants::default()) {
                faults.add(format!("/documents/{}/version", change.place), why);
            }
        }
    }
}
