//! The API, one file per resource: the fields its requests have, what its answers look like, its
//! handlers, its endpoints.

mod api_keys;
mod attempts;
mod comparison_views;
mod comparisons;
mod connections;
mod dashboard;
mod deliveries;
mod destinations;
mod event_types;
mod events;
mod hints;
mod keys;
mod page;
mod parts;
mod payload;
mod plugin_tests;
mod plugins;
mod preview;
mod publish;
mod rejections;
mod retry;
mod rollout_views;
mod rollouts;
mod secrets;
mod server;
mod signing;
mod source_keys;
mod sources;
mod stats;
mod steps;
mod stream;
mod trace;
mod usage;
mod verification;
mod workspaces;

use crate::http::endpoint::Endpoint;

/// Every endpoint, in the order of the documentation.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        sources::endpoints(),
        source_keys::endpoints(),
        rejections::endpoints(),
        publish::endpoints(),
        events::endpoints(),
        trace::endpoints(),
        event_types::endpoints(),
        connections::endpoints(),
        destinations::endpoints(),
        signing::endpoints(),
        deliveries::endpoints(),
        attempts::endpoints(),
        plugins::endpoints(),
        usage::endpoints(),
        plugin_tests::endpoints(),
        rollouts::endpoints(),
        secrets::endpoints(),
        preview::endpoints(),
        comparisons::endpoints(),
        stats::endpoints(),
        stream::endpoints(),
        workspaces::endpoints(),
        api_keys::endpoints(),
        server::endpoints(),
        dashboard::endpoints(),
    ]
    .concat()
}
