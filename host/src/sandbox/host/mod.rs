//! The host's side of an instance: what it is given beyond its event, what the host answers when it asks, and what is
//! counted and limited meanwhile. Read `state` (all of one instance), `context` (what a call is given), `kv` and `grants` (what is answered from it),
//! `fetch` (requests to the outside) and `meter` (its CPU time).
//!
//! Not here: calling the instance, deciding what may be linked, where values are kept and requests made.

pub(crate) mod asleep;
pub(crate) mod context;
pub(crate) mod fetch;
mod grants;
pub(crate) mod kv;
pub(crate) mod meter;
pub(crate) mod state;
pub(crate) mod stop;
