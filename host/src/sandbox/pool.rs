//! Where the guests of one tier live: their engine, their threads, their limits, and the compilers
//! that may work for them. Not here: which tier a guest belongs to (`tier`), stored files (`files`).

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use crate::domain::plugin::PluginLimits;
use crate::sandbox::bindings;
use crate::sandbox::bindings::PluginPre;
use crate::sandbox::call::Ready;
use crate::sandbox::compile;
use crate::sandbox::engine;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::guests::Guests;
use crate::sandbox::guests::Queue;
use crate::sandbox::options::TierOptions;
use crate::sandbox::state::GuestState;
use crate::sandbox::text;
use crate::sandbox::tier::Tier;

/// A tier's pool, made when the first guest of the tier comes: a gateway without interpreted plugins
/// needs no threads for them.
pub(crate) struct Place {
    pub(crate) tier: &'static Tier,
    pub(crate) options: TierOptions,
    /// Names the code that fits the tier's engine.
    pub(crate) fingerprint: String,
    pool: Mutex<Option<Arc<Pool>>>,
}

impl Place {
    pub(crate) fn new(tier: &'static Tier, options: TierOptions) -> Result<Self, SandboxError> {
        // The pool is no part of the fingerprint, so a compiler tells it as well.
        let fingerprint = engine::fingerprint(&engine::compiler(tier)?, tier);
        Ok(Self { tier, options, fingerprint, pool: Mutex::default() })
    }

    pub(crate) fn pool(&self) -> Result<Arc<Pool>, SandboxError> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &*pool {
            return Ok(Arc::clone(pool));
        }
        let made = Arc::new(Pool::new(self.tier, self.options)?);
        *pool = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// The engine and threads of one tier. Dropping it ends its runs.
pub(crate) struct Pool {
    pub(crate) tier: &'static Tier,
    /// One permit for each compiler at a time.
    pub(crate) compilers: Semaphore,
    engine: Engine,
    linker: Linker<GuestState>,
    guests: Guests,
    limits: PluginLimits,
}

impl Pool {
    /// Sets aside some terabytes of address space, of which little is ever used, and starts threads.
    pub(crate) fn new(tier: &'static Tier, options: TierOptions) -> Result<Self, SandboxError> {
        let engine = engine::running(tier, options.limits.memory_bytes)?;
        let guests = Guests::start(options.workers, tier.calls, options.limits.in_flight)?;
        engine::tick(&engine, guests.queue().begun())?;
        let mut linker = Linker::new(&engine);
        bindings::Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut GuestState| state)
            .map_err(|error| SandboxError::Setup { detail: format!("the contract: {error:#}") })?;
        let compilers = Semaphore::new(tier.compile.at_once);
        Ok(Self { tier, compilers, engine, linker, guests, limits: options.limits })
    }

    pub(crate) fn queue(&self) -> &Queue {
        self.guests.queue()
    }

    /// Maps the code in a file that this gateway's compiler made.
    pub(crate) fn component(&self, code: &Path) -> Result<Component, Refusal> {
        #[expect(
            unsafe_code,
            reason = "the code is trusted: only our compiler writes to this folder, which is this user's alone, and files get their names when they are complete"
        )]
        let component = unsafe { Component::deserialize_file(&self.engine, code) };
        component.map_err(|error| Refusal::new(RefusalCode::TooComplex, detail(&error)))
    }

    /// Makes a component ready to be instantiated.
    pub(crate) fn ready(&self, component: &Component) -> Result<Ready, Refusal> {
        let linked = self.linker.instantiate_pre(component);
        let linked = linked.map_err(|error| Refusal::new(RefusalCode::ImportNotOffered, detail(&error)))?;
        let pre = PluginPre::new(linked);
        let pre = pre.map_err(|error| Refusal::new(RefusalCode::MissingExport, detail(&error)))?;
        Ok(Ready { engine: self.engine.clone(), pre, tier: self.tier, limits: self.limits })
    }
}

fn detail(error: &wasmtime::Error) -> String {
    text::cut(format!("{error:#}"), compile::DETAIL_BYTES)
}
