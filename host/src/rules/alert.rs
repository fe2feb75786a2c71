//! What is said of an alert: to people, and as data. Pure. Not here: when there is one (`pipeline::alerts`).

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::alert::Alert;
use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::alert::AlertState;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::id::AlertId;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::domain::visible::visible_line;

/// Characters of an answer or a reason that are kept.
const DETAIL_CHARS_MAX: usize = 300;

/// An alert as it is shown and sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertMessage {
    /// Its id; the same when it is raised and when it has recovered.
    pub id: AlertId,
    /// Why there is one, such as `destination_failing`.
    pub kind: &'static str,
    /// `raised` or `recovered`.
    pub state: &'static str,
    /// Since when.
    pub raised_at: Timestamp,
    /// Until when; null while it stands.
    #[schema(required = true)]
    pub recovered_at: Option<Timestamp>,
    /// What it is about.
    pub about: AlertSubject,
    /// What has happened, in words.
    pub says: String,
    /// What to do about it, in words; empty once it has recovered.
    pub advice: String,
    /// What was seen when it began.
    pub seen: SeenView,
}

/// What an alert is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertSubject {
    /// `destination`, `connection`, `table`, `plugin` or `workspace`.
    pub resource: &'static str,
    /// Its id.
    pub id: String,
    /// Its name; its id where it is gone.
    pub name: String,
}

/// What was seen when an alert began.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeenView {
    /// Of which event.
    #[schema(required = true)]
    pub event: Option<EventId>,
    /// Of which delivery.
    #[schema(required = true)]
    pub delivery: Option<DeliveryId>,
    /// The number of the attempt.
    #[schema(required = true)]
    pub attempt: Option<u8>,
    /// What the receiver answered.
    #[schema(required = true)]
    pub status: Option<u16>,
    /// The name of the error, as in the log.
    #[schema(required = true)]
    pub error: Option<String>,
    /// The beginning of the answer, or the reason, on one line.
    pub detail: String,
    /// When it is tried again.
    #[schema(required = true)]
    pub next_attempt_at: Option<Timestamp>,
}

impl AlertMessage {
    /// Of an alert about something of that name.
    pub fn new(alert: &Alert, name: Option<&str>, recovered_at: Option<Timestamp>) -> Self {
        let about = subject(&alert.cause, name);
        let state = if recovered_at.is_some() { AlertState::Recovered } else { AlertState::Raised };
        let (says, advice) = match recovered_at {
            None => words(&alert.cause, &about.name, &alert.seen),
            Some(_) => {
                let how = if name.is_some() { recovered(&alert.cause) } else { "it is deleted" };
                (format!("{}: {how}", about.name), String::new())
            }
        };
        let AlertEvidence { event, delivery, attempt, status, error, detail, next_attempt_at } =
            alert.seen.clone();
        Self {
            id: alert.id,
            kind: alert.cause.kind(),
            state: state.name(),
            raised_at: alert.raised_at,
            recovered_at,
            about,
            says,
            advice,
            seen: SeenView { event, delivery, attempt, status, error, detail, next_attempt_at },
        }
    }

    /// The type of the event that tells it.
    pub fn event_type(&self) -> String {
        format!("{}.{}", self.kind, self.state)
    }
}

fn subject(cause: &AlertCause, name: Option<&str>) -> AlertSubject {
    let (resource, id) = match cause {
        AlertCause::DestinationFailing(id)
        | AlertCause::RetriesExhausted(id)
        | AlertCause::DestinationGone(id)
        | AlertCause::BacklogOld(id) => ("destination", id.to_string()),
        AlertCause::TableRefusing(id) => ("table", id.to_string()),
        AlertCause::StepsFailing(id) => ("connection", id.to_string()),
        AlertCause::PluginQuarantined(id, _) => ("plugin", id.to_string()),
        AlertCause::LimitReached(id, _) => ("workspace", id.to_string()),
    };
    let name = name.map_or_else(|| id.clone(), str::to_owned);
    AlertSubject { resource, id, name }
}

