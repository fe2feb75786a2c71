//! The engine: how WebAssembly is compiled and where instances live, tuned for many short-lived
//! small instances, and the clock that makes guests give way. Not here: what a single call may do.

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

/// How often running guests look at their budgets and give way to others.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// The same after no call began for [`QUIET`] ticks: an idle gateway should not wake up a thousand
/// times a second, and a guest that computes alone has nobody to give way to.
const SLOW_TICK: Duration = Duration::from_millis(10);
const QUIET: u32 = 100;

/// The sizes of a kind of guest: natively compiled languages need little, interpreters much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier {
    /// Instances at a time; each has address space set aside for its memory.
    pub slots: u32,
    /// Entries of one table.
    pub table_elements: usize,
    /// Tables of one core module.
    pub tables_per_module: u32,
    /// Core modules, memories and tables of one component.
    pub core_instances: u32,
    pub memories: u32,
    pub tables: u32,
    /// What compiling one component may cost.
    pub compile: CompileLimits,
}

/// What compiling one component may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompileLimits {
    /// CPU time of all threads, seconds.
    pub cpu_seconds: u64,
    /// Address space, bytes.
    pub address_space: u64,
    /// Bytes of the code.
    pub code_bytes: u64,
    /// Wall time; generous, since the machine may be busy.
    pub wall: Duration,
}

/// Guests compiled from Rust, C and the like.
pub(crate) const NATIVE: Tier = Tier {
    slots: 1000,
    table_elements: 20_000,
    tables_per_module: 4,
    core_instances: 20,
    memories: 4,
    tables: 20,
    compile: CompileLimits {
        cpu_seconds: 10,
        address_space: 1 << 30,
        code_bytes: 256 << 20,
        wall: Duration::from_secs(40),
    },
};

/// The engine that runs guests of `tier`, each with at most `memory_bytes` of linear memory.
pub(crate) fn running(tier: &Tier, memory_bytes: u64) -> Result<Engine, SandboxError> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(tier.slots)
        .total_core_instances(tier.slots * 4)
        .total_memories(tier.slots)
        .total_tables(tier.slots * 2)
        .total_stacks(tier.slots)
        .max_memory_size(usize::try_from(memory_bytes).unwrap_or(usize::MAX).next_multiple_of(1 << 16))
        .table_elements(tier.table_elements)
        .max_tables_per_module(tier.tables_per_module)
        .max_core_instances_per_component(tier.core_instances)
        .max_memories_per_component(tier.memories)
        .max_tables_per_component(tier.tables)
        // What a small event touches is zeroed in place rather than given back to the system, and
        // the page map says which pages that are. More than this makes every event after a heavy
        // one pay for it; without the page map it costs more than it saves.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = compiling();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    engine(&config)
}

/// An engine that only compiles. The pool does not change the code, so its output loads into
/// [`running`] engines, and without the pool it needs no address space to speak of.
pub(crate) fn compiler() -> Result<Engine, SandboxError> {
    engine(&compiling())
}

fn compiling() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .concurrency_support(false)
        .wasm_memory64(false)
        // Its results may differ from one processor to the next, and a run must be repeatable.
        .wasm_relaxed_simd(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20);
    config
}

fn engine(config: &Config) -> Result<Engine, SandboxError> {
    Engine::new(config).map_err(|error| SandboxError::Setup { detail: format!("the engine: {error:#}") })
}

/// Names everything that decides whether a compiled component fits: the engine's version, its
/// settings and the processor's features. 16 hex digits, for file names.
pub(crate) fn fingerprint(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
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
