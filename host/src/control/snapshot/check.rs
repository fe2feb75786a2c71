//! What is wrong with steps that somebody wants to save or try: what does not compile, and what their plugins do not
//! take. Not here: compiling (`compile`).

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::Documents;
use crate::control::snapshot::check_steps;
use crate::domain::config::Step;
use crate::domain::id::WorkspaceId;

impl Control {
    /// Every fault of steps somebody wants to save or try; pointers begin with the step's place.
    pub fn check_steps(&self, workspace: WorkspaceId, steps: &[Step]) -> Vec<FieldFault> {
        check_steps(&self.snapshot().documents, workspace, steps)
    }

    /// Asks the plugins of these steps whether they take their configuration.
    pub async fn check_plugin_configs(&self, workspace: WorkspaceId, steps: &[Step]) -> Vec<FieldFault> {
        let snapshot = self.snapshot().clone();
        self.check_plugin_configs_in(&snapshot.documents, workspace, steps).await
    }

    /// The same where the configuration is that one, in force or not.
    pub(in crate::control) async fn check_plugin_configs_in(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        steps: &[Step],
    ) -> Vec<FieldFault> {
        let compiled = match self.compiler().compile_steps(documents, workspace, steps).await {
            Ok(compiled) => compiled,
            Err(_) => return Vec::new(),
        };
        let mut faults = Vec::new();
        for (at, step) in compiled.iter().enumerate() {
            let CompiledKind::Plugin(plugin) = &step.kind else { continue };
            let detail = match &plugin.plugin {
                Ok(loaded) => {
                    let loaded = loaded.in_passing();
                    loaded.check_config(&plugin.config).await.err().map(|refusal| refusal.to_string())
                }
                Err(detail) => Some(detail.as_ref().to_owned()),
            };
            faults
                .extend(detail.map(|detail| FieldFault { pointer: format!("/{at}/plugin/config"), detail }));
        }
        faults
    }
}
