//! One call of one instance: made or put back, configured, asked, its answer held against the limits, its end given a
//! name. Read `call` (from nothing to an answer), `ask` (what is asked), `guest` (the exports, however the guest runs)
//! and `faults` (how it ended).
//!
//! Not here: on which thread and when (`run`), what the host answers meanwhile (`host`).

pub(crate) mod ask;
pub(crate) mod asked;
pub(crate) mod call;
pub(crate) mod faults;
pub(crate) mod guest;
pub(crate) mod outputs;
pub(crate) mod ran;
