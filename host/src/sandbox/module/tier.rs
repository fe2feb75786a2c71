//! The two kinds of guests and the sizes of each: languages that compile to small modules, and
//! interpreters that bring an engine of megabytes along. Which one a module is follows from its
//! bytes alone, so it is the same at every load. Not here: limits of a single call, which the
//! operator sets.

use std::time::Duration;

use crate::domain::plugin::PluginLimits;
use crate::sandbox::module::figures::ModuleFigures;
use crate::sandbox::system::rlimits::ChildLimits;

/// Bytes of a function's or a module's name. The engine copies the names of a backtrace's frames at every trap; the
/// longest honest ones, of generic functions, have some thousands.
const NAME_BYTES: u64 = 64 << 10;

/// The sizes of a kind of guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier {
    /// For people, for file names and for the compiler's process.
    pub name: &'static str,
    /// Instances at a time; each has address space set aside for its memory.
    pub slots: u32,
    /// Calls at a time, below the slots: an instance that ends still holds its slot for a moment.
    pub calls: usize,
    /// Calls of one plugin for each thread. Guests never wait for anything, so more would only take turns with each
    /// other; a few keep the threads busy while callers wake up.
    pub calls_per_worker: usize,
    /// Entries of one table.
    pub table_elements: u64,
    /// Tables of one core module.
    pub tables_per_module: u32,
    /// Core modules, memories and tables of one component.
    pub core_instances: u32,
    pub memories: u32,
    pub tables: u32,
    /// What the pool has of these for each slot: enough that all calls at a time may have all that one may, so that
    /// nobody who takes more than others leaves them none.
    pub instances_each: u32,
    pub memories_each: u32,
    pub tables_each: u32,
    /// Bytes the host keeps for each instance of a component or core module besides its memory.
    pub instance_bytes: usize,
    /// Bytes of memory that are zeroed in place after a call rather than given back to the system.
    pub keep_resident: usize,
    /// What of an instance is put back after a call, where that is worth it.
    pub put_back: Option<PutBack>,
    /// Bytes of the machine's stack for guest code.
    pub stack_bytes: usize,
    /// What the code may look like.
    pub scan: ScanLimits,
    /// What compiling one component may cost.
    pub compile: CompileLimits,
}

/// What of an instance is put back after a call, so that the next can have it. Whatever takes more gets a new instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PutBack {
    /// Pages of the system that were written to; nothing interrupts that.
    pub pages: u64,
    /// Bytes from the first data to the last, which the host keeps.
    pub data_bytes: usize,
    /// Bytes that the host keeps of all plugins, of that and of what configurations change.
    pub bytes_of_all: usize,
    /// Bytes that the host keeps of what the configurations of one plugin change.
    pub configured_bytes: usize,
    /// Instances that wait for their next call, of all plugins; each has a slot.
    pub idle: usize,
}

/// What the code may look like, above what honest modules have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanLimits {
    /// Bytes of all functions.
    pub code_bytes: u64,
    /// Bytes of one function's body.
    pub body_bytes: u64,
    /// Locals of one function.
    pub locals: u64,
    /// Locals times blocks of one function: what the compiler's work grows with.
    pub locals_blocks: u64,
    /// Targets of all branch tables.
    pub branch_targets: u64,
    /// Functions of all modules.
    pub functions: u64,
}

/// What compiling one component may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompileLimits {
    /// Compilers at a time. They run at a low priority, but each may take all of its memory.
    pub at_once: usize,
    /// Of the compiler's process; a file it writes is the code.
    pub child: ChildLimits,
    /// Wall time; generous, since the machine may be busy.
    pub wall: Duration,
}

/// Guests compiled from Rust, C and the like.
pub(crate) static NATIVE: Tier = Tier {
    name: "native",
    slots: 1000,
    calls: 512,
    calls_per_worker: 8,
    table_elements: 20_000,
    tables_per_module: 4,
    core_instances: 20,
    memories: 2,
    tables: 20,
    instances_each: 12,
    memories_each: 2,
    tables_each: 12,
    instance_bytes: 1 << 20,
    keep_resident: 256 << 10,
    put_back: None,
    stack_bytes: 512 << 10,
    scan: ScanLimits {
        code_bytes: 4 << 20,
        body_bytes: 512 << 10,
        locals: 1000,
        locals_blocks: 1_000_000,
        branch_targets: 100_000,
        functions: 20_000,
    },
    compile: CompileLimits {
        at_once: 2,
        child: ChildLimits { cpu_seconds: 10, address_space: 1 << 30, file_bytes: 256 << 20 },
        wall: Duration::from_secs(120),
    },
};

