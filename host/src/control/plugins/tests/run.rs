//! Runs a version on the captured tests of its plugin, and keeps one that fails them from becoming active, unless
//! somebody says why it may. Not here: capturing (`capture`).

use std::sync::Arc;

use crate::control::Control;
use crate::control::UploadError;
use crate::domain::config::Activation;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::destination::Destination;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::Fault;
use crate::sandbox::Case;
use crate::sandbox::Fitting;
use crate::sandbox::Plugin;
use crate::sandbox::Property;
use crate::sandbox::properties;

/// Activations that a plugin remembers.
const ACTIVATIONS_MAX: usize = 20;
/// Characters of a reason, at most; it has some.
pub const REASON_MAX: usize = 500;

/// A test that gave something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTest {
    /// Its name.
    pub name: String,
    /// How the result differs, in words.
    pub difference: String,
}

/// What came of all tests of a version.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// How many gave what they were captured with.
    pub passed: usize,
    /// The others.
    pub failed: Vec<FailedTest>,
    /// What every plugin should hold to.
    pub properties: Vec<Property>,
}

/// That a version may become active, as far as tests say.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    reason: Option<String>,
    failed: Vec<String>,
}

impl Control {
    /// Runs the captured tests, and tries the properties with them and with the version's own examples: also whether
    /// what is forwarded fits the schema of this destination, or of all that get it.
    pub async fn test_version(
        &self,
        workspace: WorkspaceId,
        name: &str,
        digest: Digest,
        destination: Option<Arc<Destination>>,
    ) -> Result<TestReport, UploadError> {
        let (plugin, version) = self.version_to_test(workspace, name, digest)?;
        let host = |fault: Fault| UploadError::Host(fault.to_string());
        let mut schemas = self.schemas_to_fit(&plugin, destination).await;
        let loaded = self.loaded_to_test(workspace, &version).await?;
        let mut cases = self.cases(&plugin)?;
        let failed = failed(&loaded, &cases).await?;
        let passed = cases.len() - failed.len();
        cases.extend(Case::of_manifest(&version.manifest));
        let mut properties = properties(&loaded, &cases).await.map_err(host)?;
        Fitting::try_all(&mut schemas, &loaded, &cases).await.map_err(host)?;
        properties.extend(schemas.into_iter().flat_map(Fitting::into_properties));
        Ok(TestReport { passed, failed, properties })
    }

    /// Lets a version become active that passes every captured test, or that somebody gives a reason for.
    pub(crate) async fn pass_tests(
        &self,
        workspace: WorkspaceId,
        name: &str,
        digest: Digest,
        reason: Option<String>,
    ) -> Result<Passed, UploadError> {
        let (plugin, version) = self.version_to_test(workspace, name, digest)?;
        let cases = self.cases(&plugin)?;
        if cases.is_empty() {
            return Ok(Passed::default());
        }
        let failed = failed(&self.loaded_to_test(workspace, &version).await?, &cases).await?;
        if !failed.is_empty() && reason.is_none() {
            return Err(UploadError::Conflict(refusal(&failed, cases.len())));
        }
        let failed: Vec<String> = failed.into_iter().map(|test| test.name).collect();
        Ok(Passed { reason: reason.filter(|_| !failed.is_empty()), failed })
    }

    /// Notes on the plugin that a version becomes active.
    pub(crate) fn note_activation(
        &self,
        by: KeyId,
        plugin: &mut PluginConfig,
        digest: Digest,
        tests: Passed,
    ) {
        let (version, at) = (digest, self.now());
        plugin.activations.push(Activation { version, at, by, reason: tests.reason, failed: tests.failed });
        let most = plugin.activations.len().saturating_sub(ACTIVATIONS_MAX);
        plugin.activations.drain(..most);
    }

    fn version_to_test(
        &self,
        workspace: WorkspaceId,
        name: &str,
        digest: Digest,
    ) -> Result<(PluginConfig, PluginVersion), UploadError> {
        let plugin = self.plugin_of(workspace, name)?;
        let version = plugin.versions.iter().find(|version| version.digest == digest).cloned();
        let version = version.ok_or_else(|| UploadError::NotFound(format!("{name}@{digest}")))?;
        Ok((plugin, version))
    }

    /// With all it uses: a test gives it nothing that was kept, and a time that stands still.
    async fn loaded_to_test(
        &self,
        workspace: WorkspaceId,
        version: &PluginVersion,
    ) -> Result<Plugin, UploadError> {
        let loaded = self.sandbox().load(workspace, &version.digest, version.needs()).await;
        loaded.map_err(|error| UploadError::Host(error.to_string()))
    }

    fn cases(&self, plugin: &PluginConfig) -> Result<Vec<Case>, UploadError> {
        let snapshot = self.snapshot();
        let tests =
            snapshot.documents.plugin_tests.of(plugin.workspace).filter(|test| test.plugin == plugin.id);
        let read = |json: &str| Case::parse(json).map_err(|problems| UploadError::Host(problems.join("; ")));
        tests.map(|test| read(&test.example)).collect()
    }
}

async fn failed(plugin: &Plugin, cases: &[Case]) -> Result<Vec<FailedTest>, UploadError> {
    let mut failed = Vec::new();
    for case in cases {
        let difference =
            case.difference(plugin).await.map_err(|fault| UploadError::Host(fault.to_string()))?;
        failed.extend(difference.map(|difference| FailedTest { name: case.name().to_owned(), difference }));
    }
    Ok(failed)
}

fn refusal(failed: &[FailedTest], all: usize) -> String {
    let lines: Vec<String> =
        failed.iter().take(10).map(|test| format!("\n  {}: {}", test.name, test.difference)).collect();
    format!(
        "{} of {all} captured tests give another result; activate with override=<reason> if that is right:{}",
        failed.len(),
        lines.concat()
    )
}
