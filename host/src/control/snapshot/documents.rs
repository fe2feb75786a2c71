//! The configuration as typed tables, by id and by name. Not here: anything compiled from it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::alert;
use crate::domain::alert::ALERTS;
use crate::domain::config::ApiKey;
use crate::domain::config::Connection;
use crate::domain::config::DocumentSet;
use crate::domain::config::PluginConfig;
use crate::domain::config::Source;
use crate::domain::config::Workspace;
use crate::domain::destination::Destination;
use crate::domain::event_type::EventType;
use crate::domain::id::ConnectionId;
use crate::domain::id::DestinationId;
use crate::domain::id::EventTypeId;
use crate::domain::id::KeyId;
use crate::domain::id::PluginId;
use crate::domain::id::SecretId;
use crate::domain::id::SetId;
use crate::domain::id::SourceId;
use crate::domain::id::TableId;
use crate::domain::id::TestId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin_test::PluginTest;
use crate::domain::sealed::SealedSecret;
use crate::domain::table::CHANGES;
use crate::domain::table::Table;

/// A kind of document: how it is keyed in the store and found by people.
pub trait Resource: Serialize + DeserializeOwned {
    /// The first part of its key, such as `source`.
    const KIND: &'static str;
    /// Its id.
    type Id: Ord + Copy + Display + FromStr;
    /// The id of this one.
    fn id(&self) -> Self::Id;
    /// Whose it is.
    fn workspace(&self) -> WorkspaceId;
    /// What people call it; unique in its workspace.
    fn name(&self) -> &str;
}

macro_rules! document {
    ($type:ty, $id:ty, $kind:literal, $workspace:ident, $name:ident) => {
        impl Resource for $type {
            const KIND: &'static str = $kind;
            type Id = $id;
            fn id(&self) -> $id {
                self.id
            }
            fn workspace(&self) -> WorkspaceId {
                self.$workspace
            }
            fn name(&self) -> &str {
                &self.$name
            }
        }
    };
}

document!(Workspace, WorkspaceId, "workspace", id, name);
document!(ApiKey, KeyId, "key", workspace, name);
document!(Source, SourceId, "source", workspace, name);
document!(Connection, ConnectionId, "connection", workspace, name);
document!(Destination, DestinationId, "destination", workspace, name);
document!(PluginConfig, PluginId, "plugin", workspace, name);
document!(PluginTest, TestId, "plugin_test", workspace, path);
document!(DocumentSet, SetId, "set", workspace, name);
document!(Table, TableId, "table", workspace, name);
document!(EventType, EventTypeId, "event_type", workspace, name);

impl Resource for SealedSecret {
    const KIND: &'static str = "secret";
    type Id = SecretId;
    fn id(&self) -> SecretId {
        self.id
    }
    fn workspace(&self) -> WorkspaceId {
        self.workspace
    }
    fn name(&self) -> &str {
        self.name.as_str()
    }
}

/// The documents of one kind.
#[derive(Debug)]
pub struct Collection<T: Resource> {
    by_id: BTreeMap<T::Id, Arc<T>>,
    by_name: HashMap<(WorkspaceId, String), T::Id>,
}

impl<T: Resource> Clone for Collection<T> {
    fn clone(&self) -> Self {
        Self { by_id: self.by_id.clone(), by_name: self.by_name.clone() }
    }
}

impl<T: Resource> Default for Collection<T> {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), by_name: HashMap::new() }
    }
}

impl<T: Resource> Collection<T> {
    /// The one with that id.
    pub fn get(&self, id: T::Id) -> Option<&Arc<T>> {
        self.by_id.get(&id)
    }

    /// The one with that id or name in a workspace.
    pub fn find(&self, workspace: WorkspaceId, id_or_name: &str) -> Option<&Arc<T>> {
        let by_id = id_or_name.parse().ok().and_then(|id| self.by_id.get(&id));
        by_id
            .filter(|document| document.workspace() == workspace)
            .or_else(|| self.named(workspace, id_or_name))
    }

