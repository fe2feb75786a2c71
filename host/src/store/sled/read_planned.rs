//! Lists events with their plans: a page of events, then one walk through the log from the oldest
//! of them on. Not here: either walk (`read_events`, `read_log`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sled::Tree;

use crate::domain::id::EventId;
use crate::domain::plan::Plan;
use crate::store::EventQuery;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::sled::fault::Fault;
use crate::store::sled::read_events;
use crate::store::sled::read_log;

/// A list of events with their plans, newest first.
pub(super) fn list(tree: &Tree, query: &EventQuery) -> Result<Page<PlannedEvent, EventId>, Fault> {
    let (page, oldest) = read_events::list_from(tree, query)?;
    let mut plans = BTreeMap::new();
    if let (Some(newest), Some(last)) = (page.items.first(), page.items.last()) {
        let wanted: BTreeSet<EventId> = page.items.iter().map(|event| event.id).collect();
        // A plan that was made again replaces the one before.
        read_log::follow_rows(tree, oldest, &wanted, |row| {
            if row.is_plan() {
                add(&mut plans, row.entry()?);
            }
            Ok(())
        })?;
        read_log::late(tree, last.id, newest.id, |entry| add(&mut plans, entry))?;
    }
    let items = page.items.into_iter().map(|event| PlannedEvent { plan: plans.remove(&event.id), event });
    Ok(Page { items: items.collect(), next: page.next })
}

fn add(plans: &mut BTreeMap<EventId, Plan>, entry: LogEntry) {
    if let LogEntry::Plan(plan) = entry {
        plans.insert(plan.event, plan);
    }
}
