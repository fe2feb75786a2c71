//! What may be asked for: every fault of a request with its place, and the steps it comes to.
//! Not here: how it is read from JSON (`http`).

use std::sync::Arc;

use crate::control::FieldFault;
use crate::control::resources::Faults;
use crate::control::resources::ManageError;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::PluginConfig;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::insight::Insight;
use crate::insight::comparisons::order::Candidate;
use crate::insight::comparisons::order::Order;

/// Events compared when the request does not say.
pub const LAST_DEFAULT: u64 = 1000;
/// Most events of one comparison.
pub const LAST_MAX: u64 = 1_000_000;
/// Longest pattern of event types, characters; the same as a connection's.
const PATTERN_CHARS_MAX: usize = 200;

/// Why steps with grants are not compared.
const WHY_NOT: &str =
    "what it kept, or the time it saw, when the events came in is not known, so it cannot be run again";

/// What the request gave, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct ComparisonDraft {
    /// Id or name of the connection.
    pub connection: Option<String>,
    /// A plugin of the connection's steps and the version to run instead.
    pub plugin: Option<(String, VersionChoice)>,
    /// All steps to run instead.
    pub steps: Option<Vec<Step>>,
    /// The newest so many events.
    pub last: Option<u64>,
    /// Only events received at or after.
    pub since: Option<Timestamp>,
    /// Only events received before.
    pub until: Option<Timestamp>,
    /// Only events whose type matches this pattern.
    pub event_type: Option<String>,
}

impl Insight {
    /// Finds every fault, or what is to be done.
    pub(super) async fn order_comparison(
        &self,
        workspace: WorkspaceId,
        draft: ComparisonDraft,
        read: Vec<FieldFault>,
    ) -> Result<Order, ManageError> {
        let mut faults = Faults::of("comparison", read);
        let documents = self.snapshot().documents.clone();
        let connection = find_connection(&documents, workspace, draft.connection.as_deref(), &mut faults);
        check_selection(&draft, &mut faults);
        let given = [draft.plugin.is_some(), draft.steps.is_some()];
        if given == [true, true] {
            faults.add("/plugin", "give either `plugin` or `steps`, not both");
        } else if given == [false, false] && !faults.within("/plugin") && !faults.within("/steps") {
            faults.add("/plugin", "say what to try: a version of a `plugin`, or other `steps`");
        }
        let mut tried = None;
        if let Some((name, version)) = &draft.plugin {
            let digest = find_version(&documents, workspace, name, *version, &mut faults);
            let steps = connection.as_ref().map(|connection| with_version(connection, name, digest));
            let unused = steps.as_ref().is_some_and(|(_, replaced)| *replaced == 0);
            if unused && !faults.within("/plugin/name") {
                faults.add("/plugin/name", format!("the connection has no step that runs plugin `{name}`"));
            }
            if let (Some((steps, _)), Some(digest)) = (steps, digest) {
                tried = Some((Candidate::Version { name: name.clone(), digest }, steps));
            }
        }
        if let Some(steps) = draft.steps {
            self.control().check_draft_steps(workspace, &steps, &mut faults).await;
            tried = Some((Candidate::Steps, steps));
        } else if let Some((_, steps)) = &tried {
            let mut found = self.control().check_steps(workspace, steps);
            if found.is_empty() {
                found = self.control().check_plugin_configs(workspace, steps).await;
            }
            for fault in found {
                faults.add("/plugin/version", format!("step {}: {}", fault.pointer, fault.detail));
            }
        }
        if let Some(connection) = connection.as_ref().filter(|connection| has_grants(&connection.steps)) {
            let detail = format!("a plugin of connection `{}` has a grant: {WHY_NOT}", connection.name);
            faults.add("/connection", detail);
        } else if tried.as_ref().is_some_and(|(_, steps)| has_grants(steps)) {
            faults.add("/steps", format!("a plugin of these steps has a grant: {WHY_NOT}"));
        }
        faults.done()?;
        let (Some(connection), Some((candidate, steps))) = (connection, tried) else {
            return Err(ManageError::Conflict("the request is not complete".to_owned()));
        };
        let last = draft.last.unwrap_or(LAST_DEFAULT);
        let ComparisonDraft { since, until, event_type, .. } = draft;
        Ok(Order { connection, candidate, steps, last, since, until, event_type })
    }
}

fn has_grants(steps: &[Step]) -> bool {
    steps
        .iter()
        .any(|step| matches!(&step.kind, StepSpec::Plugin { grants, .. } if !grants.kinds().is_empty()))
}

fn find_connection(
    documents: &Documents,
    workspace: WorkspaceId,
    wanted: Option<&str>,
    faults: &mut Faults,
) -> Option<Arc<Connection>> {
    let Some(wanted) = wanted else {
        faults.missing("/connection", "name the connection whose events are to be compared");
        return None;
    };
    let found = documents.connections.find(workspace, wanted).cloned();
    if found.is_none() {
        faults.add("/connection", format!("there is no connection `{wanted}` in this workspace"));
    }
    found
}

fn check_selection(draft: &ComparisonDraft, faults: &mut Faults) {
    if draft.last.is_some_and(|last| !(1..=LAST_MAX).contains(&last)) {
        faults.add("/last", format!("expected a number from 1 to {LAST_MAX}"));
    }
    if let (Some(since), Some(until)) = (draft.since, draft.until)
        && since >= until
    {
        faults.add("/until", "no event was received before `until` and not before `since`");
    }
    let long = |pattern: &String| pattern.chars().count() > PATTERN_CHARS_MAX;
    if draft.event_type.as_ref().is_some_and(long) {
        faults.add("/event_type", format!("a pattern has at most {PATTERN_CHARS_MAX} characters"));
    }
}

fn find_version(
    documents: &Documents,
    workspace: WorkspaceId,
    name: &str,
    version: VersionChoice,
    faults: &mut Faults,
) -> Option<Digest> {
    let Some(plugin) = documents.plugins.find(workspace, name) else {
        faults.add("/plugin/name", format!("there is no plugin `{name}` in this workspace; upload it first"));
        return None;
    };
    let known = |plugin: &PluginConfig, digest| plugin.versions.iter().any(|one| one.digest == digest);
    match version {
        VersionChoice::Pinned(digest) if known(plugin, digest) => Some(digest),
        VersionChoice::Pinned(digest) => {
            faults.add("/plugin/version", format!("plugin `{name}` has no version {digest}"));
            None
        }
        VersionChoice::Active => {
            if plugin.active.is_none() {
                faults
                    .add("/plugin/version", format!("plugin `{name}` has no active version; give a digest"));
            }
            plugin.active
        }
    }
}

/// The connection's steps with that version of the plugin, and in how many steps it is.
fn with_version(connection: &Connection, plugin: &str, digest: Option<Digest>) -> (Vec<Step>, usize) {
    let mut replaced = 0;
    let mut steps = connection.steps.clone();
    for step in &mut steps {
        if let StepSpec::Plugin { name, version, .. } = &mut step.kind
            && name.as_str() == plugin
        {
            replaced += 1;
            *version = digest.map_or(*version, VersionChoice::Pinned);
        }
    }
    (steps, replaced)
}