/// What has happened, and what to do about it.
fn words(cause: &AlertCause, name: &str, seen: &AlertEvidence) -> (String, String) {
    let answered = answered(seen);
    let delivery = seen.delivery.map_or_else(|| "the delivery".to_owned(), |id| id.to_string());
    let event = seen.event.map_or_else(|| "the event".to_owned(), |id| id.to_string());
    match cause {
        AlertCause::DestinationFailing(_) => (
            format!("{name} did not take a delivery: {answered}"),
            format!(
                "Look at the attempts of {delivery}. What failed is tried again by its schedule, and nothing is lost until that ends."
            ),
        ),
        AlertCause::RetriesExhausted(_) => (
            format!("a delivery to {name} has failed for good: {answered}"),
            format!("Mend the receiver or the destination, then retry {delivery} and what failed with it."),
        ),
        AlertCause::DestinationGone(_) => (
            format!("{name} answered 410 Gone and is paused; what is for it waits"),
            "Correct its URL and set it active, or cancel what waits.".to_owned(),
        ),
        AlertCause::BacklogOld(_) => (
            format!("deliveries to {name} wait for long: {}", seen.detail),
            "If it or a connection to it is paused, resume that; if it is slow, raise its concurrency."
                .to_owned(),
        ),
        AlertCause::TableRefusing(_) => (
            format!("table {name} refused a row: {}", seen.detail),
            format!("Mend the mapping or the column, then retry {delivery}; it keeps its payload."),
        ),
        AlertCause::StepsFailing(_) => (
            format!("a step of connection {name} failed: {}", seen.detail),
            format!(
                "The trace of {event} says which. Mend the step, then retry {delivery}: its steps run again."
            ),
        ),
        AlertCause::PluginQuarantined(..) => (
            format!("plugin {name} is in quarantine: {}", seen.detail),
            "Activate another version, or release this one; the events that wait for it go on then."
                .to_owned(),
        ),
        AlertCause::LimitReached(_, limit) => (
            format!("workspace {name} has reached its limit {limit}, and refuses events: {}", seen.detail),
            "What was refused has to be sent again. Have the limit raised by the operator, or send less."
                .to_owned(),
        ),
    }
}

fn answered(seen: &AlertEvidence) -> String {
    let detail = if seen.detail.is_empty() { String::new() } else { format!(", {}", seen.detail) };
    match (seen.status, seen.error.as_deref()) {
        (Some(status), _) => format!("it answered {status}{detail}"),
        (None, Some(error)) => format!("{error}{detail}"),
        (None, None) => seen.detail.clone(),
    }
}

fn recovered(cause: &AlertCause) -> &'static str {
    match cause {
        AlertCause::DestinationFailing(_) | AlertCause::RetriesExhausted(_) => "deliveries arrive again",
        AlertCause::DestinationGone(_) => "it is active again",
        AlertCause::BacklogOld(_) => "nothing waits for long any more",
        AlertCause::TableRefusing(_) => "rows are taken again",
        AlertCause::StepsFailing(_) => "its steps run again",
        AlertCause::PluginQuarantined(..) => "the version is out of quarantine",
        AlertCause::LimitReached(..) => "events are taken again",
    }
}

/// What an outcome shows of a receiver, fit to be shown.
pub fn outcome_detail(outcome: &AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Answered(response) => detail(&String::from_utf8_lossy(&response.body)),
        AttemptOutcome::Broke(error) => detail(&error.detail),
        AttemptOutcome::Kept => String::new(),
    }
}

/// The beginning of a foreign text on one line, fit to be shown.
pub fn detail(text: &str) -> String {
    let begin: String = text.trim().chars().take(DETAIL_CHARS_MAX).collect();
    visible_line(&begin.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::DestinationId;
    use crate::domain::id::WorkspaceId;

    fn alert(seen: AlertEvidence) -> Alert {
        let cause = AlertCause::DestinationFailing(DestinationId::from_bits(7));
        let (id, workspace) = (AlertId::from_bits(1), WorkspaceId::from_bits(2));
        Alert { id, workspace, cause, raised_at: Timestamp::from_millis(0), seen }
    }

    #[test]
    fn it_says_what_was_seen_and_what_to_do() {
        let seen =
            AlertEvidence { status: Some(500), detail: "try later".into(), ..AlertEvidence::default() };
        let message = AlertMessage::new(&alert(seen), Some("crm"), None);
        assert_eq!(message.says, "crm did not take a delivery: it answered 500, try later");
        assert_eq!(message.event_type(), "destination_failing.raised");
        assert!(message.advice.contains("tried again"));
    }

    #[test]
    fn what_is_gone_is_called_by_its_id_and_recovers() {
        let message =
            AlertMessage::new(&alert(AlertEvidence::default()), None, Some(Timestamp::from_millis(5)));
        assert_eq!(message.about.name, message.about.id);
        assert_eq!(message.event_type(), "destination_failing.recovered");
    }

    #[test]
    fn foreign_text_is_one_short_line_without_controls() {
        assert_eq!(detail("  a\r\n b\u{1b}[31m "), "a b\\u001b[31m");
        assert_eq!(detail(&"x".repeat(5000)).len(), DETAIL_CHARS_MAX);
    }
}
