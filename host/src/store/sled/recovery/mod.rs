//! What opening a store finds out: whether the files are all that was acknowledged, and what was accepted and not
//! finished. Not here: opening itself (`open`), and what is done with what was found (`worker`).

mod recover;
mod witness;

pub(super) use recover::recover;
pub(super) use witness::Witness;
pub(super) use witness::check as check_witness;
