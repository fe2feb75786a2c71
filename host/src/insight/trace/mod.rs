//! The story of one event: each decision in order with its reason. Read from the event, its plan
//! and its attempts; what routing decided is decided again, under the event's own configuration.

mod entry;

pub use entry::FetchEntry;
pub use entry::Trace;
pub use entry::TraceEntry;

use crate::control::Unreadable;
use crate::control::snapshot::Snapshot;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::event::RequestLine;
use crate::domain::fetch::Fetch;
use crate::domain::fetch::FetchAnswer;
use crate::domain::fetch::FetchError;
use crate::domain::fetch::StepFetch;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::Note;
use crate::domain::plan::Noted;
use crate::domain::plan::Plan;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::insight::Insight;
use crate::pipeline::chain;
use crate::pipeline::plan::held;
use crate::rules::route;
use crate::store::AttemptEntry;
use crate::store::Store;
use crate::store::StoreError;

impl Insight {
    /// The story of an event; `None` if the workspace has no such event.
    pub async fn trace(&self, workspace: WorkspaceId, id: EventId) -> Result<Option<Trace>, StoreError> {
        let Some(event) = self.store().event(id).await?.filter(|event| event.data.workspace == workspace)
        else {
            return Ok(None);
        };
        let log = self.store().event_log(id).await?;
        let then = self.snapshot_at(event.data.revision).await;
        let mut entries = beginning(&event, then.as_deref().ok());
        if let Some(plan) = &log.plan {
            match &then {
                Ok(then) => entries.extend(not_routed(&event, then, plan)),
                Err(unreadable) => entries.push(unknown_routes(plan, unreadable)),
            }
            let entries_of = |route| route_entries(plan, route, &log.fetches);
            entries.extend(plan.routes.iter().flat_map(entries_of));
        }
        entries.extend(log.attempts.iter().map(attempt_entry));
        entries.extend(log.notes.iter().map(note_entry));
        for record in log.records.iter().filter(|record| held::reason(&log, record).is_none()) {
            let told = log
                .attempts
                .iter()
                .any(|entry| entry.attempt.id.delivery() == record.id && entry.attempt.state == record.state);
            if !told {
                let state = self.delivery().shown_state(record.state, record.connection, record.destination);
                entries.push(TraceEntry {
                    at: record.due,
                    stage: "delivery",
                    connection: Some(record.connection),
                    destination: Some(record.destination),
                    delivery: Some(record.id),
                    state: Some(state),
                    next_attempt_at: record.next_attempt_at().filter(|_| state != DeliveryState::Held),
                    ..TraceEntry::default()
                });
            }
        }
        Ok(Some(Trace { entries }))
    }
}

fn beginning(event: &Event, then: Option<&Snapshot>) -> Vec<TraceEntry> {
    let at = event.data.received_at;
    let from = match event.data.source {
        None => match event.data.headers.get(chain::PARENT) {
            Some(parent) if *event.data.verified_by == *chain::OF_ANSWER => format!("the answer to {parent}"),
            _ => "published through the API".to_owned(),
        },
        Some(id) => came_from(id, &event.data.headers, then),
    };
    let received = TraceEntry {
        at,
        stage: "received",
        reason: Some(from),
        request: request_line(&event.data.request),
        payload_bytes: u32::try_from(event.data.body.len()).ok(),
        ..TraceEntry::default()
    };
    let vouched = match event.data.verified_by.as_ref() {
        "" => "nothing: the source asks for neither key nor signature".to_owned(),
        by => format!("vouched for by {by}"),
    };
    let verified = TraceEntry { at, stage: "verified", reason: Some(vouched), ..TraceEntry::default() };
    vec![received, verified]
}

fn came_from(id: SourceId, headers: &Headers, then: Option<&Snapshot>) -> String {
    let Some(documents) = then.map(|then| &then.documents) else { return format!("at source {id}") };
    match (documents.sources.get(id), documents.changed_table(id)) {
        (Some(source), _) => format!("at source {}", source.name),
        (None, None) if documents.alerted_workspace(id).is_some() => match headers.get(chain::PARENT) {
            Some(parent) => format!("an alert, because of {parent}"),
            None => "an alert".to_owned(),
        },
        (None, Some(table)) => match headers.get(chain::PARENT) {
            Some(parent) => format!("a change of table {}, made by {parent}", table.name),
            None => format!("a change of table {}, made through the API", table.name),
        },
        (None, None) => format!("at source {id}"),
    }
}

