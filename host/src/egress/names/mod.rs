//! From names to addresses, as every program on this system does it: the hosts file first, then the name servers that it
//! names. Read `resolver` (who is asked), `system` (in which order, and for how long what was read of the system counts)
//! and `server` (asking one name server); `order` says which address to try first.
//!
//! Not here: which addresses are dialled (`connect::address`).

mod hosts;
mod order;
pub(in crate::egress) mod resolver;
mod server;
mod system;
