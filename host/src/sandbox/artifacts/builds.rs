//! From stored modules to code that runs: takes what this engine compiled before if it is whole, and compiles anew
//! what is missing, damaged or of another engine. A module is compiled once, whoever asks for it and however many do.
//! Not here: handles (`plugin`), what an upload has to pass (`admit`).

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::domain::plugin::Artifact;
use crate::domain::plugin::Blame;
use crate::domain::plugin::Digest;
use crate::sandbox::artifacts::child;
use crate::sandbox::artifacts::compile;
use crate::sandbox::artifacts::files::ArtifactFiles;
use crate::sandbox::artifacts::files::ModuleFiles;
use crate::sandbox::artifacts::shared::SharedCode;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::module::scan;
use crate::sandbox::module::tier::INTERPRETED;
use crate::sandbox::module::tier::NATIVE;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::options::Compiler;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::run::guests::GuestQueue;
use crate::sandbox::run::pool::Compiled;
use crate::sandbox::run::pool::GuestPool;
use crate::sandbox::run::pool::TierPool;

/// Code that is mapped, and where it runs.
pub(crate) type PooledCode = (Arc<GuestPool>, Compiled);

/// Everything that makes code of modules. Dropping it ends all runs.
pub(crate) struct Builds {
    places: [TierPool; 2],
    /// Threads for work with files; those of the native guests, which are always there.
    queue: GuestQueue,
    files: ModuleFiles,
    compiler: Compiler,
    shared: Option<SharedCode>,
    modules: Mutex<HashMap<Digest, Arc<Module>>>,
}

/// What is known of one module.
#[derive(Default)]
struct Module {
    /// Held by whoever compiles it.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
enum State {
    /// Nobody has looked yet.
    #[default]
    Unseen,
    Building,
    Ready,
    /// `None`: through the gateway's own fault, so that another try may succeed.
    Failed(String, Option<Refusal>),
}

impl Builds {
    pub(crate) fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let places =
            [TierPool::new(&NATIVE, options.native)?, TierPool::new(&INTERPRETED, options.interpreted)?];
        Ok(Self {
            queue: places[0].pool()?.queue().clone(),
            places,
            files: ModuleFiles::open(options.dir)?,
            compiler: options.compiler,
            shared: options.code_cache.as_deref().and_then(shared),
            modules: Mutex::default(),
        })
    }

    pub(crate) fn files(&self) -> &ModuleFiles {
        &self.files
    }

    pub(crate) fn queue(&self) -> &GuestQueue {
        &self.queue
    }

    pub(crate) fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    pub(crate) fn places(&self) -> &[TierPool] {
        &self.places
    }

    /// Where the guests of a tier live.
    pub(crate) fn place(&self, tier: &Tier) -> &TierPool {
        let [native, interpreted] = &self.places;
        if tier.name == interpreted.tier.name { interpreted } else { native }
    }

