//! The tools, one file each: which arguments it takes and what it finds. Not here: who may use it (`catalogue`), how much
//! of it is shown (`findings`).

pub(super) mod apply;
pub(super) mod docs;
mod entries;
pub(super) mod explain;
pub(super) mod find;
pub(super) mod overview;
pub(super) mod plan;
pub(super) mod send_test;
mod source_story;
pub(super) mod try_steps;
pub(super) mod watch;
