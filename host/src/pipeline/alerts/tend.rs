//! Writes alerts down and tells them: the event first, so that a crash in between tells one twice rather than never. Not
//! here: what is said (`rules::alert`).

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::control::snapshot::Documents;
use crate::control::snapshot::Resource;
use crate::domain::alert;
use crate::domain::alert::Alert;
use crate::domain::alert::AlertCause;
use crate::domain::config::FlowState;
use crate::domain::config::Origin;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::grant::KvWrite;
use crate::domain::time::Timestamp;
use crate::pipeline::Pipeline;
use crate::pipeline::accept::idempotency_key;
use crate::pipeline::alerts::backlog::Backlog;
use crate::pipeline::alerts::list::space;
use crate::pipeline::chain;
use crate::rules::alert::AlertMessage;
use crate::store::Change;
use crate::store::Store as _;
use crate::store::StoreError;

/// Between two looks at what is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Alerts told in one commit, and of one workspace before others have their turn.
const AT_ONCE: usize = 100;
/// Before trying again what the store did not do.
const AFTER_A_FAULT: Duration = Duration::from_secs(10);
/// Alerts of a workspace that are remembered over a restart.
const RESTORED_MAX: usize = 10_000;

/// What a connection gets.
#[derive(Serialize)]
struct AlertBody<'a> {
    r#type: &'a str,
    #[serde(flatten)]
    message: &'a AlertMessage,
}

