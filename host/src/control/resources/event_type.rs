//! The event catalogue: types made, changed, deleted. Schemas are compiled here once to find every fault, and examples
//! must fit them. Not here: what events of a type look like (`shape::schema`), which of them are refused
//! (`pipeline::accept`).

use std::fmt;
use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::resources::check::Faults;
use crate::control::resources::check::ManageError;
use crate::control::resources::destination::same_json;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::event_type::EventType;
use crate::domain::id::EventTypeId;
use crate::domain::id::WorkspaceId;
use crate::domain::suggest::suggest;
use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Schema;

/// Entries of a workspace.
const EVENT_TYPES_MAX: usize = 1000;
/// Characters of a type; as many as a pattern has.
const TYPE_CHARS_MAX: usize = 200;
const GROUP_CHARS_MAX: usize = 100;
const DESCRIPTION_CHARS_MAX: usize = 1000;
const EXAMPLE_BYTES_MAX: usize = 64 << 10;

/// What a request says about an entry; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct EventTypeDraft {
    /// The type.
    pub name: Option<String>,
    /// What belongs together.
    pub group: Option<Option<String>>,
    /// For people.
    pub description: Option<String>,
    /// JSON Schema, as it is written.
    pub schema: Option<Option<String>>,
    /// A payload, as it is written.
    pub example: Option<Option<String>>,
    /// Whether published events must fit.
    pub enforce: Option<bool>,
}

/// A connection that takes a group which no type is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) struct MissingGroup {
    pub(in crate::control) connection: String,
    group: String,
    near: Option<String>,
}

impl fmt::Display for MissingGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connection, group, near } = self;
        write!(
            f,
            "the connection `{connection}` takes the group `{group}`, which no event type would be in"
        )?;
        match near {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None => f.write_str("; give a type this group, or change the connection first"),
        }
    }
}

/// Every group that a connection of a workspace takes and no type is in.
pub(in crate::control) fn missing_groups(documents: &Documents, workspace: WorkspaceId) -> Vec<MissingGroup> {
    let connections = documents.connections.of(workspace);
    connections.flat_map(|connection| missing_of(documents, connection)).collect()
}

fn missing_of(documents: &Documents, connection: &Connection) -> Vec<MissingGroup> {
    if connection.event_groups.is_empty() {
        return Vec::new();
    }
    let types = documents.event_types.of(connection.workspace);
    let groups: Vec<&str> = types.filter_map(|found| found.group.as_deref()).collect();
    let missing = connection.event_groups.iter().filter(|group| !groups.contains(&group.as_str()));
    let told = |group: &String| MissingGroup {
        connection: connection.name.clone(),
        group: group.clone(),
        near: suggest(group, groups.iter().copied()).map(str::to_owned),
    };
    missing.map(told).collect()
}

/// The groups of one connection have to be there.
pub(in crate::control::resources) fn check_groups(
    documents: &Documents,
    connection: &Connection,
    faults: &mut Faults,
) {
    for missing in missing_of(documents, connection) {
        faults.add("/event_groups", missing.to_string());
    }
}

