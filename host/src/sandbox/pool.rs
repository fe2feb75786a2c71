//! Where the guests of one tier live: their engine, their threads, their limits, and the compilers
//! that may work for them. Not here: which tier a guest belongs to (`tier`), stored files (`files`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::bindings::PluginPre;
use crate::sandbox::bindings::hookmill::plugin as interfaces;
use crate::sandbox::call::Code;
use crate::sandbox::call::Ready;
use crate::sandbox::compile;
use crate::sandbox::direct::Assembly;
use crate::sandbox::direct::Direct;
use crate::sandbox::direct::Driver;
use crate::sandbox::direct::Kept;
use crate::sandbox::engine;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::executable;
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
    /// One for each set of grants that was asked for so far.
    linkers: Mutex<HashMap<Grants, Arc<Linker<GuestState>>>>,
    /// Made when the first guest comes that runs directly.
    driver: Mutex<Option<Arc<Driver>>>,
    kept: Arc<Kept>,
    guests: Guests,
    limits: PluginLimits,
}

/// What the compiler made of a module.
#[derive(Clone)]
pub(crate) enum Compiled {
    Component(Component),
    /// Its core modules run without the component around them.
    Direct(Arc<Assembly>),
}

impl Pool {
    /// Sets aside some terabytes of address space, of which little is ever used, and starts threads.
    pub(crate) fn new(tier: &'static Tier, options: TierOptions) -> Result<Self, SandboxError> {
        let engine = engine::running(tier, options.limits.memory_bytes)?;
        let guests = Guests::start(options.workers, tier, options.limits.in_flight)?;
        engine::tick(&engine, guests.queue().begun())?;
        let compilers = Semaphore::new(tier.compile.at_once);
        Ok(Self {
            tier,
            compilers,
            engine,
            linkers: Mutex::default(),
            driver: Mutex::default(),
            kept: Arc::new(Kept::new(tier.put_back)),
            guests,
            limits: options.limits,
        })
    }

    pub(crate) fn queue(&self) -> &Queue {
        self.guests.queue()
    }

    /// Maps the code in a file that this gateway's compiler made.
    pub(crate) fn code(&self, file: &Path) -> Result<Compiled, Refusal> {
        #[expect(
            unsafe_code,
            reason = "the code is trusted: only our compiler writes to this folder, which is this user's alone, files get their names when they are complete, and callers have compared the checksum"
        )]
        let component = unsafe { Component::deserialize_file(&self.engine, file) };
        let code = component.and_then(|component| match Assembly::carried(&self.engine, &component)? {
            Some(guest) => Ok(Compiled::Direct(Arc::new(guest))),
            None => Ok(Compiled::Component(component)),
        });
        code.map_err(|error| match executable::hindrance() {
            Some(hindrance) => Refusal::new(RefusalCode::Host, hindrance),
            None => Refusal::new(RefusalCode::TooComplex, detail(&error)),
        })
    }

    /// Makes code ready to be instantiated with these grants.
    pub(crate) fn ready(&self, code: &Compiled, grants: Grants) -> Result<Ready, Refusal> {
        let not_offered = |error| Refusal::new(RefusalCode::ImportNotOffered, detail(&error));
        let code = match code {
            Compiled::Component(component) => {
                let linked = self.linker(grants)?.instantiate_pre(component).map_err(not_offered)?;
                let pre = PluginPre::new(linked);
                Code::Component(
                    pre.map_err(|error| Refusal::new(RefusalCode::MissingExport, detail(&error)))?,
                )
            }
            Compiled::Direct(guest) => {
                let (guest, kept) = (Arc::clone(guest), Arc::clone(&self.kept));
                Code::Direct(Arc::new(Direct::new(guest, self.driver()?, kept)))
            }
        };
        Ok(Ready {
            engine: self.engine.clone(),
            code,
            tier: self.tier,
            limits: self.limits,
            plain: grants.is_empty(),
        })
    }

    fn driver(&self) -> Result<Arc<Driver>, SandboxError> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = &*driver {
            return Ok(Arc::clone(driver));
        }
        let failed =
            |error: wasmtime::Error| SandboxError::Setup { detail: format!("the driver: {error:#}") };
        let made = Arc::new(Driver::new(&self.engine).map_err(failed)?);
        *driver = Some(Arc::clone(&made));
        Ok(made)
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
}

fn linked(engine: &Engine, grants: Grants) -> wasmtime::Result<Linker<GuestState>> {
    type Host = HasSelf<GuestState>;
    let mut linker = Linker::new(engine);
    interfaces::types::add_to_linker::<_, Host>(&mut linker, |state| state)?;
    interfaces::log::add_to_linker::<_, Host>(&mut linker, |state| state)?;
    for grant in grants.iter() {
        match grant {
            Grant::Clock => interfaces::clock::add_to_linker::<_, Host>(&mut linker, |state| state),
            Grant::Http => interfaces::http::add_to_linker::<_, Host>(&mut linker, |state| state),
            Grant::Kv => interfaces::kv::add_to_linker::<_, Host>(&mut linker, |state| state),
            Grant::Random => interfaces::random::add_to_linker::<_, Host>(&mut linker, |state| state),
            Grant::Secrets => interfaces::secrets::add_to_linker::<_, Host>(&mut linker, |state| state),
        }?;
    }
    Ok(linker)
}

fn detail(error: &wasmtime::Error) -> String {
    text::cut(format!("{error:#}"), compile::DETAIL_BYTES)
}
