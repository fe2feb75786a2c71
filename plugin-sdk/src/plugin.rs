//! What `#[plugin]` makes of a function: the trait the rest of the crate works with.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::event::Event;
use crate::manifest::About;
use crate::verdict::Verdict;

/// A plugin. `#[plugin]` writes this for a function `transform` as a type of the same name, which
/// is what [`testing`](crate::testing) is given: `testing::run::<transform>(…)`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::Plugin;
///
/// #[plugin(name = "pass-all")]
/// fn transform(event: &Event) -> Result<Verdict> {
///     Ok(forward(event))
/// }
/// # fn main() {
/// assert_eq!(transform::ABOUT.name, "pass-all");
/// # }
/// ```
pub trait Plugin: 'static {
    /// The configuration of a connection; [`NoConfig`](crate::NoConfig) when there is none.
    type Config: DeserializeOwned + JsonSchema + 'static;

    /// What the manifest says.
    const ABOUT: About;

    /// Decides about one event.
    ///
    /// # Errors
    /// The refusal of the event.
    fn transform(event: &Event, config: &Self::Config) -> Result<Verdict>;

    /// Decides about several events of one connection: one result for each, in their order. Unless
    /// `#[plugin(batch = …)]` names a function, this calls `transform` for each. Live events are handed over together
    /// only to plugins that name one.
    fn transform_batch(events: &[Event], config: &Self::Config) -> Vec<Result<Verdict>> {
        events.iter().map(|event| Self::transform(event, config)).collect()
    }
}
