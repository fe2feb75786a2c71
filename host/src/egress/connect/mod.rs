//! From a URL to a connection: names, addresses, TCP, TLS, HTTP/1.1, and what a connection is doing. Read `address` (what
//! is dialled, and what never is), `connection` (how), `wire` and `activity` (what is known of one that is open).
//!
//! Not here: keeping connections (`pool`), what is sent on them (`exchange`).

pub(in crate::egress) mod activity;
pub(in crate::egress) mod address;
pub(in crate::egress) mod connection;
pub(in crate::egress) mod tls;
pub(in crate::egress) mod tls_fault;
pub(in crate::egress) mod wire;
