//! The sandbox itself: the place of each tier, the files, and loading what is stored. Not here: the
//! path of an upload (`admit`), engines and threads (`pool`).

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use wasmtime::component::Component;

use crate::domain::grant::Grants;
use crate::domain::plugin::Digest;
use crate::sandbox::child;
use crate::sandbox::compile;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::SandboxError;
use crate::sandbox::files::Files;
use crate::sandbox::files::Temporary;
use crate::sandbox::guests::Queue;
use crate::sandbox::options::Compiler;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::plugin;
use crate::sandbox::plugin::Plugin;
use crate::sandbox::pool::Place;
use crate::sandbox::pool::Pool;
use crate::sandbox::scan;
use crate::sandbox::tier::INTERPRETED;
use crate::sandbox::tier::NATIVE;
use crate::sandbox::tier::Tier;

/// Guest code of one gateway. Dropping it ends all runs.
pub struct Sandbox {
    places: [Place; 2],
    /// Threads for work with files; those of the native guests, which are always there.
    queue: Queue,
    files: Files,
    compiler: Compiler,
    loaded: Mutex<HashMap<(Digest, Grants), Weak<plugin::Inner>>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets up the folder, and the engine and threads of the native guests; those of the interpreted
    /// ones follow when the first of them is there.
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let places = [Place::new(&NATIVE, options.native)?, Place::new(&INTERPRETED, options.interpreted)?];
        Ok(Self {
            queue: places[0].pool()?.queue().clone(),
            places,
            files: Files::open(options.dir)?,
            compiler: options.compiler,
            loaded: Mutex::default(),
        })
    }

    /// The plugin of a module that was admitted, linked to these grants and to no other: one that imports more
    /// cannot be loaded. Takes microseconds where it was loaded before or this engine compiled it before; otherwise compiles it again from the stored module. Needs a
    /// runtime with time and input/output.
    pub async fn load(&self, digest: &Digest, grants: Grants) -> Result<Plugin, SandboxError> {
        if let Some(inner) = self.loaded().get(&(*digest, grants)).and_then(Weak::upgrade) {
            return Ok(Plugin::from_inner(inner));
        }
        let (pool, component) = match self.compiled(digest)? {
            Some(found) => found,
            None => self.compile_again(digest).await?,
        };
        let ready = pool.ready(&component, grants).map_err(unloadable(digest))?;
        Ok(self.remember(Plugin::new(*digest, ready, pool.queue().clone()), grants))
    }

    /// The code on the disk, if it is of one of our engines. Which one tells the tier.
    fn compiled(&self, digest: &Digest) -> Result<Option<(Arc<Pool>, Component)>, SandboxError> {
        for place in &self.places {
            let artifact = self.files.artifact(digest, &place.fingerprint);
            if artifact.exists() {
                let pool = place.pool()?;
                // Damaged code is compiled again.
                return Ok(pool.component(&artifact).ok().map(|component| (pool, component)));
            }
        }
        Ok(None)
    }

    /// Whether a module of this digest is stored.
    pub fn has(&self, digest: &Digest) -> bool {
        self.files.module(digest).exists()
    }

    /// The bytes of a stored module, as they were uploaded.
    pub async fn module(&self, digest: &Digest) -> Result<Vec<u8>, SandboxError> {
        let (files, digest) = (self.files.clone(), *digest);
        self.queue().blocking(move || files.read_module(&digest)).await?
    }

    /// Forgets a module and its code; handles that are still held keep working. Nothing is fine too.
    pub async fn remove(&self, digest: &Digest) -> Result<(), SandboxError> {
        self.loaded().retain(|(loaded, _), _| loaded != digest);
        let (files, digest) = (self.files.clone(), *digest);
        self.queue().blocking(move || files.remove(&digest)).await?
    }

    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Where the guests of a tier live.
    pub(crate) fn place(&self, tier: &Tier) -> &Place {
        let [native, interpreted] = &self.places;
        if tier.name == interpreted.tier.name { interpreted } else { native }
    }

    /// The largest module that any tier takes.
    pub(crate) fn module_bytes_max(&self) -> u64 {
        self.places.iter().map(|place| place.options.limits.module_bytes).max().unwrap_or_default()
    }

    /// Compiles the module in a file; the code is in the file this gives.
    pub(crate) async fn compile(&self, module: &Path, pool: &Pool) -> Result<Temporary, Refusal> {
        let closed = |_| Refusal::from(SandboxError::Closed);
        let _turn = pool.compilers.acquire().await.map_err(closed)?;
        let code = self.files.temporary();
        match &self.compiler {
            Compiler::Child(exe) => {
                child::compile(exe, module, &code, pool.tier).await?;
                Ok(code)
            }
            Compiler::InProcess => {
                let (module, tier) = (module.to_owned(), pool.tier);
                self.queue.blocking(move || compile_here(&module, code, tier)).await?
            }
        }
    }

    async fn compile_again(&self, digest: &Digest) -> Result<(Arc<Pool>, Component), SandboxError> {
        // Reading checks that the module is what its name says.
        let module = self.module(digest).await?;
        let scanned = self.queue.blocking(move || scan::scan(&module)).await?;
        let place = self.place(scanned.map_err(unloadable(digest))?.tier);
        let pool = place.pool()?;
        let code = self.compile(&self.files.module(digest), &pool).await.map_err(unloadable(digest))?;
        let artifact = self.files.artifact(digest, &place.fingerprint);
        let (files, id, named) = (self.files.clone(), *digest, artifact.clone());
        let kept = self.queue.blocking(move || {
            code.keep(&named)?;
            files.remove_outdated(&id, &named)
        });
        kept.await??;
        let component = pool.component(&artifact).map_err(unloadable(digest))?;
        Ok((pool, component))
    }

    /// Keeps a plugin for the next one who asks, unless somebody was faster: all who use a plugin
    /// share its cap of calls in flight.
    pub(crate) fn remember(&self, plugin: Plugin, grants: Grants) -> Plugin {
        let mut loaded = self.loaded();
        let key = (plugin.digest(), grants);
        if let Some(first) = loaded.get(&key).and_then(Weak::upgrade) {
            return Plugin::from_inner(first);
        }
        loaded.retain(|_, plugin| plugin.strong_count() > 0);
        loaded.insert(key, Arc::downgrade(plugin.inner()));
        plugin
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, HashMap<(Digest, Grants), Weak<plugin::Inner>>> {
        // The map is whole between any two statements.
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unloadable(digest: &Digest) -> impl FnOnce(Refusal) -> SandboxError {
    let digest = *digest;
    move |refusal| SandboxError::Unloadable { digest, refusal }
}

fn compile_here(module: &Path, code: Temporary, tier: &Tier) -> Result<Temporary, Refusal> {
    let failed = |source| SandboxError::File { action: "read", path: module.to_owned(), source };
    let bytes = std::fs::read(module).map_err(failed)?;
    code.write(&compile::compile(&bytes, tier)?)?;
    Ok(code)
}
