//! Core modules that run directly, without a component around them. Making an instance of a component costs several
//! times what a small event costs; a core module that imports nothing but `log` can be put back to where it began
//! instead, since all that it can change is known: its memory and its mutable globals. So each event still meets
//! an instance in which nothing ever happened.
//!
//! `prepare` runs in the compiler's process and says which modules these are; `border` carries events in and results out
//! as the component model's canonical ABI has it, driven by `driver`, a few lines of WebAssembly that call the plugin, so
//! that a whole event is one call from the host; `live` makes instances, and puts them back, with what `pages` says was
//! written. Whatever does not fit here (components, grants, start functions, tables that change) runs as a component,
//! with the same results. Not here: limits, queues.

mod border;
mod driver;
mod lift;
mod live;
mod pages;
mod prepare;

pub(crate) use border::Border;
pub(crate) use driver::Driver;
pub(crate) use driver::NAME as DRIVER;
pub(crate) use lift::Lift;
pub(crate) use live::Direct;
pub(crate) use live::Exports;
pub(crate) use live::Live;
pub(crate) use prepare::prepared;