    /// The one of that name in a workspace.
    pub fn named(&self, workspace: WorkspaceId, name: &str) -> Option<&Arc<T>> {
        self.by_name.get(&(workspace, name.to_owned())).and_then(|id| self.by_id.get(id))
    }

    /// The one with that id in any workspace. Names are looked up only where it is known whose they are.
    pub fn with_id(&self, id: &str) -> Option<&Arc<T>> {
        id.parse().ok().and_then(|id| self.by_id.get(&id))
    }

    /// Those of a workspace, oldest first.
    pub fn of(&self, workspace: WorkspaceId) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.by_id.values().filter(move |document| document.workspace() == workspace)
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.by_id.values()
    }

    fn put(&mut self, document: Arc<T>) {
        self.remove(document.id());
        self.by_name.insert((document.workspace(), document.name().to_owned()), document.id());
        self.by_id.insert(document.id(), document);
    }

    fn remove(&mut self, id: T::Id) {
        let Some(old) = self.by_id.remove(&id) else { return };
        let name = (old.workspace(), old.name().to_owned());
        // Keys may have the names of others.
        if self.by_name.get(&name) == Some(&id) {
            self.by_name.remove(&name);
        }
    }
}

/// Everything operators set up.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Grows by one with each write.
    pub revision: u64,
    /// Tenants.
    pub workspaces: Collection<Workspace>,
    /// Keys of the API and of sources.
    pub keys: Collection<ApiKey>,
    /// Where events come in.
    pub sources: Collection<Source>,
    /// What connects them.
    pub connections: Collection<Connection>,
    /// Where payloads go.
    pub destinations: Collection<Destination>,
    /// Uploaded components.
    pub plugins: Collection<PluginConfig>,
    /// Their captured tests.
    pub plugin_tests: Collection<PluginTest>,
    /// Secrets for plugins.
    pub secrets: Collection<SealedSecret>,
    /// What was applied together.
    pub sets: Collection<DocumentSet>,
    /// Rows with columns.
    pub tables: Collection<Table>,
    /// The event catalogue.
    pub event_types: Collection<EventType>,
}

/// A change of one document.
#[derive(Clone, Debug)]
pub enum DocumentWrite {
    /// Makes or replaces a workspace.
    PutWorkspace(Workspace),
    /// Makes or replaces a key.
    PutKey(ApiKey),
    /// Deletes a key.
    DeleteKey(KeyId),
    /// Makes or replaces a source.
    PutSource(Box<Source>),
    /// Deletes a source.
    DeleteSource(SourceId),
    /// Makes or replaces a connection.
    PutConnection(Connection),
    /// Deletes a connection.
    DeleteConnection(ConnectionId),
    /// Makes or replaces a destination.
    PutDestination(Destination),
    /// Deletes a destination.
    DeleteDestination(DestinationId),
    /// Makes or replaces a plugin.
    PutPlugin(PluginConfig),
    /// Deletes a plugin.
    DeletePlugin(PluginId),
    /// Makes or replaces a test of a plugin.
    PutPluginTest(PluginTest),
    /// Deletes a test of a plugin.
    DeletePluginTest(TestId),
    /// Makes or replaces a secret.
    PutSecret(SealedSecret),
    /// Deletes a secret.
    DeleteSecret(SecretId),
    /// Makes or replaces a set.
    PutSet(DocumentSet),
    /// Makes or replaces a table.
    PutTable(Table),
    /// Deletes a table; its rows go later.
    DeleteTable(TableId),
    /// Makes or replaces an entry of the event catalogue.
    PutEventType(EventType),
    /// Deletes an entry of the event catalogue.
    DeleteEventType(EventTypeId),
}

fn key_of<T: Resource>(id: T::Id) -> String {
    format!("{}/{id}", T::KIND)
}

fn put<T: Resource>(document: &T) -> (String, Option<Vec<u8>>) {
    let bytes = serde_json::to_vec(document).expect("documents have string keys only");
    (key_of::<T>(document.id()), Some(bytes))
}

