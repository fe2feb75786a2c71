//! A version of a plugin that faults again and again is not run any more: it goes into quarantine, and events that
//! meet it are held until an operator ends that, or the connection runs another version. Not here: counting (`snapshot::Streak`,
//! `pipeline::steps`), what becomes of held deliveries (`release`).

use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::control::UploadError;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::config::Quarantine;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;

/// Between two tries while the store takes nothing.
const WAIT: Duration = Duration::from_secs(5);

impl Control {
    /// Writes down what is in force already.
    pub(crate) async fn write_quarantine(
        &self,
        workspace: WorkspaceId,
        plugin: &str,
        digest: Digest,
        quarantine: Quarantine,
    ) {
        while !self.is_stopping() {
            let guard = self.write_guard().await;
            let snapshot = self.snapshot().clone();
            let Some(found) = snapshot.documents.plugins.find(workspace, plugin) else { return };
            let mut found = found.as_ref().clone();
            let Some(version) = version_of(&mut found, digest) else { return };
            version.quarantine = Some(quarantine.clone());
            let Err(error) = self.write(vec![DocumentWrite::PutPlugin(found)]).await else { return };
            drop(guard);
            self.observer().store_error("write down that a plugin is in quarantine", &error);
            tokio::time::sleep(WAIT).await;
        }
    }

    /// Ends the quarantine of a version: it runs again, first for what was held.
    pub async fn release_version(
        &self,
        workspace: WorkspaceId,
        name: &str,
        digest: Digest,
    ) -> Result<Arc<PluginConfig>, UploadError> {
        let _guard = self.write_guard().await;
        let mut plugin = self.plugin_of(workspace, name)?;
        let version = version_of(&mut plugin, digest);
        let version = version.ok_or_else(|| UploadError::NotFound(format!("{name}@{digest}")))?;
        if version.quarantine.is_none() {
            let detail =
                format!("version {digest} of `{name}` is not in quarantine; there is nothing to release");
            return Err(UploadError::Conflict(detail));
        }
        self.end_quarantine(&mut plugin, digest);
        self.write(vec![DocumentWrite::PutPlugin(plugin.clone())]).await?;
        Ok(Arc::new(plugin))
    }

    /// The same as part of another change of the plugin, which has to be written.
    pub(crate) fn end_quarantine(&self, plugin: &mut PluginConfig, digest: Digest) {
        let id = plugin.id;
        let Some(version) = version_of(plugin, digest) else { return };
        if version.quarantine.take().is_some() {
            self.compiler().streaks.of(id, digest, false).clear();
        }
    }
}

fn version_of(plugin: &mut PluginConfig, digest: Digest) -> Option<&mut PluginVersion> {
    plugin.versions.iter_mut().find(|version| version.digest == digest)
}
