//! What happened, and what would: lists, traces, counters, previews, comparisons. Changes nothing. Not here: how
//! answers look (`http`).

pub mod comparisons;
pub mod explain;
pub mod plugin_tests;
pub mod preview;
pub mod queries;
pub mod stats;
pub mod trace;
