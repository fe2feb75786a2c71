//! Tables: made, changed, deleted. A new one brings along what fills it: a source with a key, a destination and a
//! connection of its name. Not here: what its columns may be (`columns`), its rows (`pipeline::rows`).

mod columns;

pub use columns::ColumnDraft;

use std::sync::Arc;

use crate::control::Control;
use crate::control::FieldFault;
use crate::control::resources::AskPlugins;
use crate::control::resources::check::Faults;
use crate::control::resources::check::GivenCredentials;
use crate::control::resources::check::ManageError;
use crate::control::resources::check::fields;
use crate::control::resources::check::references;
use crate::control::resources::connection::ConnectionDraft;
use crate::control::resources::destination::DestinationDraft;
use crate::control::resources::key::NewKey;
use crate::control::resources::source::SourceDraft;
use crate::control::snapshot::DocumentWrite;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::OnError;
use crate::domain::config::Origin;
use crate::domain::config::Source;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationKind;
use crate::domain::id::TableId;
use crate::domain::id::WorkspaceId;
use crate::domain::table::ROW_KEY;
use crate::domain::table::Table;
use crate::rules::table::check_mapping;
use crate::store::Store as _;

/// What the types of events begin with, where a table does not say.
const EVENT_PREFIX: &str = "row";
const PREFIX_CHARS_MAX: usize = 60;

/// What a request says about a table; `None`: not mentioned.
#[derive(Clone, Debug, Default)]
pub struct TableDraft {
    /// Unique in its workspace.
    pub name: Option<String>,
    /// All of them, in their order.
    pub columns: Option<Vec<ColumnDraft>>,
    /// Names of the columns that tell rows apart.
    pub key: Option<Vec<String>>,
    /// What the types of its events begin with.
    pub event_prefix: Option<String>,
    /// Whether it is refused to delete it.
    pub protect: Option<bool>,
}

/// A table and what came with it.
#[derive(Debug)]
pub struct NewTable {
    /// The table.
    pub table: Table,
    /// Where its rows come in.
    pub source: Source,
    /// A key that opens the source.
    pub key: NewKey,
}

