//! What is counted of one rollout while it runs. Not here: what the figures mean (`rules::rollout`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::control::rollouts::tally::Group;
use crate::control::rollouts::tally::Tally;
use crate::domain::id::EventId;
use crate::domain::rollout::Figures;
use crate::domain::rollout::RolloutExample;
use crate::domain::rollout::Times;
use crate::shape::difference::ChangeKind;
use crate::shape::difference::Class;
use crate::shape::difference::Outcome;
use crate::shape::difference::PlaceChange;
use crate::shape::difference::compare;

/// Examples kept with a rollout that is over.
const EXAMPLES_MAX: usize = 10;
/// Characters of a fault's words, and places that changed, in each of them.
const DETAIL_CHARS: usize = 300;
const PLACES_MAX: usize = 8;
/// The longest time told apart: a minute, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// How a step failed, before its error policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFault {
    /// The stable name.
    pub code: String,
    /// In words.
    pub detail: String,
}

/// The counts of one rollout. All events share them, so they are held for microseconds.
#[derive(Debug, Default)]
pub struct Watch {
    counts: Mutex<Counts>,
    over: AtomicBool,
}

/// Everything counted so far.
#[derive(Debug, Default)]
pub struct Counts {
    events: u64,
    errors: u64,
    errors_in_row: u32,
    compared: u64,
    changed: u64,
    skipped: u64,
    version: Spread,
    active: Spread,
    failed: Vec<RolloutExample>,
    /// Differences, grouped.
    pub tally: Tally,
}

/// What was counted at one moment.
#[derive(Clone, Debug)]
pub struct RolloutSummary {
    /// Everything in figures.
    pub figures: Figures,
    /// Events that tell what went wrong.
    pub examples: Vec<RolloutExample>,
}

/// CPU times, within 1 %.
struct Spread(Histogram<u32>);

impl Default for Spread {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 2);
        Self(histogram.expect("the bounds are constants hdrhistogram takes"))
    }
}

impl fmt::Debug for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.times())
    }
}

impl Spread {
    fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    fn times(&self) -> Times {
        Times { count: self.0.len(), p95_us: self.0.value_at_quantile(0.95) }
    }
}

impl Watch {
    /// What was counted. Hold it briefly: events wait.
    pub fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }

    /// Whether this is the first to say that the rollout must end.
    pub(crate) fn ends(&self) -> bool {
        !self.over.swap(true, Ordering::Relaxed)
    }

    /// It could not be ended; whoever finds a reason next may try again.
    pub(crate) fn goes_on(&self) {
        self.over.store(false, Ordering::Relaxed);
    }
}

impl Counts {
    /// The version answered.
    pub(crate) fn ran(&mut self, cpu: Duration) {
        self.events += 1;
        self.errors_in_row = 0;
        self.version.add(cpu);
    }

    /// The version failed on an event of which the active one made this.
    pub(crate) fn failed(&mut self, event: EventId, fault: &StepFault, cpu: Duration, active: &Outcome) {
        self.events += 1;
        self.version.add(cpu);
        if self.differ(event, active, &Outcome::Failed(fault.code.clone())) != Class::NewlyFailing {
            return;
        }
        self.errors += 1;
        self.errors_in_row = self.errors_in_row.saturating_add(1);
        if self.failed.len() < EXAMPLES_MAX {
            self.failed.push(fault_example(event, fault));
        }
    }

    /// The active version took so long.
    pub(crate) fn active_ran(&mut self, cpu: Duration) {
        self.active.add(cpu);
    }

    /// The version answered, and this is what both came to.
    pub(crate) fn compared(&mut self, event: EventId, active: &Outcome, version: &Outcome) {
        self.differ(event, active, version);
    }

    /// There was no room to compare an event.
    pub(crate) fn skipped(&mut self) {
        self.skipped += 1;
    }

    fn differ(&mut self, event: EventId, active: &Outcome, version: &Outcome) -> Class {
        let difference = compare(active, version);
        self.tally.count_in(event, &difference, active, version);
        if difference.class != Class::NewlyFailing {
            self.compared += 1;
            self.changed += u64::from(difference.class != Class::Same);
        }
        difference.class
    }

    /// Everything in figures.
    pub fn figures(&self) -> Figures {
        let classes = Class::ALL.map(|class| (class.name().to_owned(), self.tally.count(class)));
        Figures { classes: classes.into_iter().collect(), ..self.measured() }
    }

    /// What is kept of a rollout that is over.
    pub fn seen(&self) -> RolloutSummary {
        RolloutSummary { figures: self.figures(), examples: self.examples() }
    }