impl Control {
    /// Makes an entry. `read` has the faults found when the request was read.
    pub async fn create_event_type(
        &self,
        workspace: WorkspaceId,
        draft: EventTypeDraft,
        read: Vec<FieldFault>,
    ) -> Result<EventType, ManageError> {
        let mut faults = Faults::of("event type", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let (old, made) = self.whole_event_type(&snapshot.documents, workspace, draft, &mut faults)?;
        if old.is_some() {
            faults.add("/name", format!("the catalogue has `{}` already; change it with PATCH", made.name));
        }
        faults.done()?;
        self.write_within(vec![DocumentWrite::PutEventType(made.clone())]).await?;
        Ok(made)
    }

    /// Changes what the draft mentions.
    pub async fn update_event_type(
        &self,
        workspace: WorkspaceId,
        which: &str,
        draft: EventTypeDraft,
        read: Vec<FieldFault>,
    ) -> Result<EventType, ManageError> {
        let mut faults = Faults::of("event type", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let mut changed = find(&snapshot.documents, workspace, which)?.as_ref().clone();
        apply(&snapshot.documents, &mut changed, draft, &mut faults);
        faults.done()?;
        let write = DocumentWrite::PutEventType(changed.clone());
        check_left(&snapshot.documents, workspace, &write)?;
        self.write_within(vec![write]).await?;
        Ok(changed)
    }

    /// Deletes an entry, unless a connection takes a group that only this type is in. Events go on as they did.
    pub async fn delete_event_type(&self, workspace: WorkspaceId, which: &str) -> Result<(), ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let found = find(&snapshot.documents, workspace, which)?;
        let write = DocumentWrite::DeleteEventType(found.id);
        check_left(&snapshot.documents, workspace, &write)?;
        self.write_within(vec![write]).await?;
        Ok(())
    }

    /// The entry that a whole document means, and the one of that type, if there is one. What the document does not
    /// mention is as by default.
    pub(in crate::control) fn whole_event_type(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        draft: EventTypeDraft,
        faults: &mut Faults,
    ) -> Result<(Option<Arc<EventType>>, EventType), ManageError> {
        let named = |name| documents.event_types.named(workspace, name);
        let old = draft.name.as_deref().and_then(named).cloned();
        let mut made = self.blank_event_type(workspace);
        match &old {
            Some(old) => (made.id, made.created_at) = (old.id, old.created_at),
            None if documents.event_types.of(workspace).count() < EVENT_TYPES_MAX => {}
            None => {
                let detail =
                    format!("the event catalogue of a workspace has at most {EVENT_TYPES_MAX} types");
                return Err(ManageError::Conflict(detail));
            }
        }
        if draft.name.is_none() {
            faults.missing("/name", "say which type it is, as events have it, such as \"contact.created\"");
        }
        apply(documents, &mut made, draft, faults);
        if let Some(old) = &old {
            // Other blanks are no other schema.
            for (was, is) in [(&old.schema, &mut made.schema), (&old.example, &mut made.example)] {
                if same_json(was.as_deref(), is.as_deref()) {
                    is.clone_from(was);
                }
            }
        }
        Ok((old, made))
    }

    pub(in crate::control) fn blank_event_type(&self, workspace: WorkspaceId) -> EventType {
        EventType {
            id: EventTypeId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            group: None,
            description: String::new(),
            schema: None,
            example: None,
            enforce: false,
        }
    }
}

fn find(documents: &Documents, workspace: WorkspaceId, which: &str) -> Result<Arc<EventType>, ManageError> {
    let found = documents.event_types.find(workspace, which).cloned();
    found.ok_or_else(|| ManageError::NotFound { what: "event type", id: which.to_owned() })
}

/// No group that a connection takes may be without types afterwards.
fn check_left(
    documents: &Documents,
    workspace: WorkspaceId,
    write: &DocumentWrite,
) -> Result<(), ManageError> {
    let was = missing_groups(documents, workspace);
    let after = documents.with(documents.revision, std::slice::from_ref(write));
    match missing_groups(&after, workspace).into_iter().find(|missing| !was.contains(missing)) {
        None => Ok(()),
        Some(missing) => Err(ManageError::Conflict(missing.to_string())),
    }
}

fn apply(documents: &Documents, event_type: &mut EventType, draft: EventTypeDraft, faults: &mut Faults) {
    if let Some(name) = draft.name {
        check_name(documents, event_type, &name, faults);
        event_type.name = name;
    }
    if let Some(group) = draft.group {
        if let Some(group) = &group {
            check_text(group, 1..=GROUP_CHARS_MAX, "/group", faults);
        }
        event_type.group = group;
    }
    if let Some(description) = draft.description {
        check_text(&description, 0..=DESCRIPTION_CHARS_MAX, "/description", faults);
        event_type.description = description;
    }
    event_type.schema = draft.schema.unwrap_or_else(|| event_type.schema.take());
    event_type.example = draft.example.unwrap_or_else(|| event_type.example.take());
    event_type.enforce = draft.enforce.unwrap_or(event_type.enforce);
    if event_type.enforce && event_type.schema.is_none() {
        faults.add("/enforce", "there is no `schema` that events could be held to; give one");
    }
    check_schema(event_type, faults);
}

fn check_name(documents: &Documents, event_type: &EventType, name: &str, faults: &mut Faults) {
    check_text(name, 1..=TYPE_CHARS_MAX, "/name", faults);
    let other = documents.event_types.named(event_type.workspace, name);
    if name.contains('*') {
        faults.add("/name", "this is one type and no pattern; it has no `*`");
    } else if name.parse::<EventTypeId>().is_ok() {
        faults.add("/name", "a type must not look like an id");
    } else if other.is_some_and(|other| other.id != event_type.id) {
        faults.add("/name", format!("the catalogue has `{name}` already"));
    }
}

fn check_text(text: &str, chars: std::ops::RangeInclusive<usize>, pointer: &str, faults: &mut Faults) {
    let is_line = pointer != "/description";
    if !chars.contains(&text.chars().count()) {
        let (least, most) = (chars.start(), chars.end());
        faults.add(pointer, format!("expected {least} to {most} characters; saw {}", text.chars().count()));
    } else if is_line && (text.trim() != text || text.chars().any(char::is_control)) {
        faults.add(pointer, "it has no control characters, and no blanks around it");
    }
}

/// The schema has to be one, and the example has to fit it.
fn check_schema(event_type: &EventType, faults: &mut Faults) {
    let example = event_type.example.as_deref();
    if let Some(example) = example.filter(|example| example.len() > EXAMPLE_BYTES_MAX) {
        faults.add("/example", format!("it has {} bytes; at most {EXAMPLE_BYTES_MAX}", example.len()));
        return;
    }
    let schema = match event_type.schema.as_deref().map(Schema::compile) {
        None => return,
        Some(Ok(schema)) => schema,
        Some(Err(found)) => {
            for fault in found {
                faults.add(format!("/schema{}", fault.pointer), fault.detail);
            }
            return;
        }
    };
    let Some(Ok(example)) = example.map(|example| Document::parse(example.as_bytes())) else { return };
    match schema.misfits(example.root(), &mut Budget::default()) {
        Ok(misfits) => {
            for misfit in misfits {
                let detail = format!("the example does not fit the schema: {}", misfit.detail);
                faults.add(format!("/example{}", misfit.pointer), detail);
            }
        }
        Err(undecided) => faults.add("/schema", undecided.to_string()),
    }
}
