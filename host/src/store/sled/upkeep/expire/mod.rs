//! Deletes what is old, in bounded steps, and never what something live needs: an open event, a live delivery. Whole
//! chunks and single values of all workspaces (`old`), and what a workspace that keeps less than others has in chunks
//! that stay (`within`), which are looked into once as they come to its bound (`places`). Not here: how old is too old
//! (`config`) and when it is looked at (`worker`).

mod live;
mod old;
mod places;
mod run;
mod step;
mod within;

pub(in crate::store::sled) use places::at_first;
pub(in crate::store::sled) use places::starts;
pub(in crate::store::sled) use run::expire;
pub(in crate::store::sled) use step::ExpireLook;
pub(in crate::store::sled) use step::ExpireStep;
pub(in crate::store::sled) use step::Expired;
