//! Guests that run directly: their core modules without the component around them. Making an instance of a component
//! costs several times what a small event costs, and an interpreter's a hundred times; but where a guest imports
//! nothing but `log`, all that it can change is known, its memory and its mutable globals, and can be put back. So each
//! event still meets an instance in which nothing ever happened but its configuration.
//!
//! In the compiler's process `prepare` says which guests these are: `part` looks at each core module, `wiring` reads
//! how a component connects them, `links` follows that, and what they make, the `plan`, goes into a `carrier` to be
//! compiled. At run time an `assembly` follows the plan; `border` carries events in and `lift` results out as the
//! component model's canonical ABI has it, driven by `driver`, a few lines of WebAssembly that call the plugin, so that
//! a whole event is one call from the host; `keep` puts each `live` instance back to a `snapshot`, wherever `pages`
//! says that it was written, and lets it be `idle`. Whatever does not fit here (grants, start functions, tables that
//! change) runs as a component, with the same results. Not here: limits, queues.

mod assembly;
mod border;
mod carrier;
mod driver;
mod idle;
mod keep;
mod lift;
mod links;
mod live;
mod pages;
mod part;
mod plan;
mod prepare;
mod snapshot;
mod wiring;

pub(crate) use assembly::Assembly;
pub(crate) use border::Border;
pub(crate) use carrier::resembles_carrier;
pub(crate) use driver::Driver;
pub(crate) use driver::NAME as DRIVER;
pub(crate) use keep::Direct;
pub(crate) use keep::Kept;
pub(crate) use lift::Lift;
pub(crate) use live::Exports;
pub(crate) use live::Live;
pub(crate) use prepare::prepared;
