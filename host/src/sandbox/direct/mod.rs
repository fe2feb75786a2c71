//! Interpreted guests that run directly: their core modules without the component around them. Making an instance of a
//! component costs an interpreter more than a small event does (0.75 ms against 0.3); but where a guest is granted nothing
//! and imports nothing but `log`, all that it can change is known, its memory and its mutable globals, and can be put
//! back. So each event still meets an instance in which nothing ever happened but its configuration. Native guests do not
//! come here: they would save 14 µs of an event that costs 170.
//!
//! This is a short cut past the engine, and meant to go: once wasmtime can put an instance back by itself, this folder is
//! removed as one. What the rest of the room knows of it is below: `prepared` in the compiler's process, `Found` in the
//! file that it leaves, `Direct` among the ways to run (`pool`, `call`), `Exports` and `Lift` where a guest is asked
//! (`guest`), `Border` in a call's state. `interpreted_plugins.direct = false` leaves it out.
//!
//! Its rooms: `analysis` says in the compiler's process which guests these are and makes the plan; at run time `instances`
//! follows the plan and puts each instance back, and `abi` carries events in and results out, so that a whole event is one
//! call from the host. To understand it, read `analysis/prepare`, `abi/border`, `instances/keep` and `instances/live`.
//! Whatever does not fit here runs as the component that it is, with the same results. Not here: limits, queues.

mod abi;
mod analysis;
mod instances;

/// Why none does, where that is so.
pub(crate) const TURNED_OFF: &str = "interpreted_plugins.direct is false";
pub(crate) const NOT_TOLD: &str =
    "this system cannot tell what was written to memory; Linux 6.7 and later can";

pub(crate) use abi::border::Border;
pub(crate) use abi::driver::Driver;
pub(crate) use abi::driver::NAME as DRIVER;
pub(crate) use abi::lift::GuestAnswer;
pub(crate) use analysis::plan::BYTES_MAX as PLAN_BYTES_MAX;
pub(crate) use analysis::plan::DirectPlan;
pub(crate) use analysis::plan::Found;
pub(crate) use analysis::plan::Why;
pub(crate) use analysis::prepare::prepared;
pub(crate) use instances::keep::Direct;
pub(crate) use instances::keep::DirectCache;
pub(crate) use instances::live::DirectInstance;
pub(crate) use instances::live::Exports;
pub(crate) use instances::pages::Pages;
