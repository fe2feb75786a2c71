//! Kinds of steps, compiled, one file each: what a step of the kind must look like, and what it becomes. Not here:
//! running them (`pipeline::steps`).

mod filter;
mod mapping;
mod plugin;

use std::sync::Arc;

use crate::control::FieldFault;
use crate::control::snapshot::Documents;
use crate::control::snapshot::loaded::Plugins;
use crate::control::snapshot::plugin_step::PluginStep;
use crate::domain::config::StepSpec;
use crate::domain::id::WorkspaceId;
use crate::rules::seal::SealKey;
use crate::shape::Filter;
use crate::shape::Mapping;
use crate::shape::SpecFault;

/// The kinds of steps, compiled.
#[derive(Clone, Debug)]
pub enum CompiledKind {
    /// A filter.
    Filter(Arc<Filter>),
    /// A mapping.
    Mapping(Arc<Mapping>),
    /// A plugin.
    Plugin(Box<PluginStep>),
}

impl CompiledKind {
    /// What it runs of a guest's.
    pub(crate) fn plugin(&self) -> Option<&PluginStep> {
        match self {
            Self::Plugin(plugin) => Some(plugin),
            Self::Filter(_) | Self::Mapping(_) => None,
        }
    }

    /// Gives it the secrets that the step names.
    pub(super) fn open_secrets(
        &mut self,
        documents: &Documents,
        workspace: WorkspaceId,
        spec: &StepSpec,
        seal_key: &SealKey,
    ) -> Result<(), String> {
        if let (Self::Plugin(compiled), Some(grants)) = (self, spec.grants()) {
            compiled.secrets = plugin::opened(documents, workspace, grants, seal_key)?;
        }
        Ok(())
    }
}

/// A step, ready but for its secrets; or every fault of it, with pointers into the step.
pub(super) fn compile(
    documents: &Documents,
    workspace: WorkspaceId,
    spec: &StepSpec,
    plugins: &Plugins,
) -> Result<CompiledKind, Vec<FieldFault>> {
    match spec {
        StepSpec::Filter(json) => filter::compile(json).map(Arc::new).map(CompiledKind::Filter),
        StepSpec::Mapping(json) => mapping::compile(json).map(Arc::new).map(CompiledKind::Mapping),
        StepSpec::Plugin { name, version, config, grants } => {
            let compiled = plugin::compile(documents, workspace, (name, version, config, grants), plugins)?;
            Ok(CompiledKind::Plugin(Box::new(compiled)))
        }
    }
}

/// Faults of what a step of that kind says.
fn within(kind: &str, faults: Vec<SpecFault>) -> Vec<FieldFault> {
    let placed =
        |fault: SpecFault| FieldFault { pointer: format!("/{kind}{}", fault.pointer), detail: fault.detail };
    faults.into_iter().map(placed).collect()
}
