//! What is run: plugins with their versions, tests and rollouts, previews and comparisons.

pub(super) mod comparison_views;
pub(super) mod comparisons;
pub(super) mod hints;
pub(super) mod plugin_tests;
mod plugin_views;
pub(super) mod plugins;
pub(super) mod preview;
pub(super) mod rollout_views;
pub(super) mod rollouts;
pub(super) mod usage;

pub(in crate::http) use plugins::PluginDocument;

use crate::http::door::Routes;

/// The operations.
pub(super) fn routes() -> Routes {
    [
        plugins::routes(),
        usage::routes(),
        plugin_tests::routes(),
        rollouts::routes(),
        preview::routes(),
        comparisons::routes(),
    ]
    .into_iter()
    .fold(Routes::default(), Routes::and)
}
