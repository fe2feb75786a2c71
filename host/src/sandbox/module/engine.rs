//! Engines: how WebAssembly is compiled and where instances live, tuned for many short-lived
//! instances, and the clock that makes guests give way. Not here: the sizes of a tier (`tier`), what
//! a single call may do.

use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wasmtime::Config;
use wasmtime::Enabled;
use wasmtime::Engine;
use wasmtime::InstanceAllocationStrategy;
use wasmtime::PoolingAllocationConfig;

use crate::sandbox::error::SandboxError;
use crate::sandbox::module::tier::Tier;

/// Changes with what the compiler makes of a module.
const COMPILED_AS: &str = "a component, which exports its core modules where there is a plan of them";

/// How often running guests look at their budgets and give way to others.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The same after no call began for [`QUIET`] ticks: an idle gateway should not wake up a thousand
/// times a second, and a guest that computes alone has nobody to give way to.
const SLOW_TICK: Duration = Duration::from_millis(10);
const QUIET: u32 = 100;

/// The engine that runs guests of `tier`, each with at most `memory_bytes` of linear memory.
pub(crate) fn running(tier: &Tier, memory_bytes: u64) -> Result<Engine, SandboxError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(tier.slots)
        .total_core_instances(tier.slots * tier.instances_each)
        .total_memories(tier.slots * tier.memories_each)
        .total_tables(tier.slots * tier.tables_each)
        .total_stacks(tier.slots)
        .max_memory_size(usize::try_from(memory_bytes).unwrap_or(usize::MAX).next_multiple_of(1 << 16))
        .max_component_instance_size(tier.instance_bytes)
        .max_core_instance_size(tier.instance_bytes)
        .table_elements(usize::try_from(tier.table_elements).unwrap_or(usize::MAX))
        .max_tables_per_module(tier.tables_per_module)
        .max_core_instances_per_component(tier.core_instances)
        .max_memories_per_component(tier.memories)
        .max_tables_per_component(tier.tables)
        // What a small event touches is zeroed in place rather than given back to the system, and
        // the page map says which pages that are. More than this makes every event after a heavy
        // one pay for it; without the page map it costs more than it saves.
        .linear_memory_keep_resident(tier.keep_resident)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = compiling(tier);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    engine(&config)
}

/// An engine that only compiles. The pool does not change the code, so its output loads into
/// [`running`] engines, and without the pool it needs no address space to speak of.
pub(crate) fn compiler(tier: &Tier) -> Result<Engine, SandboxError> {
    engine(&compiling(tier))
}

fn compiling(tier: &Tier) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .concurrency_support(false)
        .wasm_memory64(false)
        // Its results may differ from one processor to the next, and a run must be repeatable.
        .wasm_relaxed_simd(false)
        .max_wasm_stack(tier.stack_bytes)
        .async_stack_size(tier.stack_bytes * 2);
    config
}

fn engine(config: &Config) -> Result<Engine, SandboxError> {
    Engine::new(config).map_err(|error| SandboxError::Setup { detail: format!("the engine: {error:#}") })
}

/// Names everything that decides whether a compiled component fits: the engine's version, its
/// settings, the processor's features and the tier. 16 hex digits, for file names.
pub(crate) fn fingerprint(compiler: &Engine, tier: &Tier) -> String {
    let mut hasher = DefaultHasher::new();
    compiler.precompile_compatibility_hash().hash(&mut hasher);
    tier.name.hash(&mut hasher);
    COMPILED_AS.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Advances the engine's epoch on a thread of its own, every [`TICK`] while `calls`, the number of
/// calls begun so far, changes. The thread ends when the last user of the engine is gone: guests
/// that still run at shutdown must go on giving way.
pub(crate) fn tick(engine: &Engine, calls: Arc<AtomicU64>) -> Result<(), SandboxError> {
    let weak = engine.weak();
    let turn = move || {
        let (mut seen, mut unchanged) = (0, 0_u32);
        // Sleep, then count one. A ticker that makes up for ticks it missed while the machine was
        // stalled takes them all at once, and from guests that only just began.
        loop {
            std::thread::sleep(if unchanged < QUIET { TICK } else { SLOW_TICK });
            let Some(engine) = weak.upgrade() else { return };
            engine.increment_epoch();
            let begun = calls.load(Ordering::Relaxed);
            unchanged = if begun == seen { unchanged.saturating_add(1) } else { 0 };
            seen = begun;
        }
    };
    std::thread::Builder::new()
        .name("guest-ticker".to_owned())
        .spawn(turn)
        .map(drop)
        .map_err(|error| SandboxError::Setup { detail: format!("the ticker's thread: {error}") })
}
