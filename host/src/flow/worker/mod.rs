//! What wakes the flow: a commit (`intake`), a start (`recover`), a clock (`unattended`, `upkeep`).

pub mod intake;
pub mod recover;
pub mod unattended;
pub mod upkeep;
