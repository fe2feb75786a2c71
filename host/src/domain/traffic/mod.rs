//! What goes through the gateway: an event, what planning it came to, the deliveries and when they are tried again. Read
//! `event`, `plan` and `delivery`.
//!
//! Not here: where it comes from and goes to (`config`), what is decided of it (`rules`).

pub mod delivery;
pub mod event;
pub mod plan;
pub mod retry;
