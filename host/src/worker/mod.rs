//! What wakes the flow: a commit (`intake`), a start (`recover`), a clock (`unattended`, `sweep`), another configuration.
//! It brings what the pipeline comes to to the queues. Not here: what is done then (`pipeline`, `delivery`), who owns
//! these loops (`node`).

mod handle;
mod intake;
mod lease;
mod loops;
mod recover;
mod sweep;
mod unattended;

pub use handle::Worker;
pub use intake::pump;
pub use recover::Leftovers;
pub use sweep::Retention;
pub use unattended::Unattended;
