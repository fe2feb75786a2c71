//! What became of an event on a connection, twice, and the class of the difference.
//! Not here: JSON values (`json`).

use std::collections::BTreeMap;

use crate::domain::delivery::DeliveryBytes;
use crate::shape::difference::change::ChangeKind;
use crate::shape::difference::change::Changes;
use crate::shape::difference::json;
use crate::shape::tape::Document;

/// What became of one event on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These deliveries were made; none counts as dropped.
    Forwarded(Vec<DeliveryBytes>),
    /// A step dropped it, and why, without what only this event has (so that reasons group).
    Dropped(String),
    /// A step failed, by the code of its fault.
    Failed(String),
}

/// The class of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The same goes out, or still nothing does.
    Same,
    /// Something else goes out; or it fails otherwise than before.
    Changed,
    /// It went out and is dropped now.
    NewlyDropped,
    /// It was dropped and goes out now.
    NewlyForwarded,
    /// It did not fail and does now.
    NewlyFailing,
    /// It failed and does not any more.
    Mended,
}

impl Class {
    /// Every class, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Same,
        Self::Changed,
        Self::NewlyDropped,
        Self::NewlyForwarded,
        Self::NewlyFailing,
        Self::Mended,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::NewlyDropped => "newly_dropped",
            Self::NewlyForwarded => "newly_forwarded",
            Self::NewlyFailing => "newly_failing",
            Self::Mended => "mended",
        }
    }
}

/// How two outcomes differ. Events with equal class, changes and why belong to one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its class.
    pub class: Class,
    /// What changed, if both times something went out.
    pub changes: Changes,
    /// Why it is dropped or fails now, or was or did before.
    pub why: Option<String>,
    /// The bytes are others though nothing changed: order, white space, spelling.
    pub respelled: bool,
}

const NOTHING: &str = "the last step forwarded nothing";

/// The two ends that are no delivery.
enum End<'o> {
    Out(&'o [DeliveryBytes]),
    Dropped(&'o str),
    Failed(&'o str),
}

fn end(outcome: &Outcome) -> End<'_> {
    match outcome {
        Outcome::Forwarded(made) if made.is_empty() => End::Dropped(NOTHING),
        Outcome::Forwarded(made) => End::Out(made),
        Outcome::Dropped(why) => End::Dropped(why),
        Outcome::Failed(code) => End::Failed(code),
    }
}

/// What differs between what was and what would be.
pub fn compare(before: &Outcome, after: &Outcome) -> Difference {
    let plain = |class, why: Option<&str>| Difference {
        class,
        changes: Changes::default(),
        why: why.map(str::to_owned),
        respelled: false,
    };
    match (end(before), end(after)) {
        (End::Out(before), End::Out(after)) => of_outputs(before, after),
        // Nothing goes out either way; the words for it are no difference to a receiver.
        (End::Dropped(_), End::Dropped(_)) => plain(Class::Same, None),
        (End::Failed(before), End::Failed(after)) if before == after => plain(Class::Same, None),
        (End::Failed(_), End::Failed(after)) => {
            let mut difference = plain(Class::Changed, Some(after));
            difference.changes.add("failure", ChangeKind::Changed);
            difference
        }
        (End::Out(_), End::Dropped(why)) => plain(Class::NewlyDropped, Some(why)),
        (End::Dropped(why), End::Out(_)) => plain(Class::NewlyForwarded, Some(why)),
        (_, End::Failed(code)) => plain(Class::NewlyFailing, Some(code)),
        (End::Failed(code), _) => plain(Class::Mended, Some(code)),
    }
}

fn of_outputs(before: &[DeliveryBytes], after: &[DeliveryBytes]) -> Difference {
    let mut changes = Changes::default();
    let mut respelled = false;
    let (old, new) = match before.len() == after.len() {
        true => (before, after),
        false => json::middle(before, after, |one, two| one == two),
    };
    for (was, is) in old.iter().zip(new) {
        respelled |= of_output(was, is, &mut changes);
    }
    if before.len() != after.len() {
        let kind = if before.len() < after.len() { ChangeKind::Added } else { ChangeKind::Removed };
        changes.add("outputs", kind);
    }
    let class = if changes.is_empty() { Class::Same } else { Class::Changed };
    Difference { class, respelled: respelled && class == Class::Same, changes, why: None }
}

/// Answers whether the payloads mean the same in other bytes.
fn of_output(was: &DeliveryBytes, is: &DeliveryBytes, changes: &mut Changes) -> bool {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    changes.add_unless_equal("event type", &text(&was.event_type), &text(&is.event_type));
    changes.add_unless_equal("content type", &text(&was.content_type), &text(&is.content_type));
    changes.add_unless_equal("method", &was.method, &is.method);
    changes.add_unless_equal("path", &was.path, &is.path);
    if was.headers != is.headers {
        let (before, after) = (values(was), values(is));
        let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            changes.add_unless_equal(&format!("header {name}"), &before.get(name), &after.get(name));
        }
    }
    was.payload != is.payload && payload(&was.payload, &is.payload, changes)
}

/// The values of each header, in their order.
fn values(made: &DeliveryBytes) -> BTreeMap<String, Vec<&str>> {
    let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, value) in &made.headers.0 {
        values.entry(name.to_ascii_lowercase()).or_default().push(value);
    }
    values
}

fn payload(was: &[u8], is: &[u8], changes: &mut Changes) -> bool {
    let (Ok(before), Ok(after)) = (Document::parse(was), Document::parse(is)) else {
        changes.add("payload", ChangeKind::Changed);
        return false;
    };
    let known = changes.places.len();
    json::differ(before.root(), after.root(), &mut "$".to_owned(), changes);
    changes.places.len() == known
}
