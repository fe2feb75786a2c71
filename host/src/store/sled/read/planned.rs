//! Lists events with their plans: a page of events, then one walk through the log from the oldest
//! of them on. Not here: either walk (`events`, `log`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sled::Tree;

use crate::domain::id::EventId;
use crate::domain::plan::Plan;
use crate::store::EventQuery;
use crate::store::LogEntry;
use crate::store::Page;
use crate::store::PlannedEvent;
use crate::store::sled::fault::SledFault;
use crate::store::sled::read::events;
use crate::store::sled::read::log;

/// A list of events with their plans, newest first.
pub(crate) fn list(tree: &Tree, query: &EventQuery) -> Result<Page<PlannedEvent, EventId>, SledFault> {
    let (page, oldest) = events::list_from(tree, query)?;
    let mut plans = BTreeMap::new();
    if let (Some(newest), Some(last)) = (page.items.first(), page.items.last()) {
        let wanted: BTreeSet<EventId> = page.items.iter().map(|event| event.id).collect();
        // A plan that was made again replaces the one before.
        log::follow_rows(tree, oldest, &wanted, |row| {
            if row.is_plan() {
                add(&mut plans, row.entry()?);
            }
            Ok(())
        })?;
        log::late(tree, last.id, newest.id, |entry| add(&mut plans, entry))?;
    }
    let items = page.items.into_iter().map(|event| PlannedEvent { plan: plans.remove(&event.id), event });
    Ok(Page { items: items.collect(), next: page.next })
}

fn add(plans: &mut BTreeMap<EventId, Plan>, entry: LogEntry) {
    if let LogEntry::Plan(plan) = entry {
        plans.insert(plan.event, plan);
    }
}