    /// What guards look at: everything but the classes.
    pub(crate) fn measured(&self) -> Figures {
        Figures {
            events: self.events,
            errors: self.errors,
            errors_in_row: self.errors_in_row,
            compared: self.compared,
            changed: self.changed,
            skipped: self.skipped,
            version: self.version.times(),
            active: self.active.times(),
            classes: BTreeMap::new(),
        }
    }

    /// The first events it failed on, then others that differ; at most ten.
    pub fn examples(&self) -> Vec<RolloutExample> {
        let others = self.tally.groups.iter().filter(|group| group.class != Class::NewlyFailing);
        let others = others.flat_map(|group| group.examples.iter().map(|event| example(*event, group)));
        self.failed.iter().cloned().chain(others).take(EXAMPLES_MAX).collect()
    }
}

fn fault_example(event: EventId, fault: &StepFault) -> RolloutExample {
    let detail = fault.detail.chars().take(DETAIL_CHARS).collect();
    RolloutExample { event, what: fault.code.clone(), detail: Some(detail), changes: Vec::new() }
}

fn example(event: EventId, group: &Group) -> RolloutExample {
    let detail = group.why.as_ref().map(|why| why.chars().take(DETAIL_CHARS).collect());
    let changes = group.changes.places.iter().take(PLACES_MAX).map(place).collect();
    RolloutExample { event, what: group.class.name().to_owned(), detail, changes }
}

fn place(change: &PlaceChange) -> String {
    let sign = match change.kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '~',
    };
    format!("{sign}{}", change.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(payload: &'static str) -> Outcome {
        Outcome::Forwarded(vec![crate::domain::delivery::DeliveryBytes {
            event_type: String::new(),
            content_type: "application/json".to_owned(),
            headers: crate::domain::event::Headers::default(),
            method: None,
            path: None,
            payload: payload.as_bytes().into(),
        }])
    }

    #[test]
    fn only_what_the_active_version_does_not_have_is_an_error() {
        let mut counts = Counts::default();
        let fault = StepFault { code: "trapped".to_owned(), detail: "x".repeat(1000) };
        let ms = Duration::from_millis;
        let event = EventId::from_bits;
        for number in 1..=12 {
            counts.failed(event(number), &fault, ms(2), &sent("1"));
        }
        counts.failed(event(13), &fault, ms(2), &Outcome::Failed("refused".to_owned()));
        let figures = counts.figures();
        assert_eq!((figures.events, figures.errors, figures.errors_in_row), (13, 12, 12));
        counts.ran(ms(1));
        counts.compared(event(14), &sent("1"), &sent("1.0"));
        counts.compared(event(15), &sent("1"), &sent(" 1"));
        counts.active_ran(ms(4));
        counts.skipped();
        let figures = counts.figures();
        assert_eq!((figures.events, figures.errors, figures.errors_in_row), (14, 12, 0));
        assert_eq!((figures.compared, figures.changed, figures.skipped), (3, 2, 1));
        assert_eq!((figures.classes["newly_failing"], figures.classes["changed"]), (12, 2));
        assert_eq!((figures.version.count, figures.active.count), (14, 1));
        assert!((3950..=4050).contains(&figures.active.p95_us), "{figures:?}");
        let examples = counts.examples();
        assert_eq!(
            (examples.len(), &examples[0].event, examples[0].what.as_str()),
            (10, &event(1), "trapped")
        );
        assert_eq!(examples[0].detail.as_ref().unwrap().len(), DETAIL_CHARS);
    }

    #[test]
    fn what_changed_is_an_example_too() {
        let mut counts = Counts::default();
        counts.compared(EventId::from_bits(1), &sent(r#"{"a":1,"b":2}"#), &sent(r#"{"a":2,"c":2}"#));
        counts.compared(EventId::from_bits(2), &sent("1"), &Outcome::Dropped("low".to_owned()));
        let told: Vec<_> =
            counts.examples().into_iter().map(|one| (one.what, one.detail, one.changes.join(" "))).collect();
        let changed = ("changed".to_owned(), None, "~$.a -$.b +$.c".to_owned());
        let dropped = ("newly_dropped".to_owned(), Some("low".to_owned()), String::new());
        assert_eq!(told, [changed, dropped]);
    }

    #[test]
    fn one_ends_it() {
        let watch = Watch::default();
        assert!(watch.ends() && !watch.ends());
        watch.goes_on();
        assert!(watch.ends());
    }
}
