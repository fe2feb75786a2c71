//! What an operator lets the calls of a plugin use, and what a document says of one. Not here: holding them to it (`sandbox`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::snapshot::DocumentWrite;
use crate::domain::config::PluginConfig;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::domain::plugin::PluginLimits;

/// A page of WebAssembly, the least memory there is.
const PAGE_BYTES: u64 = 64 << 10;

/// What a document says of a plugin.
#[derive(Clone, Debug)]
pub struct PluginDraft {
    /// Its name.
    pub name: Option<String>,
    /// The version that is to be active; `None`: the one that is.
    pub version: Option<Digest>,
    /// What its calls may use; `None`: what the server lets any use.
    pub limits: Option<PluginBudget>,
    /// With whose key.
    pub by: KeyId,
}

impl Control {
    /// Sets the limits of a plugin; `Some(None)`: those of the server again. They hold for the next call. `read` has the
    /// faults found when the request was read.
    pub async fn limit_plugin(
        &self,
        workspace: WorkspaceId,
        name: &str,
        limits: Option<Option<PluginBudget>>,
        read: Vec<FieldFault>,
    ) -> Result<Arc<PluginConfig>, ManageError> {
        let mut faults = Faults::of("plugin", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let found = snapshot.documents.plugins.find(workspace, name);
        let found =
            found.ok_or_else(|| ManageError::NotFound { what: "plugin", id: name.to_owned() })?.clone();
        let budget = limits.map(Option::unwrap_or_default);
        if let Some(budget) = &budget {
            self.check_budget(budget, &mut faults);
        }
        faults.done()?;
        let Some(limits) = budget.filter(|budget| *budget != found.limits) else { return Ok(found) };
        let plugin = PluginConfig { limits, ..found.as_ref().clone() };
        self.write(vec![DocumentWrite::PutPlugin(plugin.clone())]).await?;
        Ok(Arc::new(plugin))
    }

    /// Adds a fault for every number that no plugin of this server may have.
    pub(in crate::control) fn check_budget(&self, budget: &PluginBudget, faults: &mut Faults) {
        check(budget, &self.sandbox().limits_max(), faults);
    }
}

/// Every number that is none, or more than any plugin of this server may have.
fn check(budget: &PluginBudget, most: &PluginLimits, faults: &mut Faults) {
    let cpu_ms = u64::try_from(most.cpu.as_millis()).unwrap_or(u64::MAX);
    let mut within = |value: Option<u64>, least: u64, most: u64, pointer: &str| {
        if let Some(value) = value {
            fields::within(value, least, most, pointer, faults);
        }
    };
    within(budget.cpu_ms, 1, cpu_ms, "/limits/cpu_ms");
    within(budget.memory_bytes, PAGE_BYTES, most.memory_bytes, "/limits/memory_bytes");
    within(budget.output_bytes, 1, most.output_bytes, "/limits/output_bytes");
    within(budget.in_flight.map(u64::from), 1, u64::from(most.in_flight), "/limits/in_flight");
}
