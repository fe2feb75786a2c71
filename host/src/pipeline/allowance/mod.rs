//! What workspaces take in: counted for all, and bounded where their operator says so. An event is let in before it is
//! stored (`admit`), and given back if it is not (`count`); the counts of the month are written down once a second (`tend`). Events
//! that hookmill makes itself are free. Not here: what may be set up (`control::room`).

mod admit;
mod count;
mod tend;

pub(crate) use count::Allowances;