impl DocumentWrite {
    /// The workspace that gets something which its limits may be against.
    pub(crate) fn bounded_workspace(&self) -> Option<WorkspaceId> {
        match self {
            Self::PutSource(document) => Some(document.workspace),
            Self::PutConnection(document) => Some(document.workspace),
            Self::PutDestination(document) => Some(document.workspace),
            Self::PutPlugin(document) => Some(document.workspace),
            Self::PutTable(document) => Some(document.workspace),
            Self::PutEventType(document) => Some(document.workspace),
            _ => None,
        }
    }

    /// The key in the store and the new document, or nothing to delete it.
    pub fn to_stored(&self) -> (String, Option<Vec<u8>>) {
        match self {
            Self::PutWorkspace(document) => put(document),
            Self::PutKey(document) => put(document),
            Self::DeleteKey(id) => (key_of::<ApiKey>(*id), None),
            Self::PutSource(document) => put(&**document),
            Self::DeleteSource(id) => (key_of::<Source>(*id), None),
            Self::PutConnection(document) => put(document),
            Self::DeleteConnection(id) => (key_of::<Connection>(*id), None),
            Self::PutDestination(document) => put(document),
            Self::DeleteDestination(id) => (key_of::<Destination>(*id), None),
            Self::PutPlugin(document) => put(document),
            Self::DeletePlugin(id) => (key_of::<PluginConfig>(*id), None),
            Self::PutPluginTest(document) => put(document),
            Self::DeletePluginTest(id) => (key_of::<PluginTest>(*id), None),
            Self::PutSecret(document) => put(document),
            Self::DeleteSecret(id) => (key_of::<SealedSecret>(*id), None),
            Self::PutSet(document) => put(document),
            Self::PutTable(document) => put(document),
            Self::DeleteTable(id) => (key_of::<Table>(*id), None),
            Self::PutEventType(document) => put(document),
            Self::DeleteEventType(id) => (key_of::<EventType>(*id), None),
        }
    }
}

/// A stored document could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the stored document `{key}` cannot be read: {detail}")]
pub struct BadDocument {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub detail: String,
}

fn load<T: Resource>(table: &mut Collection<T>, key: &str, bytes: &[u8]) -> Result<(), BadDocument> {
    match serde_json::from_slice(bytes) {
        Ok(document) => {
            table.put(Arc::new(document));
            Ok(())
        }
        Err(error) => Err(BadDocument { key: key.to_owned(), detail: error.to_string() }),
    }
}

impl Documents {
    /// The oldest workspace: the operator's.
    pub fn first_workspace(&self) -> Option<&Arc<Workspace>> {
        self.workspaces.all().next()
    }

    /// The workspace with that id or name; no two have the same.
    pub fn workspace(&self, id_or_name: &str) -> Option<&Arc<Workspace>> {
        let named = || self.workspaces.all().find(|workspace| workspace.name == id_or_name);
        self.workspaces.with_id(id_or_name).or_else(named)
    }

    /// What events come from that is called so in a workspace: a source by its id or name, the changes of a table by
    /// `table:` and its name, or its alerts.
    pub fn origin_named(&self, workspace: WorkspaceId, which: &str) -> Option<SourceId> {
        match which.strip_prefix(CHANGES) {
            Some(table) => self.tables.find(workspace, table).map(|table| table.changes()),
            // A source may have been called so before there were any.
            None => {
                let source = self.sources.find(workspace, which).map(|source| source.id);
                source.or_else(|| (which == ALERTS).then(|| alert::origin(workspace)))
            }
        }
    }

    /// The workspace whose alerts these are.
    pub fn alerted_workspace(&self, origin: SourceId) -> Option<&Arc<Workspace>> {
        self.workspaces.get(WorkspaceId::from_bits(origin.bits()))
    }

    /// The table whose changes these are.
    pub fn changed_table(&self, origin: SourceId) -> Option<&Arc<Table>> {
        self.tables.get(TableId::from_bits(origin.bits()))
    }

    /// What it is called where a connection names it: a source by its id, the changes of a table by its name.
    pub fn origin_text(&self, origin: SourceId) -> String {
        match (self.changed_table(origin), self.alerted_workspace(origin)) {
            (Some(table), _) => format!("{CHANGES}{}", table.name),
            (None, Some(_)) => ALERTS.to_owned(),
            (None, None) => origin.to_string(),
        }
    }

