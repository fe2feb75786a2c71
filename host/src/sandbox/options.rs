//! What a sandbox is built from. Not here: reading settings.

use std::path::PathBuf;

use crate::domain::plugin::PluginLimits;

/// Settings of one [`Sandbox`](crate::sandbox::Sandbox).
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Folder of the modules and of what was compiled from them; made when it is missing. It must
    /// belong to the gateway alone: compiled files in it are executed.
    pub dir: PathBuf,
    /// Who compiles uploads.
    pub compiler: Compiler,
    /// Folder of compiled code that several sandboxes of this user share, see `shared`; none if not given.
    pub code_cache: Option<PathBuf>,
    /// Native guests: compiled languages.
    pub native: TierOptions,
    /// Guests that bring an interpreter along. Their threads start with the first of them.
    pub interpreted: TierOptions,
}

/// Settings of one kind of guest.
#[derive(Clone, Copy, Debug)]
pub struct TierOptions {
    /// Threads that run guests, at least 1.
    pub workers: usize,
    /// Limits of every call.
    pub limits: PluginLimits,
    /// Whether guests of the kind that can be put back after a call are, rather than made for each.
    pub direct: bool,
}

impl SandboxOptions {
    /// With the default limits.
    pub fn new(dir: PathBuf, compiler: Compiler, workers: usize) -> Self {
        Self {
            dir,
            compiler,
            code_cache: None,
            native: TierOptions { workers, limits: PluginLimits::default(), direct: false },
            interpreted: TierOptions { workers, limits: PluginLimits::interpreted(), direct: true },
        }
    }
}

/// Where WebAssembly is compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// In a child process, `<exe> compile-plugin --in FILE --out FILE`, which limits its own CPU
    /// time and memory and is killed when it takes too long. The only choice for modules that came
    /// from somebody else: a small module can cost minutes and gigabytes.
    Child(PathBuf),
    /// In this process and without limits: for benches, and for an author who checks a module of
    /// their own.
    InProcess,
}
