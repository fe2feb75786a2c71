//! What plugins are given beside an event, what they ask for and leave, and what that costs. Not here: which step may
//! have what (`control`), what a guest sees (`sandbox`).

pub(crate) mod fetch;
pub(crate) mod kept;
pub(crate) mod metering;
