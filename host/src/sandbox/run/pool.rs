//! Where the guests of one tier live: their engine, their threads, their limits, and the compilers
//! that may work for them. Not here: which tier a guest belongs to (`tier`), stored files (`files`).

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::HasSelf;
use wasmtime::component::Linker;

use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::artifacts::compile;
use crate::sandbox::direct;
use crate::sandbox::direct::Direct;
use crate::sandbox::direct::DirectCache;
use crate::sandbox::direct::DirectPlan;
use crate::sandbox::direct::Driver;
use crate::sandbox::direct::Found;
use crate::sandbox::direct::Pages;
use crate::sandbox::direct::Why;
use crate::sandbox::error::Refusal;
use crate::sandbox::error::RefusalCode;
use crate::sandbox::error::SandboxError;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::instance::call::GuestCode;
use crate::sandbox::instance::call::Ready;
use crate::sandbox::module::bindings::PluginPre;
use crate::sandbox::module::bindings::hookmill::plugin as interfaces;
use crate::sandbox::module::engine;
use crate::sandbox::module::tier::Tier;
use crate::sandbox::options::TierOptions;
use crate::sandbox::run::guests::GuestQueue;
use crate::sandbox::run::guests::Guests;
use crate::sandbox::system::executable;
use crate::sandbox::text;

/// A tier's pool, made when the first guest of the tier comes: a gateway without interpreted plugins
/// needs no threads for them.
pub(crate) struct TierPool {
    pub(crate) tier: &'static Tier,
    pub(crate) options: TierOptions,
    /// Names the code that fits the tier's engine.
    pub(crate) fingerprint: String,
    pool: Mutex<Option<Arc<GuestPool>>>,
}

impl TierPool {
    pub(crate) fn new(tier: &'static Tier, options: TierOptions) -> Result<Self, SandboxError> {
        // The pool is no part of the fingerprint, so a compiler tells it as well.
        let fingerprint = engine::fingerprint(&engine::compiler(tier)?, tier);
        Ok(Self { tier, options, fingerprint, pool: Mutex::default() })
    }

    /// Why none of its guests runs directly, if that is so.
    pub(crate) fn made_for_each(&self) -> Option<Why> {
        kept(self.tier, self.options.direct, &Pages::new()).err()
    }

