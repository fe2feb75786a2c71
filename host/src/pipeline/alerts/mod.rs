//! Alerts: who finds that something has begun to fail says so (`board`); it is written down and told as an event once,
//! and so is its end, when nothing of the kind was seen for a while (`tend`). What waits for long is looked for (`backlog`).
//! Not here: what is said (`rules::alert`), what deliveries find (`delivery::observed`).

mod backlog;
mod board;
mod list;
mod planned;
mod tend;

pub(crate) use board::AlertBoard;
pub(crate) use tend::subject_name;
