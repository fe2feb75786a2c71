//! The sandbox itself: the engine, the threads, the files, and loading what is stored. Not here:
//! the path of an upload (`admit`).

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::bindings::PluginPre;
use crate::sandbox::bindings::hookmill::plugin as interfaces;
use crate::sandbox::call::Ready;
use crate::sandbox::child;
use crate::sandbox::compile;
use crate::sandbox::engine;
use crate::sandbox::engine::NATIVE;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::files::Files;
use crate::sandbox::files::Temporary;
use crate::sandbox::guests::Guests;
use crate::sandbox::guests::Queue;
use crate::sandbox::options::Compiler;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::plugin;
use crate::sandbox::plugin::Plugin;
use crate::sandbox::state::GuestState;
use crate::sandbox::text;

/// Compilers at a time. They run at a low priority, but each may take a gigabyte.
const COMPILERS: usize = 2;

/// Guest code of one gateway. Dropping it ends all runs.
pub struct Sandbox {
    engine: Engine,
    /// One for each set of grants that was asked for so far.
    linkers: Mutex<HashMap<Grants, Arc<Linker<GuestState>>>>,
    guests: Guests,
    files: Files,
    compiler: Compiler,
    compilers: Semaphore,
    limits: PluginLimits,
    loaded: Mutex<HashMap<(Digest, Grants), Weak<plugin::Inner>>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("files", &self.files)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets up the engine, the threads of the guests and the folder. Sets aside some terabytes of
    /// address space, of which little is ever used.
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let engine = engine::running(&NATIVE, options.limits.memory_bytes)?;
        let guests = Guests::start(options.workers, options.limits.in_flight)?;
        engine::tick(&engine, guests.queue().begun())?;
        Ok(Self {
            guests,
            files: Files::open(options.dir, engine::fingerprint(&engine))?,
            compiler: options.compiler,
            compilers: Semaphore::new(COMPILERS),
            limits: options.limits,
            loaded: Mutex::default(),
            linkers: Mutex::default(),
            engine,
        })
    }

    /// The plugin of a module that was admitted, linked to these grants and to no other: one that imports more
    /// cannot be loaded. Takes microseconds where it was loaded before or
    /// this engine compiled it before; otherwise compiles it again from the stored module. Needs a
    /// runtime with time and input/output.
    pub async fn load(&self, digest: &Digest, grants: Grants) -> Result<Plugin, SandboxError> {
        if let Some(inner) = self.loaded().get(&(*digest, grants)).and_then(Weak::upgrade) {
            return Ok(Plugin::from_inner(inner));
        }
        let artifact = self.files.artifact(digest);
        let component = match artifact.exists().then(|| self.component(&artifact)) {
            Some(Ok(component)) => component,
            // None yet, or of another engine, or damaged.
            _ => self.compile_again(digest).await?,
        };
        let unloadable = |refusal| SandboxError::Unloadable { digest: *digest, refusal };
        let ready = self.ready(&component, grants).map_err(unloadable)?;
        Ok(self.remember(Plugin::new(*digest, ready, self.queue().clone()), grants))
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

    pub(crate) fn limits(&self) -> &PluginLimits {
        &self.limits
    }

    pub(crate) fn queue(&self) -> &Queue {
        self.guests.queue()
    }

    /// Compiles the module in a file; the code is in the file this gives.
    pub(crate) async fn compile(&self, module: &Path) -> Result<Temporary, Refusal> {
        let closed = |_| Refusal::from(SandboxError::Closed);
        let _turn = self.compilers.acquire().await.map_err(closed)?;
        let code = self.files.temporary();
        match &self.compiler {
            Compiler::Child(exe) => {
                child::compile(exe, module, &code, &NATIVE.compile).await?;
                Ok(code)
            }
            Compiler::InProcess => {
                let module = module.to_owned();
                self.queue().blocking(move || compile_here(&module, code)).await?
            }
        }
    }

    /// Maps the code in a file that this sandbox's compiler made.
    pub(crate) fn component(&self, code: &Path) -> Result<Component, Refusal> {
        #[expect(
            unsafe_code,
            reason = "the code is trusted: only our compiler writes to this folder, which is this user's alone, and files get their names when they are complete"
        )]
        let component = unsafe { Component::deserialize_file(&self.engine, code) };
        component.map_err(|error| Refusal::new(RefusalCode::TooComplex, detail(&error)))
    }

    /// Makes a component ready to be instantiated.
    pub(crate) fn ready(&self, component: &Component, grants: Grants) -> Result<Ready, Refusal> {
        let linked = self.linker(grants)?.instantiate_pre(component);
        let linked = linked.map_err(|error| Refusal::new(RefusalCode::ImportNotOffered, detail(&error)))?;
        let pre = PluginPre::new(linked);
        let pre = pre.map_err(|error| Refusal::new(RefusalCode::MissingExport, detail(&error)))?;
        Ok(Ready { engine: self.engine.clone(), pre, limits: self.limits })
    }

    async fn compile_again(&self, digest: &Digest) -> Result<Component, SandboxError> {
        // Reading checks that the module is what its name says.
        self.module(digest).await?;
        let unloadable = |refusal| SandboxError::Unloadable { digest: *digest, refusal };
        let code = self.compile(&self.files.module(digest)).await.map_err(unloadable)?;
        let (files, digest) = (self.files.clone(), *digest);
        let kept = self.queue().blocking(move || {
            code.keep(&files.artifact(&digest))?;
            files.remove_outdated(&digest)
        });
        kept.await??;
        self.component(&self.files.artifact(&digest))
            .map_err(|refusal| SandboxError::Unloadable { digest, refusal })
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

    /// What these grants import, and nothing else.
    fn linker(&self, grants: Grants) -> Result<Arc<Linker<GuestState>>, SandboxError> {
        let mut linkers = self.linkers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linker) = linkers.get(&grants) {
            return Ok(Arc::clone(linker));
        }
        let failed =
            |error: wasmtime::Error| SandboxError::Setup { detail: format!("the contract: {error:#}") };
        let linker = Arc::new(linked(&self.engine, grants).map_err(failed)?);
        linkers.insert(grants, Arc::clone(&linker));
        Ok(linker)
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, HashMap<(Digest, Grants), Weak<plugin::Inner>>> {
        // The map is whole between any two statements.
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn linked(engine: &Engine, grants: Grants) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    interfaces::types::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)?;
    interfaces::log::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)?;
    for grant in grants.iter() {
        match grant {
            Grant::Clock => {
                interfaces::clock::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)
            }
            Grant::Kv => interfaces::kv::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state),
            Grant::Random => {
                interfaces::random::add_to_linker::<_, HasSelf<GuestState>>(&mut linker, |state| state)
            }
        }?;
    }
    Ok(linker)
}

fn compile_here(module: &Path, code: Temporary) -> Result<Temporary, Refusal> {
    let failed = |source| SandboxError::File { action: "read", path: module.to_owned(), source };
    let bytes = std::fs::read(module).map_err(failed)?;
    code.write(&compile::compile(&bytes)?)?;
    Ok(code)
}

fn detail(error: &wasmtime::Error) -> String {
    text::cut(format!("{error:#}"), compile::DETAIL_BYTES)
}
