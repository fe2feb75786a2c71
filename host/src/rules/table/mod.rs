//! Whether values make a row of a table, and which row that is. Not here: where rows are kept (`pipeline::rows`), what a
//! table may look like (`control::resources::table`).

mod mapping;
mod order;
mod row;
mod value;

pub use mapping::check_mapping;
pub use order::sortable;
pub use row::ColumnFault;
pub use row::RowFaults;
pub use row::changed;
pub use row::key_of;
pub use row::read;
pub use row::whole;
pub use value::convert;