impl Control {
    /// Makes a table, and a source, a destination and a connection of its name that fill it. `mapping` is the JSON of how
    /// a payload becomes a row; without it, each column is taken from the field of its name.
    pub async fn create_table(
        &self,
        workspace: WorkspaceId,
        draft: TableDraft,
        mapping: Option<String>,
        read: Vec<FieldFault>,
    ) -> Result<NewTable, ManageError> {
        let mut faults = Faults::of("table", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        self.check_table_room(&snapshot.documents, workspace)?;
        let (_, table) = self.whole_table(&snapshot.documents, workspace, draft, &mut faults).await?;
        // What is made with it would be told wrong for the same reasons.
        if faults.count() > 0 {
            return Err(ManageError::Invalid { what: "table", faults: faults.into_inner() });
        }
        let mapping = mapping.unwrap_or_else(|| by_name(&table));
        let mut there = snapshot.documents.clone();
        there.change(DocumentWrite::PutTable(table.clone()));
        let (source, destination, connection) = self.feed(&mut there, &table, mapping, &mut faults).await?;
        faults.done()?;
        let key = self.make_key(workspace, &source.name, Vec::new(), Some(source.id));
        self.write_within(vec![
            DocumentWrite::PutTable(table.clone()),
            DocumentWrite::PutSource(source.clone().into()),
            DocumentWrite::PutKey(key.key.clone()),
            DocumentWrite::PutDestination(destination),
            DocumentWrite::PutConnection(connection),
        ])
        .await?;
        Ok(NewTable { table, source, key })
    }

    /// What fills a table, all of its name. Faults that are the name's are told once.
    async fn feed(
        &self,
        there: &mut Documents,
        table: &Table,
        mapping: String,
        faults: &mut Faults,
    ) -> Result<(Source, Destination, Connection), ManageError> {
        let (workspace, name) = (table.workspace, Some(table.name.clone()));
        for (what, is_taken) in [
            ("source", there.sources.named(workspace, &table.name).is_some()),
            ("destination", there.destinations.named(workspace, &table.name).is_some()),
            ("connection", there.connections.named(workspace, &table.name).is_some()),
        ] {
            if is_taken {
                let detail = format!(
                    "a table brings a {what} of its name along, and there is one already; choose a name that is free"
                );
                faults.add("/name", detail);
            }
        }
        let draft = SourceDraft { name: name.clone(), ..SourceDraft::default() };
        let (_, source) = self.whole_source(there, workspace, draft, faults);
        there.change(DocumentWrite::PutSource(source.clone().into()));
        let kind = Some(DestinationKind::Table);
        let of = Some(table.name.clone());
        let draft = DestinationDraft { name: name.clone(), kind, table: of, ..DestinationDraft::default() };
        let given = GivenCredentials { auth: true, headers: true };
        let (_, made) = self.whole_destination(there, workspace, draft, given, faults);
        there.change(DocumentWrite::PutDestination(made.destination.clone()));
        let step = Step { kind: StepSpec::Mapping(mapping), on_error: OnError::Fail };
        let draft = ConnectionDraft {
            origins: name.clone().map(|name| vec![("/source".to_owned(), name)]),
            steps: Some(vec![step]),
            destination: name.clone(),
            name,
            ..ConnectionDraft::default()
        };
        let mut own = Faults::of("connection", Vec::new());
        let (_, connection) =
            self.whole_connection(there, workspace, draft, AskPlugins::Yes, &mut own).await?;
        for fault in own.into_inner() {
            // The mapping is the request's own field.
            let pointer = fault.pointer.strip_prefix("/steps/0").unwrap_or(&fault.pointer).to_owned();
            faults.add(pointer, fault.detail);
        }
        Ok((source, made.destination, connection))
    }

    /// Changes what the draft mentions. While the table has rows, columns stay what they are; further ones may come.
    pub async fn update_table(
        &self,
        workspace: WorkspaceId,
        which: &str,
        draft: TableDraft,
        read: Vec<FieldFault>,
    ) -> Result<Table, ManageError> {
        let mut faults = Faults::of("table", read);
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let old = find(&snapshot.documents, workspace, which)?;
        let has_rows = self.has_rows(&old).await?;
        let mut table = old.as_ref().clone();
        self.apply_table(
            &snapshot.documents,
            &mut table,
            Some(old.as_ref()).filter(|_| has_rows),
            draft,
            &mut faults,
        );
        check_feeds(&snapshot.documents, &table, &mut faults);
        faults.done()?;
        self.write(vec![DocumentWrite::PutTable(table.clone())]).await?;
        Ok(table)
    }

    /// The table that a whole document means, and the one of that name, if there is one.
    pub(in crate::control) async fn whole_table(
        &self,
        documents: &Documents,
        workspace: WorkspaceId,
        draft: TableDraft,
        faults: &mut Faults,
    ) -> Result<(Option<Arc<Table>>, Table), ManageError> {
        let old = draft.name.as_deref().and_then(|name| documents.tables.named(workspace, name)).cloned();
        let mut table = self.blank_table(workspace);
        let mut with_rows = None;
        match &old {
            Some(old) => {
                (table.id, table.created_at, table.slots) = (old.id, old.created_at, old.slots);
                table.columns.clone_from(&old.columns);
                with_rows = self.has_rows(old).await?.then_some(old.as_ref());
            }
            None => self.check_table_room(documents, workspace)?,
        }
        if draft.name.is_none() {
            faults.missing("/name", "a table needs a name");
        }
        if draft.columns.is_none() {
            faults.missing(
                "/columns",
                "a table needs columns, such as [{\"name\": \"email\", \"type\": \"text\"}]",
            );
        }
        let whole = TableDraft { key: Some(draft.key.clone().unwrap_or_default()), ..draft };
        self.apply_table(documents, &mut table, with_rows, whole, faults);
        Ok((old, table))
    }

    pub(in crate::control) fn blank_table(&self, workspace: WorkspaceId) -> Table {
        Table {
            id: TableId::from_bits(self.new_id()),
            workspace,
            name: String::new(),
            created_at: self.now(),
            protect: false,
            columns: Vec::new(),
            key: Vec::new(),
            event_prefix: EVENT_PREFIX.to_owned(),
            slots: 0,
        }
    }

    /// `with_rows` is what it was, if it has rows.
    fn apply_table(
        &self,
        documents: &Documents,
        table: &mut Table,
        with_rows: Option<&Table>,
        draft: TableDraft,
        faults: &mut Faults,
    ) {
        if let Some(name) = draft.name {
            fields::name(&documents.tables, table.workspace, table.id, &name, faults);
            table.name = name;
        }
        table.protect = draft.protect.unwrap_or(table.protect);
        if let Some(prefix) = draft.event_prefix {
            let is_fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
            if prefix.is_empty() || prefix.len() > PREFIX_CHARS_MAX || !prefix.chars().all(is_fine) {
                let detail = format!("expected 1 to {PREFIX_CHARS_MAX} of a-z, A-Z, 0-9, `.`, `_` and `-`");
                faults.add("/event_prefix", detail);
            }
            table.event_prefix = prefix;
        }
        // Its key needs its columns, also where the request does not mention it.
        let is_new_form = draft.columns.is_some();
        if let Some(columns) = draft.columns {
            columns::apply(table, columns, with_rows, faults);
        }
        if let Some(key) = draft.key.or_else(|| is_new_form.then(|| table.key.clone())) {
            columns::apply_key(table, key, with_rows, faults);
        }
    }

    fn check_table_room(&self, documents: &Documents, workspace: WorkspaceId) -> Result<(), ManageError> {
        let most = self.limits().tables_max;
        if documents.tables.of(workspace).count() < most {
            return Ok(());
        }
        Err(ManageError::Conflict(format!("a workspace has at most {most} tables; delete one first")))
    }

    async fn has_rows(&self, table: &Table) -> Result<bool, ManageError> {
        Ok(!self.store().kv_keys(&table.space(), ROW_KEY, 1).await?.is_empty())
    }

    /// Deletes a table, its destinations and the connections that fill it; sources stay. Not while connections take its
    /// changes.
    pub async fn delete_table(&self, workspace: WorkspaceId, which: &str) -> Result<Arc<Table>, ManageError> {
        let _guard = self.write_guard().await;
        let snapshot = self.snapshot().clone();
        let documents = &snapshot.documents;
        let table = find(documents, workspace, which)?;
        check_unheard(documents, &table)?;
        self.write_within(delete(documents, &table)).await?;
        Ok(table)
    }
}

/// Refuses while connections take its changes.
pub(in crate::control) fn check_unheard(documents: &Documents, table: &Table) -> Result<(), ManageError> {
    let changes = Origin::Source(table.changes());
    references::refuse(documents, table.workspace, "table", |connection| {
        connection.origins.contains(&changes)
    })
}

/// Refuses while a destination makes rows of it.
pub(in crate::control) fn check_unfilled(documents: &Documents, table: &Table) -> Result<(), ManageError> {
    let mut destinations = documents.destinations.of(table.workspace);
    match destinations.find(|found| found.endpoint.table() == Some(table.id)) {
        None => Ok(()),
        Some(found) => {
            let detail = format!("the destination `{}` makes rows of it; delete that first", found.name);
            Err(ManageError::Conflict(detail))
        }
    }
}

/// How a table goes, and what is nothing without it.
fn delete(documents: &Documents, table: &Table) -> Vec<DocumentWrite> {
    let destinations = documents.destinations.of(table.workspace);
    let own: Vec<_> =
        destinations.filter(|found| found.endpoint.table() == Some(table.id)).map(|found| found.id).collect();
    let connections = documents.connections.of(table.workspace);
    let filling = connections.filter(|connection| own.contains(&connection.destination));
    filling
        .map(|connection| DocumentWrite::DeleteConnection(connection.id))
        .chain(own.iter().map(|id| DocumentWrite::DeleteDestination(*id)))
        .chain([DocumentWrite::DeleteTable(table.id)])
        .collect()
}

fn find(documents: &Documents, workspace: WorkspaceId, which: &str) -> Result<Arc<Table>, ManageError> {
    let found = documents.tables.find(workspace, which).cloned();
    found.ok_or_else(|| ManageError::NotFound { what: "table", id: which.to_owned() })
}

/// A mapping that takes each column from the field of its name.
fn by_name(table: &Table) -> String {
    let path = |name: &str| format!("$[{}]", serde_json::Value::from(name));
    let fields = table.columns.iter().map(|column| {
        let value = serde_json::json!({"$path": path(&column.name), "$omit": true});
        (column.name.clone(), value)
    });
    let output: serde_json::Map<String, serde_json::Value> = fields.collect();
    serde_json::json!({"version": 1, "output": output}).to_string()
}

/// Whether what fills the table can still do so.
fn check_feeds(documents: &Documents, table: &Table, faults: &mut Faults) {
    for connection in documents.connections.of(table.workspace) {
        let destination = documents.destinations.get(connection.destination);
        if destination.and_then(|found| found.endpoint.table()) != Some(table.id) {
            continue;
        }
        let Some(Step { kind: StepSpec::Mapping(mapping), .. }) = connection.steps.last() else { continue };
        for fault in check_mapping(table, mapping) {
            let detail = format!("the connection `{}` would not fill it: {}", connection.name, fault.detail);
            faults.add("/columns", detail);
        }
    }
}
