//! The room against real components: an honest one, and one that attacks. They are built by
//! `tests/guests/build.sh`.

mod admission;
mod bombs;
mod child;
mod fuzz;
mod hostile;
mod promises;
mod running;
mod support;
mod tiers;
