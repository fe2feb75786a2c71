//! The HTTP door: takes events in, serves the API, tells problems. A request is read here, decided
//! on in the rooms below, answered here.
//!
//! ```text
//! server     connections: accept, limits, shutdown
//! ingest     /in/{source}: the short path, no router
//! router     everything else
//! mcp        /mcp: the assistant's door, which asks what is routed
//! door       key, scope, media types, memory of writes, place of work: of each operation of the API; and this
//!            program's own way in
//! request    bodies, queries and paths, read by the types that describe them
//! api        one file per resource: its bodies, its views, its operations
//! background what a request makes the server compute
//! accept     which format somebody prefers
//! problem    the one table from errors to RFC 9457
//! openapi    the description of all of it, made from the same declarations
//! schema     the domain's own types in that description
//! ```

mod accept;
mod api;
mod background;
mod body;
mod door;
mod idempotency;
mod ingest;
mod mcp;
mod openapi;
mod path;
mod problem;
mod reply;
mod request;
mod router;
mod schema;
pub mod server;
mod site;
#[cfg(test)]
mod tests;
mod view;

pub use background::Background;
pub use door::OwnApi;
pub use door::OwnRefusal;
pub use openapi::config_schema;
pub use site::Doors;
