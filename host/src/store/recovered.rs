//! What opening a store and looking into it brings back. Not here: how it is found.

use crate::domain::delivery::DeliveryRecord;
use crate::domain::fetch::StepFetch;
use crate::domain::id::EventId;
use crate::domain::plan::Note;
use crate::domain::plan::Plan;
use crate::store::change::AttemptEntry;
use crate::store::change::ConfigState;

/// An event that was accepted and not closed when the process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Which.
    pub event: EventId,
    /// Slots of deliveries that ended already or have a record: planning again skips them.
    pub done: Vec<u16>,
    /// Whether its plan is in the log: then it is not planned anew.
    pub planned: bool,
}

/// What a store found when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Events to plan again, oldest first.
    pub unfinished: Vec<Unfinished>,
    /// Every live (not terminal) delivery record, in the order of ids.
    pub live: Vec<DeliveryRecord>,
    /// The configuration.
    pub config: ConfigState,
    /// For each unfinished event and live delivery older than the present revision: the
    /// configuration then, oldest first.
    pub past: Vec<ConfigState>,
}

/// Everything logged about one event, for its trace.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    /// The plan, once the steps ran. The newest, if they ran again after a crash.
    pub plan: Option<Plan>,
    /// Every attempt of every delivery, oldest first.
    pub attempts: Vec<AttemptEntry>,
    /// Requests that plugins made, in their order.
    pub fetches: Vec<StepFetch>,
    /// Records of deliveries that have one.
    pub records: Vec<DeliveryRecord>,
    /// What else befell it, in the order in which it was written.
    pub notes: Vec<Note>,
}
