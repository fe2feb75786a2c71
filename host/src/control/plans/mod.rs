//! A configuration that is wanted, whole, and the changes that lead there: all of them or none. A plan is made without
//! changing anything (`plan`), kept for a while under an id (`kept`), and carried out only where nothing of what it was
//! made from has changed since (`apply`). What was applied together can be deleted by leaving it out (`set`). Not here:
//! how documents are written and compared for people (`http`).

mod apply;
mod document;
mod kept;
mod plan;
mod plugin;
mod rename;
mod set;
mod wanted;

pub use document::ConfigDocument;
pub use document::ConfigPlan;
pub use document::PlannedChange;
pub use kept::KeptOperation;
pub use kept::KeptPlan;
pub use wanted::Wanted;
pub use wanted::WantedDraft;
pub use wanted::WantedSet;