/// `GET /tenant/42?msisdn=1`, without the source's own path; `None` where it is not known.
fn request_line(request: &RequestLine) -> Option<String> {
    let RequestLine { method, path, query } = request;
    let mark = if query.is_empty() { "" } else { "?" };
    (!method.is_empty()).then(|| format!("{method} {path}{mark}{query}").trim_end().to_owned())
}

/// Connections of the same origin that did not want this type, and the case that none did.
fn not_routed(event: &Event, snapshot: &Snapshot, plan: &Plan) -> Vec<TraceEntry> {
    use crate::domain::config::Origin;
    let origin = event.data.source.map_or(Origin::Published, Origin::Source);
    let candidates = snapshot.connections_from(event.data.workspace, origin);
    let group = snapshot.group_of(event.data.workspace, &event.data.event_type);
    let mut entries: Vec<TraceEntry> = candidates
        .iter()
        .filter_map(|found| {
            let connection = &found.connection;
            let reason = route::why_not(connection, &event.data.event_type, group)?;
            Some(TraceEntry {
                at: plan.at,
                stage: "not_routed",
                connection: Some(connection.id),
                reason: Some(reason),
                ..TraceEntry::default()
            })
        })
        .collect();
    if plan.routes.is_empty() {
        let reason = if candidates.is_empty() {
            "no connection takes events from there"
        } else {
            "no connection takes this event type"
        };
        entries.push(TraceEntry {
            at: plan.at,
            stage: "not_routed",
            verdict: Some("drop"),
            reason: Some(reason.to_owned()),
            ..TraceEntry::default()
        });
    }
    entries
}

/// Where it is not known which connections there were.
fn unknown_routes(plan: &Plan, unreadable: &Unreadable) -> TraceEntry {
    let reason = format!("which connections did not take it is not known: {unreadable}");
    TraceEntry { at: plan.at, stage: "not_routed", reason: Some(reason), ..TraceEntry::default() }
}

fn note_entry(note: &Note) -> TraceEntry {
    let (stage, state, reason) = match &note.what {
        Noted::Held { reason } => ("held", Some(DeliveryState::Held), reason.clone()),
        Noted::AnswerIgnored { reason } => ("answer_ignored", None, reason.clone()),
        Noted::Batched { batch, members } => (
            "batched",
            None,
            format!("sent in one request with {} others, as {batch}", members.saturating_sub(1)),
        ),
        Noted::StepsRan { revision, planned } if revision == planned => {
            ("steps_again", None, format!("its steps ran again, under configuration revision {revision}"))
        }
        Noted::StepsRan { revision, planned } => {
            let under = format!("under configuration revision {revision}; its event came in under {planned}");
            ("steps_again", None, format!("its steps ran again, {under}"))
        }
    };
    let delivery = note.delivery;
    TraceEntry {
        at: note.at,
        stage,
        connection: delivery.map(|delivery| delivery.connection),
        destination: delivery.map(|delivery| delivery.destination),
        delivery: delivery.map(|delivery| delivery.id),
        state,
        reason: Some(reason),
        ..TraceEntry::default()
    }
}

