//! What there is of plugins when steps are compiled. Not here: loading them (`sandbox`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::control::snapshot::caps::Caps;
use crate::control::snapshot::streak::Streaks;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::sandbox::Plugin;

/// Loaded components, or why they could not be loaded.
pub(super) type Loaded = HashMap<WantedPlugin, Result<Plugin, Arc<str>>>;

/// Whose plugin, which module it is, and what it may use.
pub(super) type WantedPlugin = (WorkspaceId, Digest, Grants);

/// What there is of plugins when steps are compiled.
#[derive(Debug, Default)]
pub(super) struct Plugins {
    pub(super) loaded: Loaded,
    pub(super) streaks: Streaks,
    pub(super) caps: Caps,
}

impl Plugins {
    /// A version on the budget of its plugin, or why it is not there.
    pub(super) fn of(
        &self,
        plugin: &PluginConfig,
        version: &PluginVersion,
        grants: Grants,
    ) -> Result<Plugin, Arc<str>> {
        let loaded = self.loaded.get(&(plugin.workspace, version.digest, grants)).cloned();
        let loaded = loaded.unwrap_or_else(|| Err("it is not loaded".into()))?;
        let loaded = loaded.within(plugin.limits, self.caps.of(plugin.id, plugin.limits.in_flight));
        Ok(loaded.in_batches(version.batch))
    }
}