/// Guests that bring an interpreter along: JavaScript, Python.
pub(crate) static INTERPRETED: Tier = Tier {
    name: "interpreted",
    slots: 64,
    calls: 32,
    // Few, so that those that wait can be run together.
    calls_per_worker: 2,
    table_elements: 100_000,
    tables_per_module: 8,
    core_instances: 60,
    memories: 4,
    tables: 40,
    instances_each: 60,
    memories_each: 4,
    tables_each: 31,
    instance_bytes: 4 << 20,
    keep_resident: 4 << 20,
    put_back: Some(PutBack {
        pages: 2048,
        data_bytes: 32 << 20,
        bytes_of_all: 128 << 20,
        configured_bytes: 8 << 20,
        idle: 16,
    }),
    // Interpreters recurse where compiled code loops.
    stack_bytes: 1 << 20,
    scan: ScanLimits {
        code_bytes: 32 << 20,
        body_bytes: 1 << 20,
        locals: 2000,
        locals_blocks: 2_000_000,
        branch_targets: 200_000,
        functions: 60_000,
    },
    compile: CompileLimits {
        at_once: 1,
        child: ChildLimits { cpu_seconds: 60, address_space: 4 << 30, file_bytes: 512 << 20 },
        // They run at the lowest priority: on a busy machine most of this is waiting.
        wall: Duration::from_secs(600),
    },
};

impl Tier {
    /// Both, the one that costs less first.
    pub(crate) fn all() -> [&'static Self; 2] {
        [&NATIVE, &INTERPRETED]
    }

    /// Calls at a time that are known to be long, so that short ones always find room.
    pub(crate) const fn long_calls(&self) -> usize {
        self.calls - self.calls / 8
    }

    /// The tier of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        Self::all().into_iter().find(|tier| tier.name == name)
    }

    /// Where a module of these figures belongs. What has so much code that it holds an interpreter,
    /// or declares more than a native instance is given, is interpreted; nothing else is, so that
    /// code which is merely too complex stays under the native tier's limits.
    pub(crate) fn of(figures: &ModuleFigures) -> &'static Self {
        let fits = figures.code_bytes <= NATIVE.scan.code_bytes
            && figures.table_elements <= NATIVE.table_elements
            && figures.tables_of_a_module <= u64::from(NATIVE.tables_per_module)
            && figures.core_instances <= u64::from(NATIVE.core_instances)
            && figures.memory_bytes <= PluginLimits::default().memory_bytes;
        if fits { &NATIVE } else { &INTERPRETED }
    }

    /// The first limit that a module of these figures exceeds, in words.
    pub(crate) fn takes(&self, figures: &ModuleFigures) -> Result<(), String> {
        let limits = &self.scan;
        let rows = [
            ("bytes of code", figures.code_bytes, limits.code_bytes),
            ("functions", figures.functions, limits.functions),
            ("bytes of one function", figures.body_bytes, limits.body_bytes),
            ("locals of one function", figures.locals, limits.locals),
            ("targets of branch tables", figures.branch_targets, limits.branch_targets),
            ("locals times blocks of one function", figures.locals_blocks, limits.locals_blocks),
            ("entries of one table", figures.table_elements, self.table_elements),
            ("tables of one module", figures.tables_of_a_module, u64::from(self.tables_per_module)),
            ("bytes of one name", figures.name_bytes, NAME_BYTES),
            ("instances of core modules", figures.core_instances, u64::from(self.core_instances)),
        ];
        match rows.into_iter().find(|(_, seen, most)| seen > most) {
            Some((what, seen, most)) => {
                Err(format!("{what}: {seen} of at most {most} for {} code", self.name))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_belongs_where_its_figures_say() {
        let check = |change: fn(&mut ModuleFigures), expected: &str| {
            let mut figures = ModuleFigures::default();
            change(&mut figures);
            assert_eq!(Tier::of(&figures).name, expected, "{figures:?}");
        };
        check(|_| (), "native");
        check(|figures| figures.code_bytes = 4 << 20, "native");
        check(|figures| figures.code_bytes = (4 << 20) + 1, "interpreted");
        check(|figures| figures.table_elements = 20_001, "interpreted");
        check(|figures| figures.tables_of_a_module = 5, "interpreted");
        check(|figures| figures.core_instances = 38, "interpreted");
        check(|figures| figures.memory_bytes = 65 << 20, "interpreted");
        // Too complex for its tier, and no reason for the other.
        check(|figures| figures.functions = 1_000_000, "native");
    }

    #[test]
    fn the_pool_has_enough_for_all_calls() {
        for tier in Tier::all() {
            let idle = tier.put_back.map_or(0, |put_back| put_back.idle + 1);
            let calls = u32::try_from(tier.calls + idle).unwrap();
            for (each, most) in [
                // And what drives those that run directly.
                (tier.instances_each, tier.core_instances + 1),
                (tier.memories_each, tier.memories),
                (tier.tables_each, tier.tables),
            ] {
                assert!(tier.slots * each >= calls * most, "{}: {each} a slot, {most} a call", tier.name);
            }
        }
    }

    #[test]
    fn tiers_have_names() {
        let named = |name: &str| Tier::named(name).map(|tier| tier.name);
        assert_eq!(named("native"), Some("native"));
        assert_eq!(named("interpreted"), Some("interpreted"));
        assert_eq!(named("fast"), None);
    }
}
