//! Connections: made, changed, paused, deleted. Their steps are compiled here once to find every
//! fault, and plugins are asked whether they take their configuration.

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::resources::check::retry;
use crate::control::resources::event_type;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::control::snapshot::check_steps;
use crate::domain::config::Connection;
use crate::domain::config::FlowState;
use crate::domain::config::Origin;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::domain::retry::RetryPolicy;
use crate::domain::table::CHANGES;
use crate::rules::route;
use crate::rules::table::check_mapping;

/// In the place of a source's name: events published through the API.
pub const PUBLISHED: &str = "published";

/// Patterns of a connection, and characters of one.
const PATTERNS_MAX: usize = 100;
const PATTERN_CHARS_MAX: usize = 200;

/// What a request says about a connection; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct ConnectionDraft {
    /// Unique in its workspace.
    pub name: Option<String>,
    /// Active or paused.
    pub state: Option<FlowState>,
    /// Sources by id or name, or [`PUBLISHED`], each with its JSON pointer.
    pub origins: Option<Vec<(String, String)>>,
    /// Patterns with `*`.
    pub event_types: Option<Vec<String>>,
    /// Groups of the event catalogue.
    pub event_groups: Option<Vec<String>>,
    /// In their order.
    pub steps: Option<Vec<Step>>,
    /// A destination by id or name.
    pub destination: Option<String>,
    /// Instead of the destination's.
    pub retry: Option<Option<RetryPolicy>>,
    /// Whether it is refused to delete it.
    pub protect: Option<bool>,
}

/// Whether plugins are asked if they take their configuration, which may take them long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskPlugins {
    /// They are.
    Yes,
    /// They were, and are still the same.
    No,
}

/// One by id or name.
fn find(documents: &Documents, workspace: WorkspaceId, which: &str) -> Result<Connection, ManageError> {
    let found = documents.connections.find(workspace, which);
    let found = found.ok_or_else(|| ManageError::NotFound { what: "connection", id: which.to_owned() })?;
    Ok(found.as_ref().clone())
}

