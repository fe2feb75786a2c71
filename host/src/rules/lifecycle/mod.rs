//! What happens to a delivery next. The heart: no input or output, no clock, no randomness.

mod step;
#[cfg(test)]
mod tests;

pub use step::Asked;
pub use step::Cx;
pub use step::Effect;
pub use step::LifecycleInput;
pub use step::step;
