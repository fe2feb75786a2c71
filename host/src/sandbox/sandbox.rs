//! The sandbox itself: loading what is stored, and what is known of it. Not here: making code of modules (`builds`),
//! the path of an upload (`admit`), engines and threads (`pool`).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Weak;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::Semaphore;

use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Artifact;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginLimits;
use crate::rules::payload_schema::PayloadSchema;
use crate::sandbox::artifacts::builds::Builds;
use crate::sandbox::artifacts::builds::unloadable;
use crate::sandbox::checks::judge;
use crate::sandbox::checks::judge::Judge;
use crate::sandbox::error::SandboxError;
use crate::sandbox::module::tier::INTERPRETED;
use crate::sandbox::options::Compiler;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::plugin;
use crate::sandbox::plugin::Plugin;
use crate::sandbox::plugin::PluginKey;

/// Guest code of one gateway. Dropping it ends all runs.
pub struct Sandbox {
    builds: Arc<Builds>,
    loaded: Mutex<HashMap<PluginKey, Weak<plugin::LoadedPlugin>>>,
    /// Who may check payloads against schemas.
    judges: Arc<Semaphore>,
}

/// Who may let payloads be checked at a time, each against a few schemas: every one is a process.
const JUDGES: usize = 1;

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("files", self.builds.files()).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets up the folder, and the engine and threads of the native guests; those of the interpreted
    /// ones follow when the first of them is there.
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        Ok(Self {
            builds: Arc::new(Builds::new(options)?),
            loaded: Mutex::default(),
            judges: Arc::new(Semaphore::new(JUDGES)),
        })
    }

    /// The plugin of a workspace, of a module that was admitted, linked to these grants and to no other: one that imports more
    /// cannot be loaded. Never compiles: where there is no whole code of this engine, the plugin's first call, or
    /// [`Plugin::prepare`], waits for that. Needs a runtime with time and input/output.
    pub async fn load(
        &self,
        workspace: WorkspaceId,
        digest: &Digest,
        grants: Grants,
    ) -> Result<Plugin, SandboxError> {
        let key = (workspace, *digest, grants);
        if let Some(inner) = self.loaded().get(&key).and_then(Weak::upgrade) {
            return Ok(Plugin::from_inner(inner));
        }
        let plugin = match self.builds.stored(digest).await? {
            Some((pool, code)) => {
                let ready = pool.ready(&code, workspace, grants).map_err(unloadable(digest))?;
                Plugin::new(*digest, ready, pool.queue().of(workspace))
            }
            None if self.has(digest) => Plugin::later(key, &self.builds),
            None => return Err(SandboxError::Unknown { digest: *digest }),
        };
        Ok(self.remember(plugin, key))
    }

    /// Makes sure that there is code of this engine for a module; compiles it if not. Answers whether it did.
    pub async fn build(&self, digest: &Digest) -> Result<bool, SandboxError> {
        if self.builds.stored(digest).await?.is_some() {
            return Ok(false);
        }
        self.builds.code(digest).await.map(|_| true)
    }

    /// Why interpreted plugins get an instance for each event, where all of them do.
    pub fn made_for_each(&self) -> Option<String> {
        self.builds.place(&INTERPRETED).made_for_each().map(|why| why.to_string())
    }

    /// Where the code of a stored module stands.
    pub fn artifact(&self, digest: &Digest) -> Artifact {
        self.builds.artifact(digest)
    }

    /// Whether a module of this digest is stored.
    pub fn has(&self, digest: &Digest) -> bool {
        self.builds.files().module(digest).exists()
    }

    /// The bytes of a stored module, as they were uploaded.
    pub async fn module(&self, digest: &Digest) -> Result<Vec<u8>, SandboxError> {
        let (files, digest) = (self.builds.files().clone(), *digest);
        self.builds.queue().blocking(move || files.read_module(&digest)).await?
    }

    /// Forgets a module and its code; handles that are still held keep working. Nothing is fine too.
    pub async fn remove(&self, digest: &Digest) -> Result<(), SandboxError> {
        self.loaded().retain(|(_, loaded, _), _| loaded != digest);
        self.builds.forget(digest);
        let (files, digest) = (self.builds.files().clone(), *digest);
        self.builds.queue().blocking(move || files.remove(&digest)).await?
    }

    /// For each schema, who says whether payloads fit it; an error says why nobody can. Waits a minute for others that
    /// check: whoever has one of these must not wait for more.
    pub async fn judges(&self, schemas: &[&str]) -> Vec<Result<Judge, String>> {
        let turn = Arc::clone(&self.judges).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(judge::PATIENCE, turn).await else {
            let busy = || Err("others have their schemas checked; try again later".to_owned());
            return schemas.iter().map(|_| busy()).collect();
        };
        let (turn, mut judges) = (Arc::new(turn), Vec::new());
        for schema in schemas {
            judges.push(match self.builds.compiler() {
                Compiler::Child(exe) => Judge::start(exe, schema, Arc::clone(&turn)).await,
                Compiler::InProcess => PayloadSchema::compile(schema).map(Judge::here),
            });
        }
        judges
    }

    pub(crate) fn builds(&self) -> &Builds {
        &self.builds
    }

    /// The widest limits that any kind of guest has.
    pub fn limits_max(&self) -> PluginLimits {
        let all = self.builds.places().iter().map(|place| place.options.limits);
        all.reduce(|one, other| PluginLimits {
            cpu: one.cpu.max(other.cpu),
            memory_bytes: one.memory_bytes.max(other.memory_bytes),
            output_bytes: one.output_bytes.max(other.output_bytes),
            in_flight: one.in_flight.max(other.in_flight),
            ..one
        })
        .unwrap_or_default()
    }

    /// The largest module that any tier takes.
    pub(crate) fn module_bytes_max(&self) -> u64 {
        let places = self.builds.places().iter();
        places.map(|place| place.options.limits.module_bytes).max().unwrap_or_default()
    }

    /// Keeps a plugin for the next one who asks, unless somebody was faster: all of a workspace who use a plugin
    /// share its cap of calls in flight.
    fn remember(&self, plugin: Plugin, key: PluginKey) -> Plugin {
        let mut loaded = self.loaded();
        if let Some(first) = loaded.get(&key).and_then(Weak::upgrade) {
            return Plugin::from_inner(first);
        }
        loaded.retain(|_, plugin| plugin.strong_count() > 0);
        loaded.insert(key, Arc::downgrade(plugin.inner()));
        plugin
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<PluginKey, Weak<plugin::LoadedPlugin>>> {
        // The map is whole between any two statements.
        self.loaded.lock()
    }
}
