//! Captured events as tests of a plugin: any event that a connection brings to a plugin can be kept with what came of
//! it, and every version has to give the same before it becomes active. Not here: examples that a plugin brings along,
//! which the sandbox holds it to at its upload.

mod run;
mod schemas;

pub use run::FailedTest;
pub(crate) use run::Passed;
pub use run::REASON_MAX;
pub use run::TestReport;

use crate::control::Control;
use crate::control::resources::ManageError;
use crate::control::snapshot::DocumentWrite;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin_test::PluginTest;

impl Control {
    /// Deletes a captured test, given by its id or its name.
    pub async fn delete_plugin_test(
        &self,
        workspace: WorkspaceId,
        plugin: &str,
        which: &str,
    ) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let not_found = |what, id: &str| ManageError::NotFound { what, id: id.to_owned() };
        let plugin = snapshot.documents.plugins.find(workspace, plugin);
        let plugin = plugin.ok_or_else(|| not_found("plugin", which))?.id;
        let tests = &snapshot.documents.plugin_tests;
        let found = tests.find(workspace, which).filter(|test| test.plugin == plugin);
        let found = found.or_else(|| tests.find(workspace, &PluginTest::path(plugin, which)));
        let id = found.ok_or_else(|| not_found("test", which))?.id;
        self.write(vec![DocumentWrite::DeletePluginTest(id)]).await?;
        Ok(())
    }
}