fn route_entries(plan: &Plan, route: &Route, fetches: &[StepFetch]) -> Vec<TraceEntry> {
    let blank = || TraceEntry {
        at: plan.at,
        connection: Some(route.connection),
        destination: Some(route.destination),
        ..TraceEntry::default()
    };
    let mut entries = vec![TraceEntry { stage: "routed", ..blank() }];
    let fetched = |at: usize| {
        let own = fetches
            .iter()
            .filter(move |made| made.connection == route.connection && usize::from(made.step) == at);
        own.map(|made| fetch_entry(&made.fetch)).collect()
    };
    let steps = route.steps.iter().enumerate();
    entries.extend(steps.map(|(at, step)| TraceEntry { fetches: fetched(at), ..step_entry(blank(), step) }));
    match &route.end {
        RouteEnd::Delivering(planned) => entries.extend(planned.iter().map(|planned| TraceEntry {
            stage: "delivery",
            delivery: Some(planned.id),
            payload_bytes: Some(planned.payload_bytes),
            ..blank()
        })),
        // The delivery's record says how it stands.
        RouteEnd::Dropped | RouteEnd::Held(_) => {}
        RouteEnd::Failed(id) => entries.push(TraceEntry {
            stage: "delivery",
            delivery: Some(*id),
            state: Some(DeliveryState::FailedByGateway),
            code: Some("step_failed".into()),
            ..blank()
        }),
    }
    entries
}

fn step_entry(mut entry: TraceEntry, step: &StepTrace) -> TraceEntry {
    entry.stage = step.kind.name();
    entry.duration_us = Some(step.duration_us);
    entry.logs.clone_from(&step.logs);
    if let StepKind::Plugin { name, digest } = &step.kind {
        entry.plugin = Some(name.clone());
        entry.version = Some(*digest);
    }
    match &step.answer {
        StepAnswer::Forward { outputs } => {
            entry.verdict = Some("forward");
            entry.outputs = Some(*outputs);
        }
        StepAnswer::Drop { reason, clause, path, seen } => {
            entry.verdict = Some("drop");
            entry.reason = Some(reason.clone());
            entry.clause.clone_from(clause);
            entry.path.clone_from(path);
            entry.seen = seen.as_deref().map(shown);
        }
        StepAnswer::Held { reason } => {
            entry.verdict = Some("held");
            entry.reason = Some(reason.clone());
        }
        StepAnswer::Error { code, detail, guest, policy } => {
            entry.verdict = Some("error");
            entry.code = Some(code.clone());
            entry.reason = Some(match step.fell_back() {
                true => format!("{detail}; a canary: the active version ran instead"),
                false => format!("{detail}; error policy: {policy}"),
            });
            entry.blame = Some(if *guest { "plugin" } else { "gateway" });
            if step.kind.name() != "plugin" && *guest {
                entry.blame = Some("configuration");
            }
        }
    }
    entry
}

fn fetch_entry(fetch: &Fetch) -> FetchEntry {
    let Fetch { method, url, duration_us, outcome } = fetch.clone();
    let entry = FetchEntry { method, url, duration_us, ..FetchEntry::default() };
    let (code, reason) = match outcome {
        Ok(FetchAnswer { status, bytes, body }) => {
            let body = Some(String::from_utf8_lossy(&body).into_owned());
            return FetchEntry { status: Some(status), bytes: Some(bytes), body, ..entry };
        }
        Err(FetchError::Refused(reason)) => ("refused", reason),
        Err(FetchError::TimedOut(reason)) => ("timed_out", reason),
        Err(FetchError::Failed(reason)) => ("failed", reason),
    };
    FetchEntry { code: Some(code), reason: Some(reason), ..entry }
}

/// A value as it was seen: JSON where it is whole, else its text. Only for showing.
fn shown(seen: &str) -> serde_json::Value {
    serde_json::from_str(seen).unwrap_or_else(|_| seen.into())
}

fn attempt_entry(entry: &AttemptEntry) -> TraceEntry {
    let attempt = &entry.attempt;
    let (status, reason) = match &attempt.outcome {
        AttemptOutcome::Answered(response) => (Some(response.status), None),
        AttemptOutcome::Broke(error) => (None, Some(error.detail.clone())),
        AttemptOutcome::Kept => (None, None),
    };
    TraceEntry {
        at: attempt.at,
        stage: "attempt",
        connection: Some(entry.connection),
        destination: Some(entry.destination),
        delivery: Some(attempt.id.delivery()),
        attempt: Some(attempt.id.number()),
        status,
        code: attempt.error_code().map(|code| code.name().to_owned()),
        reason,
        duration_us: Some(attempt.timings.total_us),
        state: Some(attempt.state),
        next_attempt_at: attempt.next_attempt_at,
        ..TraceEntry::default()
    }
}