impl Control {
    /// Makes a connection. `read` has the faults found when the request was read.
    pub async fn create_connection(
        &self,
        workspace: WorkspaceId,
        draft: ConnectionDraft,
        read: Vec<FieldFault>,
    ) -> Result<Connection, ManageError> {
        let mut faults = Faults::of("connection", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        self.check_room(&snapshot.documents, workspace)?;
        let mut connection = self.blank_connection(workspace);
        self.apply_new_connection(&snapshot.documents, &mut connection, draft, AskPlugins::Yes, &mut faults)
            .await;
        event_type::check_groups(&snapshot.documents, &connection, &mut faults);
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutConnection(connection.clone())]).await?;
        Ok(connection)
    }

    /// Changes what the draft mentions.
    pub async fn update_connection(
        &self,
        workspace: WorkspaceId,
        which: &str,
        draft: ConnectionDraft,
        read: Vec<FieldFault>,
    ) -> Result<Connection, ManageError> {
        let mut faults = Faults::of("connection", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut connection = find(&snapshot.documents, workspace, which)?;
        self.apply_connection(&snapshot.documents, &mut connection, draft, AskPlugins::Yes, &mut faults)
            .await;
        event_type::check_groups(&snapshot.documents, &connection, &mut faults);
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutConnection(connection.clone())]).await?;
        Ok(connection)
    }

    /// Deletes a connection. Deliveries it has made go on.
    pub async fn delete_connection(&self, workspace: WorkspaceId, which: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let connection = find(&snapshot.documents, workspace, which)?;
        self.write_within(vec![DocumentWrite::DeleteConnection(connection.id)]).await?;
        Ok(())
    }

    /// The connection that a whole document means, and the one of that name, if there is one. What the document does
    /// not mention is as by default; the state stays.
    pub(in crate::control) async fn whole_connection(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        mut draft: ConnectionDraft,
        ask: AskPlugins,
        faults: &mut Faults,
    ) -> Result<(Option<Arc<Connection>>, Connection), ManageError> {
        let old =
            draft.name.as_deref().and_then(|name| documents.connections.named(workspace, name)).cloned();
        let mut connection = self.blank_connection(workspace);
        match &old {
            Some(old) => {
                (connection.id, connection.created_at, connection.state) =
                    (old.id, old.created_at, old.state);
            }
            None => self.check_room(documents, workspace)?,
        }
        // Other blanks are no other steps, and what is there has been checked.
        if let Some(old) = &old
            && draft.steps.as_ref().is_some_and(|steps| mean_the_same(&old.steps, steps))
        {
            connection.steps.clone_from(&old.steps);
            draft.steps = None;
        }
        self.apply_new_connection(documents, &mut connection, draft, ask, faults).await;
        Ok((old, connection))
    }

    fn check_room(&self, documents: &Documents, workspace: WorkspaceId) -> Result<(), ManageError> {
        let most = self.limits().connections_max;
        if documents.connections.of(workspace).count() < most {
            return Ok(());
        }
        let detail = format!("a workspace has at most {most} connections; delete one first");
        Err(ManageError::Conflict(detail))
    }

    pub(in crate::control) fn blank_connection(&self, workspace: WorkspaceId) -> Connection {
        Connection {
            id: ConnectionId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            state: FlowState::Active,
            protect: false,
            origins: Vec::new(),
            event_types: vec!["*".to_owned()],
            event_groups: Vec::new(),
            steps: Vec::new(),
            destination: DestinationId::from_bits(0),
            retry: None,
        }
    }

    /// Where nothing was before: what is needed must be there.
    async fn apply_new_connection(
        &self,
        documents: &Documents,
        connection: &mut Connection,
        draft: ConnectionDraft,
        ask: AskPlugins,
        faults: &mut Faults,
    ) {
        if draft.name.is_none() {
            faults.missing("/name", "a connection needs a name");
        }
        if draft.origins.is_none() && !faults.within("/sources") {
            let detail = "name a source, or \"published\" for events of POST /v1/events";
            faults.missing("/source", detail);
        }
        if draft.destination.is_none() {
            faults.missing("/destination", "name a destination");
        }
        self.apply_connection(documents, connection, draft, ask, faults).await;
    }

    async fn apply_connection(
        &self,
        documents: &Documents,
        connection: &mut Connection,
        draft: ConnectionDraft,
        ask: AskPlugins,
        faults: &mut Faults,
    ) {
        let workspace = connection.workspace;
        if let Some(name) = draft.name {
            fields::name(&documents.connections, workspace, connection.id, &name, faults);
            connection.name = name;
        }
        connection.state = draft.state.unwrap_or(connection.state);
        if let Some(origins) = draft.origins {
            connection.origins = checked_origins(documents, workspace, origins, faults);
        }
        apply_types(connection, draft.event_types, draft.event_groups, faults);
        if let Some(wanted) = draft.destination {
            match documents.destinations.find(workspace, &wanted) {
                Some(found) => connection.destination = found.id,
                None => faults
                    .add("/destination", format!("there is no destination `{wanted}` in this workspace")),
            }
        }
        connection.protect = draft.protect.unwrap_or(connection.protect);
        if let Some(policy) = draft.retry {
            if let Some(policy) = &policy {
                retry::check(policy, "/retry", faults);
            }
            connection.retry = policy;
        }
        if let Some(steps) = draft.steps {
            match ask {
                AskPlugins::Yes => self.check_steps_in(documents, workspace, &steps, faults).await,
                AskPlugins::No => faults.add_below("/steps", check_steps(documents, workspace, &steps)),
            }
            connection.steps = steps;
        }
        check_rows(documents, connection, faults);
    }

    /// Notes every fault of steps somebody wants to save or try, below `/steps`.
    pub(crate) async fn check_draft_steps(
        &self,
        workspace: WorkspaceId,
        steps: &[Step],
        faults: &mut Faults,
    ) {
        let snapshot = self.snapshot().clone();
        self.check_steps_in(&snapshot.documents, workspace, steps, faults).await;
    }

    /// The same where the configuration is that one: a plan may bring the secrets and versions that steps name.
    async fn check_steps_in(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        steps: &[Step],
        faults: &mut Faults,
    ) {
        let most = self.limits().steps_max;
        if steps.len() > most {
            faults.add("/steps", format!("a connection has at most {most} steps"));
            return;
        }
        let mut found = check_steps(documents, workspace, steps);
        // A plugin is only asked about steps that compile, and only if they were all readable.
        if found.is_empty() && !faults.within("/steps") {
            found = self.check_plugin_configs_in(documents, workspace, steps).await;
        }
        faults.add_below("/steps", found);
    }
}

