//! Makes a test of an event: what reaches the plugin, without the values that are to stay secret, and what the version
//! makes of it that its connection runs now. Not here: running tests (`run`).

use std::sync::Arc;

use bytes::Bytes;

use crate::control::FieldFault;
use crate::control::Principal;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::PluginStep;
use crate::control::snapshot::Snapshot;
use crate::domain::event::Event;
use crate::domain::id::EventId;
use crate::domain::id::TestId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin_test::PluginTest;
use crate::insight::Insight;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::plan;
use crate::pipeline::steps;
use crate::pipeline::steps::RunEnd;
use crate::sandbox::Case;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::JsonLimits;
use crate::shape::Query;

/// Tests of a plugin.
const TESTS_MAX: usize = 200;
/// Bytes of a test.
const BYTES_MAX: usize = 256 << 10;
/// Characters of a name.
const NAME_MAX: usize = 100;
/// Paths that are redacted.
const PATHS_MAX: usize = 50;

/// What to capture.
#[derive(Clone, Debug, Default)]
pub struct CaptureDraft {
    /// A stored event.
    pub event: Option<EventId>,
    /// By which connection it reaches the plugin; the first that takes it if not given.
    pub connection: Option<String>,
    /// What to call the test; the event's type and id if not given.
    pub name: Option<String>,
    /// JSONPath of values that must not be kept.
    pub redact: Vec<String>,
}

/// A step of the plugin, and those before it.
type Place<'s> = (&'s PluginStep, &'s [CompiledStep]);

impl Insight {
    /// Captures an event as a test of a plugin. `read` has the faults found when the request was read.
    pub async fn capture_plugin_test(
        &self,
        principal: &Principal,
        plugin: &str,
        draft: CaptureDraft,
        read: Vec<FieldFault>,
    ) -> Result<Arc<PluginTest>, ManageError> {
        let mut faults = Faults::of("test", read);
        let snapshot = self.snapshot().clone();
        let found = snapshot.documents.plugins.find(principal.workspace, plugin);
        let not_found = || ManageError::NotFound { what: "plugin", id: plugin.to_owned() };
        let found = found.ok_or_else(not_found)?.clone();
        let queries = queries(&draft.redact, &mut faults);
        if draft.event.is_none() {
            faults.missing("/event", "give the id of a stored event");
        }
        let name_length = draft.name.as_ref().map_or(1, |name| name.chars().count());
        if name_length == 0 || name_length > NAME_MAX {
            faults.add("/name", format!("a name has 1 to {NAME_MAX} characters; this one has {name_length}"));
        }
        let event = match draft.event {
            Some(id) => self.event(principal.workspace, id).await?,
            None => None,
        };
        if event.is_none() && draft.event.is_some() {
            faults.add("/event", "there is no such event in this workspace; it may have expired");
        }
        let Some(event) = event else { return Err(faults.done().expect_err("there is no event")) };
        let connection = self.connection_of(&snapshot, &event, plugin, &draft, &mut faults);
        let Some(connection) = connection else { return Err(faults.done().expect_err("it was just noted")) };
        faults.done()?;
        let name = draft.name.unwrap_or_else(|| default_name(&event));
        let example = self.example(&snapshot, connection, &event, plugin, &name, &queries).await;
        let example = example.map_err(|detail| one_fault("/event", detail))?;
        let test = PluginTest {
            id: TestId::from_bits(self.new_id()),
            workspace: principal.workspace,
            plugin: found.id,
            path: PluginTest::path(found.id, &name),
            created_at: self.now(),
            created_by: principal.key,
            event: event.id,
            example,
        };
        self.keep_test(test).await
    }

    async fn keep_test(&self, test: PluginTest) -> Result<Arc<PluginTest>, ManageError> {
        let _guard = self.control().write_guard().await;
        let snapshot = self.snapshot().clone();
        let tests = &snapshot.documents.plugin_tests;
        if tests.find(test.workspace, &test.path).is_some() {
            let detail =
                format!("there is a test `{}` already; give another name, or delete that one", test.name());
            return Err(ManageError::Conflict(detail));
        }
        if tests.of(test.workspace).filter(|have| have.plugin == test.plugin).count() >= TESTS_MAX {
            return Err(ManageError::Conflict(format!(
                "a plugin has at most {TESTS_MAX} tests; delete one first"
            )));
        }
        self.control().write(vec![DocumentWrite::PutPluginTest(test.clone())]).await?;
        Ok(Arc::new(test))
    }

