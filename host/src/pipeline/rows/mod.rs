//! The rows of tables. They lie with the values that plugins keep, in a place of each table's own that no plugin has
//! (`key` says under which keys). Changes of a table happen one after the other (`turns`): each is decided on (`decide`),
//! noted, and announced as an event that connections can take (`announce`). Read `write` first, then `list`. Not here:
//! what a row of a table is (`rules::table`), deliveries that become rows (`delivery::transport::table`).

mod announce;
mod change;
mod decide;
mod key;
mod list;
mod tend;
mod turns;
mod write;

pub use change::Cause;
pub use change::RowError;
pub use change::RowWrite;
pub use change::RowWritten;
pub use key::TableSize;
pub use list::RowOrder;
pub use list::RowPage;
pub use list::RowQuery;
pub(crate) use turns::Turns;
