//! All that a plugin usually needs, in one line: `use hookmill_plugin_sdk::prelude::*;`.
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//!
//! #[plugin]
//! fn shout(event: &Event) -> Result<Verdict> {
//!     log::debug!("{} bytes", event.payload.len());
//!     Ok(forward(event.text()?.to_uppercase()))
//! }
//! # fn main() {}
//! ```
//!
//! [`drop`](crate::drop()) hides the function of the same name of the standard library, which is
//! still there as `std::mem::drop`.

pub use crate::log;
pub use crate::{
    Error, Event, Headers, OrRefuse, Output, Result, Verdict, drop, forward, forward_all, forward_json,
    plugin, refuse,
};
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use serde_json::{Value, json};