    /// The code on the disk, if it is whole and of one of our engines. Which one tells the tier. Anything else is as
    /// good as nothing: code that is not what our compiler wrote must not come near the processor.
    pub(crate) async fn stored(&self, digest: &Digest) -> Result<Option<PooledCode>, SandboxError> {
        for place in &self.places {
            let artifact = self.files.artifact(digest, &place.fingerprint);
            let (files, path) = (self.files.clone(), artifact.clone());
            if self.queue.blocking(move || files.is_whole(&path)).await? {
                let pool = place.pool()?;
                let code = self.mapped(&pool, artifact).await?.ok();
                let found = code.map(|code| (pool, code));
                if found.is_some() {
                    self.say(digest, State::Ready);
                }
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The code of a stored module, compiled now if need be; waits while somebody else does that.
    pub(crate) async fn code(&self, digest: &Digest) -> Result<PooledCode, SandboxError> {
        let module = self.module(digest);
        let _turn = module.turn.lock().await;
        if let State::Failed(_, Some(refusal)) = module.state().clone() {
            // This engine will not think otherwise.
            return Err(SandboxError::Unloadable { digest: *digest, refusal });
        }
        if let Some(found) = self.stored(digest).await? {
            return Ok(found);
        }
        *module.state() = State::Building;
        let built = self.compile_again(digest).await;
        *module.state() = match &built {
            Ok(_) => State::Ready,
            Err(error) => State::Failed(error.to_string(), for_good(error)),
        };
        built
    }

    /// Where the code of a module stands. One that nobody has looked at counts as ready if there are files for it.
    pub(crate) fn artifact(&self, digest: &Digest) -> Artifact {
        match self.module(digest).state().clone() {
            State::Ready => Artifact::Ready,
            State::Building => Artifact::Building,
            State::Failed(error, _) => Artifact::Failed(error),
            State::Unseen => {
                let there = |place: &TierPool| {
                    self.files.seems_whole(&self.files.artifact(digest, &place.fingerprint))
                };
                if self.places.iter().any(there) { Artifact::Ready } else { Artifact::Building }
            }
        }
    }

    /// It was compiled for an upload, and is stored.
    pub(crate) fn admitted(&self, digest: &Digest) {
        self.say(digest, State::Ready);
    }

    /// It is gone.
    pub(crate) fn forget(&self, digest: &Digest) {
        self.modules().remove(digest);
    }

    /// Compiles the module in a file, or takes what another sandbox of this user made of it; the code is in the files
    /// this gives.
    pub(crate) async fn compile(&self, module: &Path, pool: &GuestPool) -> Result<ArtifactFiles, Refusal> {
        let Some(shared) = &self.shared else { return self.compile_anew(module, pool).await };
        let fingerprint = self.place(pool.tier).fingerprint.clone();
        let (cache, path, written) = (shared.clone(), module.to_owned(), self.files.temporary_artifact());
        let looked = self.queue.blocking(move || {
            let name = SharedCode::name(&std::fs::read(&path).ok()?, &fingerprint);
            let found = cache.get(&name).and_then(|bytes| written.take(&bytes).then_some(written));
            Some((name, found))
        });
        let (name, found) = match looked.await? {
            Some(looked) => looked,
            None => return self.compile_anew(module, pool).await,
        };
        if let Some(written) = found {
            return Ok(written);
        }
        let written = self.compile_anew(module, pool).await?;
        let cache = shared.clone();
        let keep = move || {
            if let Ok(bytes) = written.in_one() {
                cache.put(&name, &bytes);
            }
            written
        };
        Ok(self.queue.blocking(keep).await?)
    }

    async fn compile_anew(&self, module: &Path, pool: &GuestPool) -> Result<ArtifactFiles, Refusal> {
        let closed = |_| Refusal::from(SandboxError::Closed);
        let _turn = pool.compilers.acquire().await.map_err(closed)?;
        let written = self.files.temporary_artifact();
        match &self.compiler {
            Compiler::Child(exe) => {
                child::compile(exe, module, &written.code, pool.tier).await?;
                Ok(written)
            }
            Compiler::InProcess => {
                let (module, tier) = (module.to_owned(), pool.tier);
                self.queue.blocking(move || compile_here(&module, written, tier)).await?
            }
        }
    }

    /// The code in a file, and how it runs, which is read where blocking is fine.
    pub(crate) async fn mapped(
        &self,
        pool: &Arc<GuestPool>,
        file: PathBuf,
    ) -> Result<Result<Compiled, Refusal>, SandboxError> {
        let pool = Arc::clone(pool);
        self.queue.blocking(move || pool.code(&file)).await
    }

    async fn compile_again(&self, digest: &Digest) -> Result<PooledCode, SandboxError> {
        // Reading checks that the module is what its name says.
        let (files, id) = (self.files.clone(), *digest);
        let scanned = self.queue.blocking(move || Ok(scan::scan(&files.read_module(&id)?)));
        let place = self.place(scanned.await??.map_err(unloadable(digest))?.tier);
        let pool = place.pool()?;
        let code = self.compile(&self.files.module(digest), &pool).await.map_err(unloadable(digest))?;
        let artifact = self.files.artifact(digest, &place.fingerprint);
        let (files, id, named) = (self.files.clone(), *digest, artifact.clone());
        let kept = self.queue.blocking(move || {
            files.keep_artifact(code, &named)?;
            files.remove_outdated(&id, &named)
        });
        kept.await??;
        let code = self.mapped(&pool, artifact).await?.map_err(unloadable(digest))?;
        Ok((pool, code))
    }

    fn say(&self, digest: &Digest, state: State) {
        *self.module(digest).state() = state;
    }

    fn module(&self, digest: &Digest) -> Arc<Module> {
        self.modules().entry(*digest).or_default().clone()
    }

    fn modules(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Module>>> {
        // The map is whole between any two statements.
        self.modules.lock()
    }
}

impl Module {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// Why a module will not compile however often it is tried; `None` if another try may succeed. It was compiled before,
/// so one that takes too long now says more about a busy machine than about the module.
fn for_good(error: &SandboxError) -> Option<Refusal> {
    match error {
        SandboxError::Unloadable { refusal, .. }
            if refusal.code.blame() == Blame::Guest && refusal.code != RefusalCode::TooCostlyToCompile =>
        {
            Some(refusal.clone())
        }
        _ => None,
    }
}

/// The folder that is shared, if it can be used. Nothing depends on it, so that one that cannot be is said and left.
fn shared(dir: &Path) -> Option<SharedCode> {
    let opened = SharedCode::open(dir);
    if let Err(error) = &opened {
        tracing::warn!(%error, folder = %dir.display(), "the folder of shared compiled code is not used");
    }
    opened.ok()
}

/// A refusal of a module that is stored.
pub(crate) fn unloadable(digest: &Digest) -> impl FnOnce(Refusal) -> SandboxError + use<> {
    let digest = *digest;
    move |refusal| SandboxError::Unloadable { digest, refusal }
}

fn compile_here(module: &Path, written: ArtifactFiles, tier: &Tier) -> Result<ArtifactFiles, Refusal> {
    let failed = |source| SandboxError::File { action: "read", path: module.to_owned(), source };
    let bytes = std::fs::read(module).map_err(failed)?;
    let made = compile::compile(&bytes, tier)?;
    written.code.write(&made.code)?;
    made.plan.map_or(Ok(()), |plan| written.plan.write(&plan))?;
    Ok(written)
}