    /// The connection that is meant, if its steps have the plugin.
    fn connection_of<'s>(
        &self,
        snapshot: &'s Snapshot,
        event: &'s Event,
        plugin: &str,
        draft: &CaptureDraft,
        faults: &mut Faults,
    ) -> Option<&'s Arc<ConnectionRuntime>> {
        let Some(wanted) = &draft.connection else {
            let found = plan::connections(snapshot, event).find(|found| place(found, plugin).is_some());
            if found.is_none() {
                let detail = format!(
                    "no connection that takes this event runs `{plugin}`; say which one with `connection`"
                );
                faults.add("/event", detail);
            }
            return found;
        };
        let found = snapshot.documents.connections.find(event.data.workspace, wanted);
        let runtime = found.and_then(|found| snapshot.connections.get(&found.id));
        let detail = match runtime {
            None => format!("there is no connection `{wanted}` in this workspace"),
            Some(runtime) if place(runtime, plugin).is_none() => {
                format!("connection `{wanted}` does not run `{plugin}`")
            }
            Some(_) => return runtime,
        };
        faults.add("/connection", detail);
        None
    }

    /// The test's text, or why there can be none.
    async fn example(
        &self,
        snapshot: &Snapshot,
        connection: &ConnectionRuntime,
        event: &Event,
        plugin: &str,
        name: &str,
        redact: &[Query],
    ) -> Result<String, String> {
        let (step, before) = place(connection, plugin).ok_or("the connection has changed; try again")?;
        let mut reaches = self.reaches(snapshot, event, step, before).await?;
        reaches.payload = redacted(reaches.payload, redact, self.limits().json())?;
        let loaded = steps::loaded(step)?;
        let example = Case::capture(loaded, name, &step.config, reaches).await;
        let example = example.map_err(|error| error.to_string())?;
        match example.len() {
            0..=BYTES_MAX => Ok(example),
            bytes => Err(format!("the test would have {bytes} bytes of at most {BYTES_MAX}")),
        }
    }

    /// What reaches the plugin of an event: the first payload of the steps before it.
    async fn reaches(
        &self,
        snapshot: &Snapshot,
        event: &Event,
        step: &PluginStep,
        before: &[CompiledStep],
    ) -> Result<GuestEvent, String> {
        let json = json_text(&event.data.content_type, &event.data.body);
        let body = BodyView::new(&json, self.limits().json());
        let kept = EventContext::new(self.pipeline(), event.data.workspace, Purpose::Look);
        let context = plan::context(snapshot, event, &body, &kept);
        let run = steps::run(before, &context, |_, _| {}).await;
        let first = match run.end {
            RunEnd::Forward(payloads) => payloads.into_iter().next(),
            RunEnd::Dropped | RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held => None,
        };
        let first = first.ok_or("the steps before the plugin let nothing of this event through")?;
        Ok(steps::guest_event(step, &context, &first))
    }
}

/// Where a connection runs a plugin first.
fn place<'s>(connection: &'s ConnectionRuntime, plugin: &str) -> Option<Place<'s>> {
    let steps = connection.steps.as_ref().ok()?;
    steps.iter().enumerate().find_map(|(at, step)| match &step.kind {
        CompiledKind::Plugin(found) if &*found.name == plugin => Some((&**found, &steps[..at])),
        _ => None,
    })
}

fn queries(paths: &[String], faults: &mut Faults) -> Vec<Query> {
    if paths.len() > PATHS_MAX {
        faults.add("/redact", format!("give at most {PATHS_MAX} paths"));
    }
    let mut queries = Vec::with_capacity(paths.len());
    for (at, path) in paths.iter().enumerate().take(PATHS_MAX) {
        match Query::compile(path) {
            Ok(query) => queries.push(query),
            Err(fault) => faults.add(format!("/redact/{at}"), fault.detail),
        }
    }
    queries
}

fn redacted(payload: Bytes, queries: &[Query], limits: JsonLimits) -> Result<Bytes, String> {
    if queries.is_empty() {
        return Ok(payload);
    }
    let document = Document::parse_with(&payload, limits)
        .map_err(|fault| format!("what reaches the plugin cannot be redacted: {fault}"))?;
    let redacted = crate::shape::redact(&document, queries, &mut Budget::default());
    let redacted = redacted.map_err(|error| format!("the paths to redact are too costly: {error}"))?;
    // A misspelt path must not leave a secret in the test.
    if let Some(at) = redacted.found.iter().position(|found| *found == 0) {
        let path = queries[at].text();
        return Err(format!("the path {path} to redact finds nothing in what reaches the plugin"));
    }
    Ok(redacted.payload.into())
}

fn default_name(event: &Event) -> String {
    let (event_type, id) = (&event.data.event_type, event.id.to_string());
    let name = if event_type.is_empty() { id } else { format!("{event_type} {id}") };
    name.chars().take(NAME_MAX).collect()
}

fn one_fault(pointer: &str, detail: String) -> ManageError {
    ManageError::Invalid { what: "test", faults: vec![FieldFault { pointer: pointer.to_owned(), detail }] }
}
