//! Guest code: admits uploaded modules, keeps them, runs them on events in instances that live for
//! one call. All of the WebAssembly engine is in this room; callers see domain types.
//!
//! An upload goes through [`Sandbox::admit`]: `scan` looks it over, `child` compiles it in a
//! process of its own (`compile` is what runs there), `manifest` and `examples` hold it to its own
//! word, `files` keeps it. Later [`Sandbox::load`] makes a [`Plugin`] of it; `builds` has its code, made anew after a
//! change of the engine. There are two kinds of
//! guests (`tier`), each with an engine and threads of its own (`pool`), so that interpreters delay
//! nobody but each other. A run goes through `plugin` (the handle), `guests` (threads apart from those
//! that serve requests; `gather` lets events of a connection that wait for a plugin which asks for batches go
//! together; calls of plugins that compute for long, as `pace` knows, go behind those that do not), `call` (one fresh
//! instance: of a component, or `direct`, of its core modules, which are put back after it) and `ask` (what it is asked, through
//! `guest`), held by `state` and `meter` to its limits; `faults` names what went wrong.
//!
//! Not here: which version a connection uses, counting faults, what becomes of an event.

mod admit;
mod ask;
mod asked;
mod asleep;
mod bindings;
mod builds;
mod call;
mod case;
mod child;
pub mod compile;
mod contract;
mod direct;
mod engine;
mod error;
mod examples;
pub mod executable;
mod expect;
mod faults;
mod fetch;
mod figures;
mod files;
mod fitting;
mod gather;
mod given;
mod guest;
mod guests;
pub mod judge;
mod lost;
mod manifest;
mod meter;
mod mutate;
pub(crate) mod nice;
mod options;
mod outputs;
mod pace;
mod plugin;
mod pool;
mod properties;
mod ran;
mod rlimits;
mod same;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod sandbox;
mod scan;
mod shared;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod tier;

pub use admit::Admitted;
pub use admit::Instances;
pub use case::Case;
pub use case::NotCaptured;
pub use error::Refusal;
pub use error::RefusalCode;
pub use error::SandboxError;
pub use expect::of_output;
pub use fetch::Fetcher;
pub use fitting::Fitting;
pub use given::Given;
pub use given::KvRead;
pub use given::KvWrites;
pub use judge::Judge;
pub use options::Compiler;
pub use options::SandboxOptions;
pub use options::TierOptions;
pub use plugin::Plugin;
pub use properties::Property;
pub use properties::properties;
pub use ran::BatchRan;
pub use ran::ConfigRefusal;
pub use ran::Cost;
pub use ran::Failure;
pub use ran::Ran;
pub use sandbox::Sandbox;
