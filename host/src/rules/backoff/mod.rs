//! How long to wait before the next attempt. Pure: time and chance are arguments; crates such as backon sleep
//! themselves, and know neither what a receiver asked for nor a schedule that was saved.

mod delay;
mod retry_after;
#[cfg(test)]
mod tests;

pub use delay::delay;
pub use retry_after::RETRY_AFTER_MAX;
pub use retry_after::parse_retry_after;
