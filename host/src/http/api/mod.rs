//! The API, one file per resource: its bodies, its views, its operations. Not here: what is common to all requests
//! (`door`, `request`).

mod access;
mod code;
mod configuration;
mod dashboard;
mod page;
mod parts;
mod payload;
mod server;
mod stats;
mod stream;
mod tables;
mod traffic;

pub(super) use code::PluginDocument;
pub(super) use configuration::SecretDocument;

use crate::http::door::Routes;

/// Every operation.
pub(crate) fn routes() -> Routes {
    [
        configuration::routes(),
        traffic::routes(),
        tables::routes(),
        code::routes(),
        stats::routes(),
        stream::routes(),
        access::routes(),
        server::routes(),
        dashboard::routes(),
    ]
    .into_iter()
    .fold(Routes::default(), Routes::and)
}
