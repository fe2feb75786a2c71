//! The path of an event in one process: a real gateway with real steps and a real receiver, on a store that fails
//! when a test wants it to, with a clock a test turns.

mod alone;
mod beyond;
mod cluster;
mod inbox;
mod lives;
mod planned;
mod receiver;
mod retention;
mod revisions;
mod support;
mod sweep;
