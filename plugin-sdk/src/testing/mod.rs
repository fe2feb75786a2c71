//! Runs a plugin in `cargo test`: the same verdicts, configuration errors and output limits as in
//! the gateway, without a sandbox. What only the sandbox can tell, time and memory, `hookmill plugin
//! test` shows.
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//! use hookmill_plugin_sdk::testing;
//!
//! #[plugin]
//! fn double(event: &Event) -> Result<Verdict> {
//!     let number: i64 = event.json()?;
//!     Ok(forward_json(&(2 * number)))
//! }
//!
//! # fn main() {
//! testing::run::<double>(testing::event(json!(4))).expect_forward().is_json(json!(8));
//! testing::run::<double>(testing::event("four")).expect_error("*");
//! testing::run_examples::<double>();
//! # }
//! ```
//!
//! Every `expect_…` panics with what was seen, which is how a test fails.

mod compare;
mod example;
mod forwarded;
mod limits;
mod run;

/// The time in tests, milliseconds since 1970: 2026-01-01T00:00:00Z, as events in tests come in.
///
/// See [`clock::now_ms`](crate::clock::now_ms).
pub const NOW_MS: u64 = 1_767_225_600_000;

pub use example::run_examples;
pub use forwarded::Forwarded;
pub use run::{Answer, Payload, Run, event, manifest, run};
