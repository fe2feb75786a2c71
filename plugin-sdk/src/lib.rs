//! Write hookmill plugins in Rust: one function from an event to a verdict.
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Signal { confidence: f64, domain: String }
//!
//! /// Forwards leads above a confidence.
//! #[derive(Deserialize, JsonSchema)]
//! struct Config { min_confidence: f64 }
//!
//! #[plugin]
//! fn transform(event: &Event, config: &Config) -> Result<Verdict> {
//!     let signal: Signal = event.json()?;
//!     if signal.confidence < config.min_confidence {
//!         return Ok(drop("confidence below the minimum"));
//!     }
//!     Ok(forward_json(&json!({ "company": signal.domain })))
//! }
//!
//! # fn main() {
//! use hookmill_plugin_sdk::testing;
//! testing::run::<transform>(testing::event(json!({ "confidence": 0.5, "domain": "acme.com" })))
//!     .config(json!({ "min_confidence": 0.8 }))
//!     .expect_drop("confidence below the minimum");
//! # }
//! ```
//!
//! The crate's README leads from an empty folder to a plugin in production. What lives here is what
//! a plugin links and tests with; how plugins are built and uploaded is the business of
//! `hookmill plugin`.
//!
//! | module | |
//! | --- | --- |
//! | [`prelude`] | all that a plugin usually needs |
//! | [`testing`] | runs a plugin in `cargo test`, without a sandbox |
//! | [`log`] | `log::info!("…")` and its siblings |
//! | [`kv`], [`http`], [`secrets`], [`clock`], [`random`] | what a connection may grant beyond the event |

// The macro's code names the crate from outside; so it does in the crate's own tests.
#[cfg(test)]
extern crate self as hookmill_plugin_sdk;

pub mod clock;
mod config;
mod error;
mod event;
mod form;
pub mod http;
pub mod kv;
pub mod log;
mod manifest;
mod plugin;
pub mod prelude;
pub mod random;
pub mod secrets;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod verdict;

#[cfg(any(target_arch = "wasm32", test))]
mod arena;
#[cfg(target_arch = "wasm32")]
mod guest;

pub use config::NoConfig;
pub use error::{Error, OrRefuse, Result, refuse};
pub use event::{Event, Headers};
pub use hookmill_plugin_sdk_macros::plugin;
pub use manifest::About;
pub use plugin::Plugin;
pub use schemars;
pub use serde;
pub use serde_json;
pub use verdict::{Output, Verdict, drop, forward, forward_all, forward_json};

/// The guide's code is tried as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What the macros need; not for use by hand, and free to change.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::guest::{Glue, bindings, export_guest};
}
