//! What a comparison looks like: how far it is, what it counted, the groups of differences with
//! an example each. Not here: the operations (`comparisons`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::control::rollouts::Differing;
use crate::control::rollouts::Group;
use crate::control::rollouts::Tally;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::id::ComparisonId;
use crate::domain::id::ConnectionId;
use crate::domain::id::EventId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
use crate::insight::comparisons::Candidate;
use crate::insight::comparisons::Comparison;
use crate::insight::comparisons::ComparisonState;
use crate::shape::difference::Changes;
use crate::shape::difference::Class;
use crate::shape::difference::Outcome;

/// A version of a plugin that is tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedView {
    /// The plugin.
    pub name: String,
    /// The version.
    pub version: Digest,
}

/// What the events were compared with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BasesView {
    /// What was decided when they came in; payloads were made again and are proven to be those that were sent.
    pub sent: u64,
    /// What was decided when they came in, but the payloads made again are not those that were sent.
    pub unproven: u64,
    /// What the connection's present steps make of them: it had not taken them, or that is not kept.
    pub rerun: u64,
}

/// A comparison of stored events with what would be made of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparisonView {
    /// Its id.
    pub id: ComparisonId,
    /// Whose events.
    pub connection: ConnectionId,
    /// The version that is tried; null: other steps.
    #[schema(required = true)]
    pub plugin: Option<TriedView>,
    /// `queued`, `running`, `finished`, `cancelled` or `failed`.
    pub state: &'static str,
    /// Why it failed.
    #[schema(required = true)]
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its turn came.
    #[schema(required = true)]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[schema(required = true)]
    pub finished_at: Option<Timestamp>,
    /// At most so many events, the newest.
    pub last: u64,
    /// Received at this time or after.
    #[schema(required = true)]
    pub since: Option<Timestamp>,
    /// Received before this time.
    #[schema(required = true)]
    pub until: Option<Timestamp>,
    /// Whose type matches this pattern.
    #[schema(required = true)]
    pub event_type: Option<String>,
    /// Events compared.
    pub done: u64,
    /// Events a second.
    pub rate: u64,
    /// How many events are of each class: `same`, `changed`, `newly_dropped`, `newly_forwarded`, `newly_failing`, `mended`.
    pub counts: BTreeMap<&'static str, u64>,
    /// Events that are the same in meaning, in other bytes; counted as `same`.
    pub respelled: u64,
    /// What the events were compared with.
    pub compared_with: BasesView,
}

/// A place that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// A JSONPath with `[*]` for every element; or `payload`, `outputs`, `event type`, `content type`, `method`, `path`, `header x-name`, `failure`.
    pub place: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
}

/// What is delivered of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutputView {
    /// The payload as JSON or text, cut to 8 KiB; null when it is neither.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// The payload, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
    /// The event's type then.
    pub event_type: String,
    /// Headers the steps added.
    pub headers: Vec<HeaderView>,
}

/// What became, or would become, of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutcomeView {
    /// `forwarded`, `dropped` or `failed`.
    pub outcome: &'static str,
    /// Why it was dropped, or the code of the failure.
    #[schema(required = true)]
    pub why: Option<String>,
    /// What is delivered; at most three.
    pub outputs: Vec<OutputView>,
}

/// One event before and after.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExampleView {
    /// Which.
    pub event: EventId,
    /// What became of it.
    pub before: OutcomeView,
    /// What would become of it.
    pub after: OutcomeView,
}

/// Events that differ in the same way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupView {
    /// Its number, which the list of differences refers to.
    pub group: u64,
    /// The class of all of them.
    pub class: &'static str,
    /// What changed in all of them.
    pub changes: Vec<ChangeView>,
    /// Whether more changed than is told.
    pub more_changes: bool,
    /// Why they are (or were) dropped, or fail.
    #[schema(required = true)]
    pub why: Option<String>,
    /// How many.
    pub count: u64,
    /// Ten of them: the newest, or those that were met first on live events.
    pub events: Vec<EventId>,
    /// The first of these, in full.
    pub example: ExampleView,
}

/// What a comparison, or a rollout, found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundView {
    /// Differences by what they have in common, the largest group first; at most 200.
    pub groups: Vec<GroupView>,
    /// Events that differ and fit in none of these groups.
    pub ungrouped: u64,
}

