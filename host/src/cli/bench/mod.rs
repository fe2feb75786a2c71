//! `hookmill bench`: how many events a second go all the way on this machine, and what each
//! costs. Starts `hookmill serve` as a child with empty data, sends over loopback, receives over
//! loopback, and reads the child's CPU time from the system. Read `command` (the course of it), `load`, `sink` and `report`.
//!
//! Not here: each of these parts.

mod args;
mod child;
mod command;
mod load;
mod report;
mod set_up;
mod signal;
mod sink;
mod time_travel;
mod yardstick;

pub(crate) use args::BenchArgs;
pub(crate) use command::run;
