//! Every outgoing request. A URL is checked when it is saved; a host's every address is checked
//! when it is dialled, and the checked address is the one dialled. Redirects are never followed.
//! Read `egress` (what others call), `connect/address` (what is dialled), `exchange/send` (the course of a request) and
//! `target` (a place to send to, with its connections).
//!
//! Its own connections, and not reqwest's or hyper-util's pool: a delivery costs 25 µs of CPU less than with reqwest
//! (measured on a whole event), each part of an attempt has its time, and an error says whether anything had gone out, by
//! which a request is sent again on another connection or is not.
//!
//! Not here: what may be called (`rules::address`), what is sent and what an answer means (`delivery`,
//! `rules`).

mod connect;
#[expect(clippy::module_inception, reason = "the room is named after what it holds")]
mod egress;
mod error;
mod exchange;
mod inner;
mod names;
mod options;
mod pool;
mod target;
mod target_url;
#[cfg(test)]
mod tests;

pub use egress::Egress;
pub use error::EgressError;
pub use exchange::outgoing::OutgoingRequest;
pub use exchange::send::Sent;
pub use names::resolver::Resolve;
pub use names::resolver::Resolver;
pub use options::EgressOptions;
pub use target::Target;

pub use crate::rules::address::CheckedUrl;
pub use crate::rules::address::UrlRefusal;
