//! What may be asked for: every fault of a request with its place. Not here: how it is read from JSON (`http`), whether
//! a rollout may begin now (`manage`).

use crate::control::resources::Faults;
use crate::domain::grant::Grants;
use crate::domain::plugin::Digest;
use crate::domain::rollout::Guards;
use crate::domain::rollout::RolloutKind;
use crate::domain::rollout::Share;

/// Events a guard can be made to wait for: more than that is never.
const EVENTS_MIN_MAX: u64 = 1_000_000;
/// The largest factor of times.
const FACTOR_MAX: f64 = 1000.0;

/// What the request gave, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct RolloutDraft {
    /// Whether it is a canary; else a shadow. `None`: it was not said, or unreadable.
    pub is_canary: Option<bool>,
    /// The version to try.
    pub version: Option<Digest>,
    /// Of the events.
    pub percent: Option<f64>,
    /// When to roll back.
    pub guards: Option<GuardsDraft>,
    /// What the version may use that steps do not grant yet.
    pub accept: Grants,
}

/// The guards that were given; of those that can be taken away, `Some(None)` does.
#[derive(Clone, Debug, Default)]
pub struct GuardsDraft {
    /// See [`Guards`].
    pub events_min: Option<u64>,
    /// See [`Guards`].
    pub errors_percent_max: Option<f64>,
    /// See [`Guards`].
    pub errors_in_row_max: Option<u32>,
    /// See [`Guards`].
    pub time_factor_max: Option<Option<f64>>,
    /// See [`Guards`].
    pub changed_percent_max: Option<Option<f64>>,
}

impl RolloutDraft {
    /// Canary or shadow, with its share and guards; faults are noted.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<(RolloutKind, Share)> {
        let Some(is_canary) = self.is_canary else {
            faults.missing("/kind", "say what it is: `canary` or `shadow`");
            return None;
        };
        let kind = if is_canary {
            RolloutKind::Canary(
                self.guards.as_ref().map_or_else(Guards::default, |given| given.check(faults)),
            )
        } else {
            if self.guards.is_some() {
                faults
                    .add("/guards", "a shadow delivers nothing, so it has nothing to guard; leave them out");
            }
            RolloutKind::Shadow
        };
        let share = match self.percent {
            Some(percent) => {
                Share::try_from(percent).map_err(|error| faults.add("/percent", error.to_string())).ok()
            }
            None if is_canary => {
                faults.missing("/percent", "say which share of the events the version gets, such as 10");
                None
            }
            None => Some(Share::ALL),
        };
        Some((kind, share?))
    }
}

impl GuardsDraft {
    fn check(&self, faults: &mut Faults) -> Guards {
        let usual = Guards::default();
        let guards = Guards {
            events_min: self.events_min.unwrap_or(usual.events_min),
            errors_percent_max: self.errors_percent_max.unwrap_or(usual.errors_percent_max),
            errors_in_row_max: self.errors_in_row_max.unwrap_or(usual.errors_in_row_max),
            time_factor_max: self.time_factor_max.unwrap_or(usual.time_factor_max),
            changed_percent_max: self.changed_percent_max.unwrap_or(usual.changed_percent_max),
        };
        let mut within = |name: &str, value: f64, least: f64, most: f64| {
            if !(least..=most).contains(&value) {
                faults.add(
                    format!("/guards/{name}"),
                    format!("expected a number from {least} to {most}, not {value}"),
                );
            }
        };
        within("events_min", guards.events_min as f64, 1.0, EVENTS_MIN_MAX as f64);
        within("errors_percent_max", guards.errors_percent_max, 0.0, 100.0);
        within("errors_in_row_max", f64::from(guards.errors_in_row_max), 1.0, f64::from(u32::MAX));
        within("time_factor_max", guards.time_factor_max.unwrap_or(1.0), 1.0, FACTOR_MAX);
        within("changed_percent_max", guards.changed_percent_max.unwrap_or(0.0), 0.0, 100.0);
        guards
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::resources::ManageError;

    fn check(draft: &RolloutDraft, expected: &[&str]) {
        let mut faults = Faults::of("rollout", Vec::new());
        let made = draft.check(&mut faults);
        let found = match faults.done() {
            Err(ManageError::Invalid { faults, .. }) => faults,
            _ => Vec::new(),
        };
        let pointers: Vec<&str> = found.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{draft:?}");
        assert!(made.is_some() || !expected.is_empty(), "{draft:?}");
    }

    #[test]
    fn every_fault_at_once() {
        let canary = RolloutDraft { is_canary: Some(true), percent: Some(0.1), ..RolloutDraft::default() };
        let shadow = RolloutDraft { is_canary: Some(false), ..RolloutDraft::default() };
        check(&canary, &[]);
        check(&shadow, &[]);
        check(&RolloutDraft::default(), &["/kind"]);
        check(&RolloutDraft { percent: None, ..canary.clone() }, &["/percent"]);
        let guards = GuardsDraft {
            events_min: Some(0),
            errors_percent_max: Some(100.1),
            errors_in_row_max: Some(0),
            time_factor_max: Some(Some(0.5)),
            changed_percent_max: Some(Some(-1.0)),
        };
        let wrong = RolloutDraft { guards: Some(guards), percent: Some(0.0), ..canary.clone() };
        let names = [
            "events_min",
            "errors_percent_max",
            "errors_in_row_max",
            "time_factor_max",
            "changed_percent_max",
        ];
        let pointers: Vec<String> = names.iter().map(|name| format!("/guards/{name}")).collect();
        let expected: Vec<&str> = pointers.iter().map(String::as_str).chain(["/percent"]).collect();
        check(&wrong, &expected);
        let none = GuardsDraft { time_factor_max: Some(None), ..GuardsDraft::default() };
        check(&RolloutDraft { guards: Some(none.clone()), ..canary }, &[]);
        check(&RolloutDraft { guards: Some(none), ..shadow }, &["/guards"]);
    }
}
