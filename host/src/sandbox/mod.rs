//! Guest code: admits uploaded modules, keeps them, runs them on events in instances that live for
//! one call. All of the WebAssembly engine is in this room; callers see domain types.
//!
//! ```text
//! admission │ checks     an upload keeps its word │ what else a plugin may be tried with
//! plugin, sandbox        the handle of one plugin, and what all of them share
//! artifacts              from a module's bytes to code on the disk, compiled in a process of its own
//! run                    threads, turns and pools, one for each kind of guest
//! instance               one call: made, configured, asked, its end given a name
//! direct                 interpreted guests without the component around them, put back after a call
//! host                   what an instance is given, what the host answers it, what it may use up
//! module                 what is known of a module before it runs: contract, kind, sizes, engine
//! system                 what is asked of the operating system
//! ```
//!
//! An upload goes through [`Sandbox::admit`], later [`Sandbox::load`] makes a [`Plugin`] of it. There are two kinds of
//! guests, each with an engine and threads of its own, so that interpreters delay nobody but each other. To understand
//! the room, read `admission/admit.rs`, `artifacts/compile.rs`, `plugin.rs`, `instance/call.rs` and `host/state.rs`.
//!
//! Not here: which version a connection uses, counting faults, what becomes of an event.

mod admission;
mod artifacts;
mod checks;
mod direct;
mod error;
mod host;
mod instance;
mod module;
mod options;
mod plugin;
mod run;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod sandbox;
mod system;
#[cfg(test)]
mod tests;
mod text;

pub use admission::admit::Admitted;
pub use admission::admit::Instances;
pub use admission::expect::of_output;
pub use artifacts::compile;
pub use checks::case::Case;
pub use checks::case::NotCaptured;
pub use checks::fitting::Fitting;
pub use checks::judge;
pub use checks::judge::Judge;
pub use checks::properties::Property;
pub use checks::properties::properties;
pub use error::Refusal;
pub use error::RefusalCode;
pub use error::SandboxError;
pub use host::context::Fetcher;
pub use host::context::HostContext;
pub use host::context::KvRead;
pub use host::context::KvWrites;
pub use instance::ran::BatchRan;
pub use instance::ran::ConfigRefusal;
pub use instance::ran::Cost;
pub use instance::ran::Failure;
pub use instance::ran::Ran;
pub use options::Compiler;
pub use options::SandboxOptions;
pub use options::TierOptions;
pub use plugin::Plugin;
pub use sandbox::Sandbox;
pub use system::executable;
pub(crate) use system::nice;
