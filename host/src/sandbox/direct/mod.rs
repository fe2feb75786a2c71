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
//! In the compiler's process `prepare` says which guests these are: `followed` has the list of what they may be made of,
//! `part` looks at each core module, `wiring` reads how a component connects them, `links` follows that; what they make
//! is the `plan`, and a component that is `exporting` its core modules. At run time an `assembly` follows the plan;
//! `border` carries events in and `lift` results out as the component model's canonical ABI has it, driven by `driver`,
//! a few lines of WebAssembly that call the plugin, so that a whole event is one call from the host; `keep` puts each
//! `live` instance back to a `snapshot` from the `shelf`, wherever `pages` says that it was written, and lets it be
//! `idle`. Whatever does not fit here runs as the component that it is, with the same results. Not here: limits, queues.

mod assembly;
mod border;
mod driver;
mod exporting;
mod followed;
mod idle;
mod keep;
mod lift;
mod links;
mod live;
mod pages;
mod part;
mod plan;
mod prepare;
mod shelf;
mod snapshot;
mod wiring;

/// Why none does, where that is so.
pub(crate) const TURNED_OFF: &str = "interpreted_plugins.direct is false";
pub(crate) const NOT_TOLD: &str =
    "this system cannot tell what was written to memory; Linux 6.7 and later can";

pub(crate) use border::Border;
pub(crate) use driver::Driver;
pub(crate) use driver::NAME as DRIVER;
pub(crate) use keep::Direct;
pub(crate) use keep::Kept;
pub(crate) use live::Exports;
pub(crate) use live::Live;
pub(crate) use pages::Pages;
pub(crate) use plan::BYTES_MAX as PLAN_BYTES_MAX;
pub(crate) use plan::Found;
pub(crate) use plan::Plan;
pub(crate) use plan::Why;
pub(crate) use prepare::prepared;
