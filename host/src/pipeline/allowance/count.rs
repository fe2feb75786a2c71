//! The counts, and whether there is room in them. Not here: how they outlive this process (`tend`).

use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::RwLock;

use crate::domain::id::IdMap;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::domain::workspace_limits::EventLimit;
use crate::domain::workspace_limits::Month;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::pipeline::OverLimit;
use crate::rules::rate::Rate;

/// Those of all workspaces that took something in since the start, or this month.
#[derive(Debug, Default)]
pub(crate) struct Allowances(RwLock<IdMap<WorkspaceId, SharedCount>>);

pub(super) type SharedCount = Arc<Mutex<Count>>;

/// What a workspace took in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    rate: Rate,
    pub(super) month: Month,
    /// When it is over.
    pub(super) ends: Timestamp,
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// Whether it is more than is written down.
    pub(super) is_changed: bool,
}

/// What a workspace took in this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowanceUsed {
    /// Events.
    pub events: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// When it begins anew.
    pub resets_at: Timestamp,
}

/// Room that was taken; given back unless it is kept.
#[derive(Debug)]
#[must_use]
pub(crate) struct AllowanceTaken {
    count: SharedCount,
    events: u64,
    bytes: u64,
    per_second: Option<u64>,
}

impl AllowanceTaken {
    /// Counts so much of a workspace, or says which limit it is over.
    pub(super) fn new(
        count: SharedCount,
        limits: &WorkspaceLimits,
        (events, bytes): (u64, u64),
        now: Timestamp,
    ) -> Result<Self, OverLimit> {
        count.lock().take(limits, events, bytes, now)?;
        Ok(Self { count, events, bytes, per_second: limits.events_per_second })
    }

    /// So much of it is used; the rest is given back.
    pub(crate) fn keep(mut self, events: u64, bytes: u64) {
        self.events = self.events.saturating_sub(events);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Drop for AllowanceTaken {
    fn drop(&mut self) {
        if self.events == 0 && self.bytes == 0 {
            return;
        }
        let mut count = self.count.lock();
        count.events = count.events.saturating_sub(self.events);
        count.bytes = count.bytes.saturating_sub(self.bytes);
        if let Some(per_second) = self.per_second {
            count.rate.give_back(self.events, per_second);
        }
    }
}

impl Count {
    /// Begins anew with each month.
    pub(super) fn turn_to(&mut self, now: Timestamp) {
        if now >= self.ends {
            let month = Month::of(now);
            *self = Self {
                rate: self.rate,
                month,
                ends: month.next().begin(),
                is_changed: true,
                ..Self::default()
            };
        }
    }

    /// Counts so much, if there is room for it.
    fn take(
        &mut self,
        limits: &WorkspaceLimits,
        events: u64,
        bytes: u64,
        now: Timestamp,
    ) -> Result<(), OverLimit> {
        self.turn_to(now);
        let of_month = [
            (EventLimit::EventsPerMonth, limits.events_per_month, self.events, events),
            (EventLimit::BytesPerMonth, limits.bytes_per_month, self.bytes, bytes),
        ];
        for (limit, most, used, more) in of_month {
            if let Some(most) = most.filter(|most| used.saturating_add(more) > *most) {
                let until = format!(
                    "it has taken {used} in {} and takes more from {} on, or once its limit is raised",
                    self.month, self.ends
                );
                return Err(OverLimit { limit, most, until, retry_after_s: None });
            }
        }
        if let Some(per_second) = limits.events_per_second {
            self.rate.take(events, per_second, now).map_err(|wait| OverLimit {
                limit: EventLimit::EventsPerSecond,
                most: per_second,
                until: format!("try again in {} ms", wait.as_millis().max(1)),
                retry_after_s: Some(wait.as_secs().saturating_add(1)),
            })?;
        }
        (self.events, self.bytes) = (self.events.saturating_add(events), self.bytes.saturating_add(bytes));
        self.is_changed = true;
        Ok(())
    }
}

impl Allowances {
    pub(super) fn of(&self, workspace: WorkspaceId) -> SharedCount {
        if let Some(found) = self.0.read().get(&workspace) {
            return found.clone();
        }
        self.0.write().entry(workspace).or_default().clone()
    }

    /// Those that are not written down, as they are now.
    pub(super) fn take_changed(&self) -> Vec<(WorkspaceId, Count)> {
        let take = |(workspace, count): (&WorkspaceId, &SharedCount)| {
            let mut count = count.lock();
            std::mem::take(&mut count.is_changed).then(|| (*workspace, *count))
        };
        self.0.read().iter().filter_map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_used_up_and_the_next_one_is_not() {
        let limits = WorkspaceLimits {
            events_per_month: Some(2),
            bytes_per_month: Some(100),
            ..WorkspaceLimits::default()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (november, december) = (at("2026-11-30T23:59:59Z"), at("2026-12-01T00:00:00Z"));
        let mut count = Count::default();
        assert_eq!(count.take(&limits, 1, 101, november).unwrap_err().limit, EventLimit::BytesPerMonth);
        count.take(&limits, 2, 50, november).unwrap();
        let over = count.take(&limits, 1, 1, november).unwrap_err();
        assert_eq!((over.limit, over.most, over.retry_after_s), (EventLimit::EventsPerMonth, 2, None));
        assert!(over.to_string().contains("2026-12-01"), "{over}");
        count.take(&limits, 1, 1, december).unwrap();
        assert_eq!((count.events, count.bytes), (1, 1));
    }

    #[test]
    fn what_is_not_used_is_given_back() {
        let count = SharedCount::default();
        let limits = WorkspaceLimits { events_per_second: Some(1), ..WorkspaceLimits::default() };
        for _ in 0..3 {
            drop(AllowanceTaken::new(count.clone(), &limits, (1, 7), Timestamp::from_millis(5000)).unwrap());
        }
        let counted = *count.lock();
        assert_eq!((counted.events, counted.bytes), (0, 0));
    }
}