/// An event that differs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    /// Which.
    pub event: EventId,
    /// How.
    pub class: &'static str,
    /// The number of its group; null if there are too many groups.
    #[schema(required = true)]
    pub group: Option<u64>,
    /// What changed.
    pub changes: Vec<ChangeView>,
    /// Why it is (or was) dropped, or fails.
    #[schema(required = true)]
    pub why: Option<String>,
}

/// How far it is.
pub(in crate::http::api) fn show(job: &Comparison, now: Timestamp) -> ComparisonView {
    let (order, progress) = (&job.order, job.progress());
    let plugin = match &order.candidate {
        Candidate::Version { name, digest } => Some(TriedView { name: name.clone(), version: *digest }),
        Candidate::Steps => None,
    };
    let error = match &progress.state {
        ComparisonState::Failed(detail) => Some(detail.clone()),
        _ => None,
    };
    let until = progress.finished_at.unwrap_or(now);
    let millis = progress.started_at.map_or(0, |started| until.since(started).as_millis()).max(1);
    let counts = Class::ALL.into_iter().map(|class| (class.name(), progress.tally.count(class)));
    ComparisonView {
        id: job.id,
        connection: order.connection.id,
        plugin,
        state: progress.state.name(),
        error,
        created_at: job.created_at,
        started_at: progress.started_at,
        finished_at: progress.finished_at,
        last: order.last,
        since: order.since,
        until: order.until,
        event_type: order.event_type.clone(),
        done: progress.done,
        rate: u64::try_from(u128::from(progress.done) * 1000 / millis).unwrap_or(u64::MAX),
        counts: counts.collect(),
        respelled: progress.tally.respelled,
        compared_with: BasesView {
            sent: progress.bases.sent,
            unproven: progress.bases.unproven,
            rerun: progress.bases.rerun,
        },
    }
}

/// What it found.
pub(in crate::http::api) fn found(job: &Comparison) -> FoundView {
    found_in(&job.progress().tally)
}

/// The groups of differences.
pub(in crate::http::api) fn found_in(tally: &Tally) -> FoundView {
    let mut groups: Vec<GroupView> = (0..).zip(&tally.groups).map(|(at, found)| group(at, found)).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    let grouped: u64 = groups.iter().map(|group| group.count).sum();
    FoundView { groups, ungrouped: tally.differing().saturating_sub(grouped) }
}

/// One event that differs.
pub(in crate::http::api) fn difference(tally: &Tally, differing: &Differing) -> DifferenceView {
    let group = differing.group.and_then(|at| tally.groups.get(at as usize));
    DifferenceView {
        event: differing.event,
        class: differing.class.name(),
        group: differing.group.map(u64::from),
        changes: group.map(|group| changes(&group.changes)).unwrap_or_default(),
        why: group.and_then(|group| group.why.clone()),
    }
}

fn group(at: u64, found: &Group) -> GroupView {
    GroupView {
        group: at,
        class: found.class.name(),
        changes: changes(&found.changes),
        more_changes: found.changes.more,
        why: found.why.clone(),
        count: found.count,
        events: found.examples.clone(),
        example: ExampleView {
            event: found.first.event,
            before: outcome(&found.first.before),
            after: outcome(&found.first.after),
        },
    }
}

fn changes(changes: &Changes) -> Vec<ChangeView> {
    let view = |change: &crate::shape::difference::PlaceChange| ChangeView {
        place: change.place.clone(),
        kind: change.kind.name(),
    };
    changes.places.iter().map(view).collect()
}

fn outcome(outcome: &Outcome) -> OutcomeView {
    let (name, why, outputs) = match outcome {
        Outcome::Forwarded(made) => ("forwarded", None, made.iter().map(output).collect()),
        Outcome::Dropped(why) => ("dropped", Some(why.clone()), Vec::new()),
        Outcome::Failed(code) => ("failed", Some(code.clone()), Vec::new()),
    };
    OutcomeView { outcome: name, why, outputs }
}

fn output(made: &DeliveryBytes) -> OutputView {
    let body = payload::show(&made.payload);
    OutputView {
        payload: body.payload,
        payload_base64: body.base64,
        event_type: made.event_type.clone(),
        headers: parts::headers_view(&made.headers),
    }
}
