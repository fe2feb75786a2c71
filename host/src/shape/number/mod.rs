//! Numbers as their JSON text: exact comparison of any two, exact arithmetic of reasonable ones.
//! Never a double. Not here: which operations a mapping offers.

mod compare;
mod decimal;

pub(crate) use compare::compare;
pub(crate) use decimal::Decimal;
pub(crate) use decimal::Rounding;
