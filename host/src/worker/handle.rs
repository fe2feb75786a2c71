//! The handle of this room: what it wakes.

use crate::delivery::Delivery;
use crate::pipeline::Pipeline;

/// Wakes pipeline and delivery.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Plans events.
    pub pipeline: Pipeline,
    /// Delivers what they come to.
    pub delivery: Delivery,
}