    /// The source at which a URL leads that names it: any by its id, and by their names those of the first workspace
    /// alone. So no workspace can take, or inherit, a URL of another one by giving a source its name.
    pub fn source_at(&self, id_or_name: &str) -> Option<&Arc<Source>> {
        let named = || self.sources.find(self.first_workspace()?.id, id_or_name);
        self.sources.with_id(id_or_name).or_else(named)
    }

    /// Reads the store's documents.
    pub fn from_stored(revision: u64, stored: &[(String, Vec<u8>)]) -> Result<Self, BadDocument> {
        let mut documents = Self { revision, ..Self::default() };
        for (key, bytes) in stored {
            let kind = key.split_once('/').map_or(key.as_str(), |(kind, _)| kind);
            match kind {
                Workspace::KIND => load(&mut documents.workspaces, key, bytes)?,
                ApiKey::KIND => load(&mut documents.keys, key, bytes)?,
                Source::KIND => load(&mut documents.sources, key, bytes)?,
                Connection::KIND => load(&mut documents.connections, key, bytes)?,
                Destination::KIND => load(&mut documents.destinations, key, bytes)?,
                PluginConfig::KIND => load(&mut documents.plugins, key, bytes)?,
                PluginTest::KIND => load(&mut documents.plugin_tests, key, bytes)?,
                SealedSecret::KIND => load(&mut documents.secrets, key, bytes)?,
                DocumentSet::KIND => load(&mut documents.sets, key, bytes)?,
                Table::KIND => load(&mut documents.tables, key, bytes)?,
                EventType::KIND => load(&mut documents.event_types, key, bytes)?,
                _ => {
                    let detail = "this hookmill knows no such kind".to_owned();
                    return Err(BadDocument { key: key.clone(), detail });
                }
            }
        }
        Ok(documents)
    }

    /// The same with these changes, at a new revision.
    pub fn with(&self, revision: u64, writes: &[DocumentWrite]) -> Self {
        let mut next = self.clone();
        next.revision = revision;
        writes.iter().for_each(|write| next.change(write.clone()));
        next
    }

    /// With one change more.
    pub fn change(&mut self, write: DocumentWrite) {
        match write {
            DocumentWrite::PutWorkspace(document) => self.workspaces.put(Arc::new(document)),
            DocumentWrite::PutKey(document) => self.keys.put(Arc::new(document)),
            DocumentWrite::DeleteKey(id) => self.keys.remove(id),
            DocumentWrite::PutSource(document) => self.sources.put(Arc::from(document)),
            DocumentWrite::DeleteSource(id) => self.sources.remove(id),
            DocumentWrite::PutConnection(document) => self.connections.put(Arc::new(document)),
            DocumentWrite::DeleteConnection(id) => self.connections.remove(id),
            DocumentWrite::PutDestination(document) => self.destinations.put(Arc::new(document)),
            DocumentWrite::DeleteDestination(id) => self.destinations.remove(id),
            DocumentWrite::PutPlugin(document) => self.plugins.put(Arc::new(document)),
            DocumentWrite::DeletePlugin(id) => self.plugins.remove(id),
            DocumentWrite::PutPluginTest(document) => self.plugin_tests.put(Arc::new(document)),
            DocumentWrite::DeletePluginTest(id) => self.plugin_tests.remove(id),
            DocumentWrite::PutSecret(document) => self.secrets.put(Arc::new(document)),
            DocumentWrite::DeleteSecret(id) => self.secrets.remove(id),
            DocumentWrite::PutSet(document) => self.sets.put(Arc::new(document)),
            DocumentWrite::PutTable(document) => self.tables.put(Arc::new(document)),
            DocumentWrite::DeleteTable(id) => self.tables.remove(id),
            DocumentWrite::PutEventType(document) => self.event_types.put(Arc::new(document)),
            DocumentWrite::DeleteEventType(id) => self.event_types.remove(id),
        }
    }
}
