//! Rollouts: a version of a plugin tried on live events before it is the active one. What was asked for, what was
//! counted, how it ended. Not here: when it has to end (`rules::rollout`), how it is run (`pipeline::steps`).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::RolloutId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;

/// A share of the events: 0.1 to 100 percent, in steps of 0.1. In JSON the number of percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(u16);

/// No share of the events can be that.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("expected a number of percent from 0.1 to 100, with at most one decimal place, not {0}")]
pub struct BadShare(f64);

impl Share {
    /// Every event.
    pub const ALL: Self = Self(1000);

    /// Of a thousand events, so many: 1 to 1000.
    pub const fn per_thousand(self) -> u16 {
        self.0
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl TryFrom<f64> for Share {
    type Error = BadShare;

    fn try_from(percent: f64) -> Result<Self, BadShare> {
        let tenths = (percent * 10.0).round();
        let exact = (tenths - percent * 10.0).abs() < 1e-6;
        if exact && (1.0..=1000.0).contains(&tenths) {
            Ok(Self(tenths as u16))
        } else {
            Err(BadShare(percent))
        }
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.percent()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

/// When a canary is rolled back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guards {
    /// Events the version must have had before a ratio counts.
    pub events_min: u64,
    /// Percent of its events it may fail on where the active version does not.
    pub errors_percent_max: f64,
    /// So many of those in a row are too many, whatever the ratio.
    pub errors_in_row_max: u32,
    /// So many times the active version's CPU time its own may be, both at the 95th percentile; `None`: any.
    pub time_factor_max: Option<f64>,
    /// Percent of the compared events that may come to another result; `None`: any.
    pub changed_percent_max: Option<f64>,
}

impl Default for Guards {
    /// - 100 events: one failure among fewer says little of how often it fails.
    /// - 1 % errors: only those count that the active version does not have, so a good version has none; a few odd
    ///   events are forgiven, one failure in fifty is found within some hundred events.
    /// - 5 in a row: by chance that happens to a version which fails on one in a hundred once in ten thousand
    ///   million times; to one that is broken, at once.
    /// - Twice the time: less is often the price of a new feature; more is a mistake in most cases.
    /// - Another result is what most new versions are for.
    fn default() -> Self {
        Self {
            events_min: 100,
            errors_percent_max: 1.0,
            errors_in_row_max: 5,
            time_factor_max: Some(2.0),
            changed_percent_max: None,
        }
    }
}

/// How a version is tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutKind {
    /// What it makes of its share of the events is delivered, as long as its guards hold.
    Canary(Guards),
    /// What it makes is compared with what the active version made, and thrown away.
    Shadow,
}

impl RolloutKind {
    /// The name in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Canary(_) => "canary",
            Self::Shadow => "shadow",
        }
    }
}

/// A rollout as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its id.
    pub id: RolloutId,
    /// Canary or shadow.
    pub kind: RolloutKind,
    /// The version that is tried.
    pub version: Digest,
    /// The active version, which it is compared with. Another one ends the rollout.
    pub active: Digest,
    /// Of the events of steps that follow the active version.
    pub share: Share,
    /// When.
    pub started_at: Timestamp,
    /// With which key.
    pub started_by: KeyId,
}

/// How a rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloutEnd {
    /// A guard did not hold.
    RolledBack,
    /// The version is the active one now.
    Promoted,
    /// Somebody ended it.
    Cancelled,
}

impl RolloutEnd {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RolledBack => "rolled_back",
            Self::Promoted => "promoted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// CPU times of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// 95 in a hundred took at most so long, microseconds.
    pub p95_us: u64,
}

/// What was counted of a rollout since it began, or since the gateway was started last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Events the version was run on.
    pub events: u64,
    /// Of these, those it failed on (a fault or a refusal) and the active version did not.
    pub errors: u64,
    /// How many of those there were in a row, up to now.
    pub errors_in_row: u32,
    /// Events on which both versions were run and none failed alone.
    pub compared: u64,
    /// Of these, those that came to another result.
    pub changed: u64,
    /// Events that were not compared, because there were too many at a time.
    pub skipped: u64,
    /// The version's times.
    pub version: Times,
    /// The active version's.
    pub active: Times,
    /// How many events are of each class of difference, by the classes' names in the API.
    pub classes: BTreeMap<String, u64>,
}

/// An event that shows what was wrong, or other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutExample {
    /// Which.
    pub event: EventId,
    /// The code of the version's fault, or the class of the difference.
    pub what: String,
    /// The fault in words, bounded.
    pub detail: Option<String>,
    /// Places that changed, such as `~$.score`, `+$.added`, `-$.removed`; bounded.
    pub changes: Vec<String>,
}

/// A rollout that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndedRollout {
    /// As it was asked for.
    pub rollout: Rollout,
    /// How it ended.
    pub end: RolloutEnd,
    /// Why, with figures.
    pub reason: String,
    /// When.
    pub ended_at: Timestamp,
    /// What was counted.
    pub figures: Figures,
    /// At most ten.
    pub examples: Vec<RolloutExample>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        for (percent, expected) in [
            (0.1, Some(1)),
            (10.0, Some(100)),
            (33.3, Some(333)),
            (100.0, Some(1000)),
            (0.0, None),
            (0.05, None),
            (33.33, None),
            (100.1, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(Share::try_from(percent).ok().map(Share::per_thousand), expected, "{percent}");
        }
        assert_eq!(serde_json::to_string(&Share(5)).unwrap(), "0.5");
        assert_eq!(serde_json::from_str::<Share>("12.5").unwrap(), Share(125));
        assert!(serde_json::from_str::<Share>("0").is_err());
        assert_eq!((Share(5).to_string(), Share::ALL.to_string()), ("0.5 %".to_owned(), "100 %".to_owned()));
    }

    #[test]
    fn what_is_stored_comes_back() {
        let rollout = Rollout {
            id: RolloutId::from_bits(1),
            kind: RolloutKind::Canary(Guards::default()),
            version: Digest::from_bytes([1; 32]),
            active: Digest::from_bytes([2; 32]),
            share: Share(1),
            started_at: Timestamp::default(),
            started_by: KeyId::from_bits(2),
        };
        let ended = EndedRollout {
            rollout,
            end: RolloutEnd::RolledBack,
            reason: "x".to_owned(),
            ended_at: Timestamp::default(),
            figures: Figures::default(),
            examples: Vec::new(),
        };
        let stored = serde_json::to_string(&ended).unwrap();
        assert_eq!(serde_json::from_str::<EndedRollout>(&stored).unwrap(), ended, "{stored}");
    }
}
