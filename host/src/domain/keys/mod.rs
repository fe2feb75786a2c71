//! What must not be told, and what is proven with it: secrets, sealed ones, how deliveries are signed and how sources prove
//! themselves. Read `secret` first.
//!
//! Not here: sealing, signing and checking (`rules`).

pub mod sealed;
pub mod secret;
pub mod signing;
pub mod verification;