impl Pipeline {
    /// Tells alerts and their ends; never ends itself.
    pub async fn tend_alerts(self) {
        let restore = || self.restore_alerts();
        if self.until_answered("read the alerts that stand", restore).await.is_none() {
            return;
        }
        let mut backlog = Backlog::default();
        let mut ended: Vec<Told> = Vec::new();
        loop {
            // Whatever is not told now is told the next time.
            if let Err(error) = self.look_at_alerts(&mut ended, &mut backlog).await {
                self.observer().store_error("tell alerts", &error);
                tokio::time::sleep(AFTER_A_FAULT).await;
            }
            tokio::select! {
                () = self.alerts().news() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look_at_alerts(&self, ended: &mut Vec<Told>, backlog: &mut Backlog) -> Result<(), StoreError> {
        self.tell_alerts(ended).await?;
        self.look_for_backlog(backlog).await
    }

    async fn restore_alerts(&self) -> Result<(), StoreError> {
        let snapshot = self.snapshot().clone();
        for workspace in snapshot.documents.workspaces.all() {
            self.alerts().restore(self.standing_alerts(workspace.id(), None, RESTORED_MAX).await?);
        }
        Ok(())
    }

    async fn tell_alerts(&self, ended: &mut Vec<Told>) -> Result<(), StoreError> {
        let new: Vec<Told> = self.alerts().unwritten(AT_ONCE).into_iter().map(Told::raised).collect();
        self.tell(&new).await?;
        new.iter().for_each(|told| self.alerts().written(&told.alert));
        let (now, snapshot) = (self.now(), self.snapshot().clone());
        let after = self.limits().recovered_after;
        let over = self.alerts().take_over(|standing| {
            let is_quiet = now.since(standing.last_seen) >= after;
            let is_good = standing.good_since.is_some_and(|since| now.since(since) >= after);
            is_good || (is_quiet && is_settled(&snapshot.documents, &standing.alert.cause))
        });
        ended.extend(over.into_iter().map(|alert| Told { alert, recovered_at: Some(now) }));
        while !ended.is_empty() {
            let at = ended.len().saturating_sub(AT_ONCE);
            self.tell(&ended[at..]).await?;
            ended.truncate(at);
        }
        Ok(())
    }

    /// On disk as events when this returns, where a connection takes alerts, and in the list of those that stand, or out
    /// of it. That they are told is seen in any case.
    async fn tell(&self, all: &[Told]) -> Result<(), StoreError> {
        if all.is_empty() {
            return Ok(());
        }
        let snapshot = self.snapshot().clone();
        let mut events = Vec::new();
        let messages: Vec<AlertMessage> = all.iter().map(|told| told.message(&snapshot.documents)).collect();
        for (told, message) in all.iter().zip(&messages) {
            let origin = Origin::Source(alert::origin(told.alert.workspace));
            if !snapshot.connections_from(told.alert.workspace, origin).is_empty() {
                events.push(self.event_of(&told.alert, message, snapshot.revision()));
            }
        }
        if !events.is_empty() {
            self.store().accept(events).await?;
        }
        let kv = all.iter().map(Told::written).collect();
        self.store().commit(Change { kv, ..Change::default() }).await?;
        for (told, message) in all.iter().zip(&messages) {
            self.observe_alert(told.alert.workspace, message);
        }
        Ok(())
    }

    /// Told twice, it is one event.
    fn event_of(&self, alert: &Alert, message: &AlertMessage, revision: u64) -> NewEvent {
        let event_type = message.event_type();
        let body = json!(AlertBody { r#type: &event_type, message });
        let key = format!("{} of {}", message.state, alert.id);
        NewEvent {
            workspace: alert.workspace,
            source: Some(alert::origin(alert.workspace)),
            event_type: event_type.into(),
            content_type: Arc::from("application/json"),
            headers: chain::headers(alert.seen.delivery, 0),
            request: RequestLine::default(),
            body: body.to_string().into(),
            received_at: self.now(),
            revision,
            idempotency: Some(idempotency_key(alert.workspace.bits(), &key)),
            verified_by: chain::OF_ALERT.into(),
        }
    }
}

/// An alert that is to be told, and whether it is over.
struct Told {
    alert: Alert,
    recovered_at: Option<Timestamp>,
}

impl Told {
    fn raised(alert: Alert) -> Self {
        Self { alert, recovered_at: None }
    }

    fn message(&self, documents: &Documents) -> AlertMessage {
        let name = subject_name(documents, &self.alert.cause);
        AlertMessage::new(&self.alert, name.as_deref(), self.recovered_at)
    }

    /// How it stands in the store from now on.
    fn written(&self) -> KvWrite {
        let stands = self.recovered_at.is_none();
        let value = stands.then(|| serde_json::to_vec(&self.alert).ok()).flatten();
        KvWrite { space: space(self.alert.workspace), key: self.alert.id.to_string(), value }
    }
}

/// What it is about is called; `None` where it is gone.
pub(crate) fn subject_name(documents: &Documents, cause: &AlertCause) -> Option<String> {
    match cause {
        AlertCause::DestinationFailing(id)
        | AlertCause::RetriesExhausted(id)
        | AlertCause::DestinationGone(id)
        | AlertCause::BacklogOld(id) => documents.destinations.get(*id).map(|found| found.name.clone()),
        AlertCause::TableRefusing(id) => documents.tables.get(*id).map(|found| found.name.clone()),
        AlertCause::StepsFailing(id) => documents.connections.get(*id).map(|found| found.name.clone()),
        AlertCause::PluginQuarantined(id, _) => documents.plugins.get(*id).map(|found| found.name.clone()),
        AlertCause::LimitReached(id, _) => documents.workspaces.get(*id).map(|found| found.name.clone()),
    }
}

/// Whether the configuration alone says that it is over.
fn is_settled(documents: &Documents, cause: &AlertCause) -> bool {
    match cause {
        AlertCause::DestinationGone(id) => {
            documents.destinations.get(*id).is_none_or(|found| found.state == FlowState::Active)
        }
        AlertCause::PluginQuarantined(id, digest) => {
            let versions = documents.plugins.get(*id).map(|found| found.versions.as_slice());
            let version = versions.unwrap_or_default().iter().find(|version| version.digest == *digest);
            version.is_none_or(|version| version.quarantine.is_none())
        }
        _ => subject_name(documents, cause).is_none(),
    }
}