    pub(crate) fn pool(&self) -> Result<Arc<GuestPool>, SandboxError> {
        let mut pool = self.pool.lock();
        if let Some(pool) = &*pool {
            return Ok(Arc::clone(pool));
        }
        let made = Arc::new(GuestPool::new(self.tier, self.options)?);
        *pool = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// The engine and threads of one tier. Dropping it ends its runs.
pub(crate) struct GuestPool {
    pub(crate) tier: &'static Tier,
    /// One permit for each compiler at a time.
    pub(crate) compilers: Semaphore,
    engine: Engine,
    /// One for each set of grants that was asked for so far.
    linkers: Mutex<HashMap<Grants, Arc<Linker<GuestState>>>>,
    /// Made when the first guest comes that runs directly.
    driver: Mutex<Option<Arc<Driver>>>,
    /// Of guests that run directly; or why none does.
    kept: Result<Arc<DirectCache>, Why>,
    guests: Guests,
    limits: PluginLimits,
}

/// What the compiler made of a module.
#[derive(Clone)]
pub(crate) struct Compiled {
    component: Component,
    /// By which its core modules run without the component around them, or why they do not.
    plan: Result<Arc<DirectPlan>, Why>,
}

impl Compiled {
    /// Whether instances of it are put back after a call where nothing is granted, or why not.
    pub(crate) fn is_put_back(&self) -> Result<(), &Why> {
        self.plan.as_ref().map(drop)
    }
}

impl GuestPool {
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
            kept: kept(tier, options.direct, &Pages::new()),
            guests,
            limits: options.limits,
        })
    }

    pub(crate) fn queue(&self) -> &GuestQueue {
        self.guests.queue()
    }

    /// Maps the code in a file that this gateway's compiler made.
    pub(crate) fn code(&self, file: &Path) -> Result<Compiled, Refusal> {
        #[expect(
            unsafe_code,
            reason = "the code is trusted: only our compiler writes to this folder, which is this user's alone, files get their names when they are complete, and callers have compared the checksum"
        )]
        let component = unsafe { Component::deserialize_file(&self.engine, file) };
        let component = component.map_err(|error| match executable::hindrance() {
            Some(hindrance) => Refusal::new(RefusalCode::Host, hindrance),
            None => Refusal::new(RefusalCode::TooComplex, detail(&error)),
        })?;
        let plan = match &self.kept {
            Ok(_) => plan(&compile::plan_file(file))?.map(Arc::new),
            Err(why) => Err(why.clone()),
        };
        Ok(Compiled { component, plan })
    }

    /// Makes code ready to be instantiated for a workspace, with these grants. Whoever is granted anything, whether the
    /// guest uses it or not, gets an instance for each event.
    pub(crate) fn ready(
        &self,
        code: &Compiled,
        workspace: WorkspaceId,
        grants: Grants,
    ) -> Result<Ready, Refusal> {
        let not_offered = |error| Refusal::new(RefusalCode::ImportNotOffered, detail(&error));
        let linked = self.linker(grants)?.instantiate_pre(&code.component).map_err(not_offered)?;
        let missing = |error| Refusal::new(RefusalCode::MissingExport, detail(&error));
        let component = PluginPre::new(linked).map_err(missing)?;
        let code = match (&code.plan, &self.kept) {
            (Ok(plan), Ok(kept)) if grants.is_empty() => {
                let (plan, kept) = (Arc::clone(plan), Arc::clone(kept));
                let sizes = (self.tier, self.limits);
                GuestCode::Direct(Arc::new(Direct::new(
                    workspace,
                    component,
                    plan,
                    self.driver()?,
                    kept,
                    sizes,
                )))
            }
            _ => GuestCode::Component(component),
        };
        Ok(Ready {
            engine: self.engine.clone(),
            code,
            tier: self.tier,
            limits: self.limits,
            plain: grants.is_empty(),
            stays: true,
        })
    }

    fn driver(&self) -> Result<Arc<Driver>, SandboxError> {
        let mut driver = self.driver.lock();
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
        let mut linkers = self.linkers.lock();
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

/// What is kept of guests that run directly, if any of the tier does.
fn kept(tier: &Tier, direct: bool, pages: &Pages) -> Result<Arc<DirectCache>, Why> {
    match tier.put_back {
        None => Err(Why::new(format!("it is {} code, of which an instance is soon made", tier.name))),
        Some(_) if !direct => Err(Why::new(direct::TURNED_OFF)),
        Some(_) if !pages.can_tell() => Err(Why::new(direct::NOT_TOLD)),
        Some(put_back) => Ok(Arc::new(DirectCache::new(put_back))),
    }
}

/// The plan in a file that this gateway's compiler wrote. None is longer than it writes them.
fn plan(file: &Path) -> Result<Result<DirectPlan, Why>, Refusal> {
    let failed = |source| Refusal::from(SandboxError::File { action: "read", path: file.to_owned(), source });
    let mut bytes = Vec::new();
    let most = direct::PLAN_BYTES_MAX as u64;
    File::open(file).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Ok(Err(Why::new(format!("its plan has more than {most} bytes"))));
    }
    match Found::decoded(&bytes) {
        Ok(Found::Plan(plan)) => Ok(Ok(plan)),
        Ok(Found::Not(why)) => Ok(Err(why)),
        Err(error) => Err(failed(error.into())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::module::tier::INTERPRETED;
    use crate::sandbox::module::tier::NATIVE;

    #[test]
    fn who_runs_directly_is_a_matter_of_tier_setting_and_system() {
        let why = |tier, direct, pages: &Pages| kept(tier, direct, pages).err().map(|why| why.to_string());
        let (can, cannot) = (Pages::new(), Pages::untold());
        assert_eq!(why(&INTERPRETED, true, &can), None);
        assert!(why(&NATIVE, true, &can).unwrap().contains("native code"));
        assert!(why(&INTERPRETED, false, &can).unwrap().contains("interpreted_plugins.direct is false"));
        assert!(why(&INTERPRETED, true, &cannot).unwrap().contains("Linux 6.7"));
    }

    #[test]
    fn a_plan_that_is_too_long_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plan");
        std::fs::write(&file, vec![b' '; direct::PLAN_BYTES_MAX + 1]).unwrap();
        let why = plan(&file).unwrap().unwrap_err().to_string();
        assert!(why.contains("more than"), "{why}");
        std::fs::write(&file, b"{").unwrap();
        assert!(plan(&file).is_err());
    }
}
