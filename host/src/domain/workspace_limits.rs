//! What a workspace may have and use, where its operator bounds it: counts of what is set up, events in time, for how long
//! they are kept. Not here: the server's own limits, which hold for all (`control::limits`), holding to these
//! (`control::room`, `pipeline::allowance`, `worker::sweep`).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::time::Timestamp;
use crate::domain::workspace_features::WorkspaceFeature;
use crate::domain::workspace_features::WorkspaceFeatures;

/// Bounds, whole numbers; what is not given, or null, is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkspaceLimits {
    /// Sources, those of tables among them.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub sources: Option<u64>,
    /// Destinations, those of tables among them.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub destinations: Option<u64>,
    /// Connections, those of tables among them.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub connections: Option<u64>,
    /// Tables.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub tables: Option<u64>,
    /// Rows of a table.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub table_rows: Option<u64>,
    /// Plugins; 0 turns them off.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub plugins: Option<u64>,
    /// Events taken in a second.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub events_per_second: Option<u64>,
    /// Events taken in a calendar month of UTC.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub events_per_month: Option<u64>,
    /// Bytes of their bodies.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    pub bytes_per_month: Option<u64>,
    /// Days for which events and what became of them are kept, where the server would keep them longer. What is not done
    /// yet stays.
    #[schema(minimum = 1, maximum = 9007199254740991u64)]
    pub retention_days: Option<u64>,
    /// Which parts of the product it may use. What uses one already goes on.
    pub features: Option<WorkspaceFeatures>,
}

impl WorkspaceLimits {
    /// These, and where they say nothing, those.
    #[must_use]
    pub fn over(&self, those: &Self) -> Self {
        Self {
            sources: self.sources.or(those.sources),
            destinations: self.destinations.or(those.destinations),
            connections: self.connections.or(those.connections),
            tables: self.tables.or(those.tables),
            table_rows: self.table_rows.or(those.table_rows),
            plugins: self.plugins.or(those.plugins),
            events_per_second: self.events_per_second.or(those.events_per_second),
            events_per_month: self.events_per_month.or(those.events_per_month),
            bytes_per_month: self.bytes_per_month.or(those.bytes_per_month),
            retention_days: self.retention_days.or(those.retention_days),
            features: match (self.features, those.features) {
                (Some(own), Some(those)) => Some(own.over(&those)),
                (own, those) => own.or(those),
            },
        }
    }

    /// Whether a part of the product may be used.
    pub fn has(&self, feature: WorkspaceFeature) -> bool {
        self.features.unwrap_or_default().has(feature)
    }
}

/// A limit of what is taken in. The text form is its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventLimit {
    /// Events in a second.
    EventsPerSecond,
    /// Events in a month.
    EventsPerMonth,
    /// Bytes in a month.
    BytesPerMonth,
}

impl EventLimit {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventsPerSecond => "events_per_second",
            Self::EventsPerMonth => "events_per_month",
            Self::BytesPerMonth => "bytes_per_month",
        }
    }
}

impl fmt::Display for EventLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A calendar month of UTC, such as 2026-11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The one that an instant is in.
    pub fn of(at: Timestamp) -> Self {
        let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        let date = jiff::tz::Offset::UTC.to_datetime(instant).date();
        Self { year: date.year(), month: date.month() }
    }

    /// Its first instant.
    pub fn begin(self) -> Timestamp {
        let first = jiff::civil::Date::new(self.year, self.month, 1).unwrap_or_default();
        let instant = jiff::tz::Offset::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(instant.as_millisecond()).unwrap_or_default())
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year.saturating_add(1), month: 1 },
            _ => Self { month: self.month + 1, ..self },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_follow_each_other() {
        let at: Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
        let month = Month::of(at);
        assert_eq!(month.to_string(), "2026-12");
        assert_eq!(month.begin().to_string(), "2026-12-01T00:00:00.000Z");
        assert_eq!(month.next().begin(), at.plus(std::time::Duration::from_millis(1)));
        assert_eq!(Month::of(Timestamp::default()).to_string(), "1970-01");
    }

    #[test]
    fn own_limits_stand_over_those_of_a_tier() {
        let own = WorkspaceLimits { sources: Some(9), ..WorkspaceLimits::default() };
        let tier = WorkspaceLimits { sources: Some(1), tables: Some(0), ..WorkspaceLimits::default() };
        let both = own.over(&tier);
        assert_eq!((both.sources, both.tables, both.plugins), (Some(9), Some(0), None));
        let off = |chains| WorkspaceFeatures { chains, batches: Some(false), ..WorkspaceFeatures::default() };
        let (own, tier) = (Some(off(Some(true))), Some(off(Some(false))));
        let own = WorkspaceLimits { features: own, ..WorkspaceLimits::default() };
        let both = own.over(&WorkspaceLimits { features: tier, ..WorkspaceLimits::default() });
        let of = [WorkspaceFeature::Chains, WorkspaceFeature::Batches, WorkspaceFeature::Alerts];
        assert_eq!(of.map(|feature| both.has(feature)), [true, false, true]);
    }
}