/// Whether what its last step makes can be rows, if that is what its destination makes of it.
fn check_rows(documents: &Documents, connection: &Connection, faults: &mut Faults) {
    let destination = documents.destinations.get(connection.destination);
    let table = destination.and_then(|found| found.endpoint.table()).and_then(|id| documents.tables.get(id));
    let last = connection.steps.iter().enumerate().next_back();
    let (Some(table), Some((at, Step { kind: StepSpec::Mapping(mapping), .. }))) = (table, last) else {
        return;
    };
    for fault in check_mapping(table, mapping) {
        let column = fields::header_place("", &fault.column);
        faults.add(format!("/steps/{at}/mapping/output{column}"), fault.detail);
    }
}

fn mean_the_same(some: &[Step], others: &[Step]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| one.means(other))
}

fn checked_origins(
    documents: &Documents,
    workspace: WorkspaceId,
    wanted: Vec<(String, String)>,
    faults: &mut Faults,
) -> Vec<Origin> {
    if wanted.is_empty() {
        faults.missing("/sources", "name at least one source, or \"published\"");
    }
    let mut origins = Vec::with_capacity(wanted.len());
    for (pointer, name) in wanted {
        let origin = match documents.origin_named(workspace, &name) {
            _ if name == PUBLISHED => Origin::Published,
            Some(found) => Origin::Source(found),
            None => {
                let what = if name.starts_with(CHANGES) { "table" } else { "source" };
                let name = name.strip_prefix(CHANGES).unwrap_or(&name);
                faults.add(pointer, format!("there is no {what} `{name}` in this workspace"));
                continue;
            }
        };
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins
}

/// Groups alone are meant where no types are named beside them.
fn apply_types(
    connection: &mut Connection,
    types: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    faults: &mut Faults,
) {
    if let Some(groups) = groups {
        if types.is_none() && !groups.is_empty() && connection.event_types == ["*"] {
            connection.event_types.clear();
        }
        if groups.len() > PATTERNS_MAX {
            faults.add("/event_groups", format!("give at most {PATTERNS_MAX} groups"));
        }
        connection.event_groups = groups;
    }
    let is_needed = connection.event_groups.is_empty();
    if let Some(patterns) = types {
        check_patterns(&patterns, is_needed, faults);
        connection.event_types = patterns;
    } else if is_needed && connection.event_types.is_empty() {
        faults.add("/event_groups", "without a group name `event_types`; [\"*\"] takes every event");
    }
}

fn check_patterns(patterns: &[String], is_needed: bool, faults: &mut Faults) {
    if (is_needed && patterns.is_empty()) || patterns.len() > PATTERNS_MAX {
        faults.add("/event_types", format!("give 1 to {PATTERNS_MAX} patterns; [\"*\"] takes every event"));
    }
    for (at, pattern) in patterns.iter().enumerate() {
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            faults.add(
                format!("/event_types/{at}"),
                format!("a pattern has at most {PATTERN_CHARS_MAX} characters"),
            );
        } else if let Some(detail) = route::fault(pattern) {
            faults.add(format!("/event_types/{at}"), detail);
        }
    }
}
