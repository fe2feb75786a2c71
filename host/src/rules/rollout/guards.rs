//! Whether a canary may go on, from what was counted of it.

use std::fmt;

use crate::domain::rollout::Figures;
use crate::domain::rollout::Guards;
use crate::domain::rollout::Times;

/// Times that differ by less make no difference to anybody, whatever their ratio.
const TIME_SLACK_US: u64 = 1000;

/// A guard that does not hold. The text form is for people and has the figures.
#[derive(Clone, Debug, PartialEq)]
pub enum Breach {
    /// It failed again and again.
    ErrorsInRow {
        /// How often.
        errors: u32,
    },
    /// It fails too often.
    Errors {
        /// On so many events where the active version does not.
        errors: u64,
        /// Of so many.
        events: u64,
        /// Percent that are allowed.
        most: f64,
    },
    /// It takes too long.
    Time {
        /// Its time, microseconds.
        version_us: u64,
        /// The active version's.
        active_us: u64,
        /// So many times that is allowed.
        most: f64,
    },
    /// It does too much otherwise.
    Changed {
        /// So many results are others.
        changed: u64,
        /// Of so many that were compared.
        compared: u64,
        /// Percent that are allowed.
        most: f64,
    },
}

/// The first guard that does not hold. Ratios count from `events_min` on, each over what it is a ratio of.
pub fn judge(guards: &Guards, figures: &Figures) -> Option<Breach> {
    if figures.errors_in_row >= guards.errors_in_row_max {
        return Some(Breach::ErrorsInRow { errors: figures.errors_in_row });
    }
    let enough = |count: u64| count >= guards.events_min.max(1);
    let beyond = |part: u64, whole: u64, most: f64| enough(whole) && percent(part, whole) > most;
    let &Figures { events, errors, compared, changed, .. } = figures;
    if beyond(errors, events, guards.errors_percent_max) {
        return Some(Breach::Errors { errors, events, most: guards.errors_percent_max });
    }
    if let Some(most) = guards.time_factor_max
        && enough(figures.version.count)
        && enough(figures.active.count)
        && is_slower(figures.version, figures.active, most)
    {
        let (version_us, active_us) = (figures.version.p95_us, figures.active.p95_us);
        return Some(Breach::Time { version_us, active_us, most });
    }
    let most = guards.changed_percent_max?;
    beyond(changed, compared, most).then_some(Breach::Changed { changed, compared, most })
}

fn is_slower(version: Times, active: Times, most: f64) -> bool {
    let slack = version.p95_us.saturating_sub(active.p95_us) >= TIME_SLACK_US;
    slack && version.p95_us as f64 > active.p95_us as f64 * most
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorsInRow { errors } => {
                write!(f, "it failed on {errors} events in a row that the active version did not fail on")
            }
            Self::Errors { errors, events, most } => write!(
                f,
                "it failed on {errors} of {events} events ({:.1} %) that the active version did not fail on; at most {most} % are allowed",
                percent(*errors, *events)
            ),
            Self::Time { version_us, active_us, most } => write!(
                f,
                "95 in a hundred events took it up to {version_us} µs of CPU, and the active version {active_us} µs; at most {most} times that is allowed"
            ),
            Self::Changed { changed, compared, most } => write!(
                f,
                "{changed} of {compared} events ({:.1} %) came to another result than with the active version; at most {most} % are allowed",
                percent(*changed, *compared)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(events: u64, errors: u64, errors_in_row: u32) -> Figures {
        Figures { events, errors, errors_in_row, ..Figures::default() }
    }

    fn timed(version: (u64, u64), active: (u64, u64)) -> Figures {
        let times = |(count, p95_us)| Times { count, p95_us };
        Figures { version: times(version), active: times(active), ..figures(version.0, 0, 0) }
    }

    fn compared(compared: u64, changed: u64) -> Figures {
        Figures { compared, changed, ..figures(compared, 0, 0) }
    }

    fn check(guards: &Guards, figures: &Figures, expected: &str) {
        let said = judge(guards, figures).map(|breach| breach.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && expected.is_empty() == said.is_empty(), "{figures:?}: {said}");
    }

    #[test]
    fn errors() {
        let guards = Guards::default();
        check(&guards, &figures(0, 0, 0), "");
        check(&guards, &figures(99, 4, 4), "");
        check(&guards, &figures(100, 1, 1), "");
        check(&guards, &figures(100, 2, 0), "failed on 2 of 100 events (2.0 %)");
        check(&guards, &figures(10_000, 100, 0), "");
        check(&guards, &figures(10_000, 101, 0), "failed on 101 of 10000 events (1.0 %)");
        check(&guards, &figures(5, 5, 5), "failed on 5 events in a row");
        check(&guards, &figures(1_000_000, 5, 5), "failed on 5 events in a row");
        let strict = Guards { events_min: 1, errors_percent_max: 0.0, ..guards };
        check(&strict, &figures(1, 1, 1), "failed on 1 of 1 events (100.0 %)");
        check(&strict, &figures(1, 0, 0), "");
        let careless = Guards { errors_percent_max: 100.0, errors_in_row_max: u32::MAX, ..guards };
        check(&careless, &figures(1000, 1000, 1000), "");
    }

    #[test]
    fn times() {
        let guards = Guards::default();
        check(&guards, &timed((100, 9000), (100, 4000)), "took it up to 9000 µs");
        check(&guards, &timed((100, 8000), (100, 4000)), "");
        // A ratio of next to nothing.
        check(&guards, &timed((100, 60), (100, 20)), "");
        check(&guards, &timed((100, 1019), (100, 20)), "");
        check(&guards, &timed((100, 1020), (100, 20)), "active version 20 µs; at most 2 times");
        // Too few of either.
        check(&guards, &timed((99, 9000), (100, 400)), "");
        check(&guards, &timed((100, 9000), (99, 400)), "");
        let any = Guards { time_factor_max: None, ..guards };
        check(&any, &timed((100, 9_000_000), (100, 1)), "");
    }

    #[test]
    fn changed_results() {
        check(&Guards::default(), &compared(1000, 1000), "");
        let guards = Guards { changed_percent_max: Some(5.0), ..Guards::default() };
        check(&guards, &compared(99, 99), "");
        check(&guards, &compared(200, 10), "");
        check(&guards, &compared(200, 11), "11 of 200 events (5.5 %) came to another result");
        let none = Guards { changed_percent_max: Some(0.0), ..guards };
        check(&none, &compared(100, 1), "1 of 100");
    }
}
