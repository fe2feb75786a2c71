//! The HTTP door: takes events in, serves the API, tells problems. A request is read here, decided
//! on in the rooms below, answered here.
//!
//! ```text
//! server     connections: accept, limits, shutdown
//! ingest     /in/{source}: the short path, no router
//! router     everything else: key, scope, body, then one handler of `api`
//! api        one file per resource: its fields, its views, its handlers, its endpoints
//! background what a request makes the server compute
//! accept     which format somebody prefers
//! form       JSON bodies read so that every fault is told at once
//! problem    the one table from errors to RFC 9457
//! openapi    the description of all of it, made from the same tables
//! ```

mod accept;
mod api;
mod background;
mod body;
mod docs;
mod endpoint;
mod form;
mod idempotency;
mod ingest;
mod openapi;
mod path;
mod problem;
mod query;
mod reply;
mod router;
pub mod server;
mod site;
#[cfg(test)]
mod tests;
mod view;

pub use background::Background;
pub use site::Doors;
