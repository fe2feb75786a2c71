//! What two results for one event differ in: the class of the difference and the places that
//! changed, generalised so that a thousand events with the same difference are one group.
//!
//! What means the same is the same: white space, the order of members, escapes in strings and
//! the spelling of a number make no difference, since who signs and who reads a payload does so
//! afresh; [`Difference::respelled`] says when the bytes are others all the same. One spelling
//! does count: a whole number that becomes one with a point or an exponent (`1`, `1.0`), because
//! a receiver with an integer field takes the one and refuses the other.
//!
//! Not here: where the results come from, and how groups are counted (`control::rollouts`).

mod change;
mod json;
mod outcome;
mod reason;
#[cfg(test)]
mod tests;

pub use change::ChangeKind;
pub use change::Changes;
pub use change::PlaceChange;
pub use outcome::Class;
pub use outcome::Difference;
pub use outcome::Outcome;
pub use outcome::compare;
pub use reason::general;
