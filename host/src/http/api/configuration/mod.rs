//! What operators set up: sources, connections with their steps, destinations with retries and signing.

pub(super) mod connections;
mod destination_views;
pub(super) mod destinations;
mod documents;
pub(super) mod event_types;
mod inbox;
pub(super) mod retry;
mod rotation;
pub(super) mod signing;
pub(super) mod sources;
pub(super) mod steps;
pub(super) mod verification;

pub(in crate::http) use documents::SecretDocument;

use crate::http::door::Routes;

/// The operations.
pub(super) fn routes() -> Routes {
    [
        sources::routes(),
        connections::routes(),
        destinations::routes(),
        inbox::routes(),
        rotation::routes(),
        documents::routes(),
        documents::presets::routes(),
        documents::imports::routes(),
        documents::schema::routes(),
        event_types::routes(),
        verification::samples::routes(),
    ]
    .into_iter()
    .fold(Routes::default(), Routes::and)
}
