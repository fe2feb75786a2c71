//! A connection as it was at older revisions of the configuration. Revisions that did not change
//! its steps share them, so that their events can be run together.

use std::collections::HashMap;
use std::sync::Arc;

use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::ConnectionRuntime;
use crate::control::snapshot::Documents;
use crate::control::snapshot::PluginStep;
use crate::control::snapshot::Snapshot;
use crate::domain::id::ConnectionId;
use crate::insight::Insight;
use crate::store::Store;
use crate::store::StoreError;

/// Revisions kept at hand; events come in the order of time, so the last ones are those asked for.
const KEPT_MAX: usize = 64;

/// A connection at one revision.
#[derive(Clone, Debug)]
pub(super) struct Then {
    /// The configuration, for the names of sources; what is compiled in it may be missing.
    pub snapshot: Arc<Snapshot>,
    /// The connection with its steps.
    pub runtime: Arc<ConnectionRuntime>,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Past<'g> {
    insight: &'g Insight,
    connection: ConnectionId,
    known: HashMap<u64, Option<Then>>,
    last: Option<Arc<ConnectionRuntime>>,
}

impl<'g> Past<'g> {
    pub(super) fn new(insight: &'g Insight, connection: ConnectionId) -> Self {
        Self { insight, connection, known: HashMap::new(), last: None }
    }

    /// The connection at that revision; `None` if that is not known any more, or there was none.
    pub(super) async fn at(&mut self, revision: u64) -> Result<Option<Then>, StoreError> {
        if let Some(known) = self.known.get(&revision) {
            return Ok(known.clone());
        }
        let mut found = match self.insight.snapshot_at_hand(revision) {
            Some(snapshot) => {
                let runtime = snapshot.connections.get(&self.connection).cloned();
                runtime.map(|runtime| Then { snapshot, runtime })
            }
            None => self.read(revision).await?,
        };
        if let Some(then) = &mut found {
            match self.last.as_ref().filter(|last| same_steps(last, &then.runtime)) {
                Some(last) => then.runtime = last.clone(),
                None => self.last = Some(then.runtime.clone()),
            }
        }
        if self.known.len() >= KEPT_MAX {
            self.known.clear();
        }
        self.known.insert(revision, found.clone());
        Ok(found)
    }

    async fn read(&self, revision: u64) -> Result<Option<Then>, StoreError> {
        let Some(state) = self.insight.store().config_at(revision).await? else { return Ok(None) };
        let Ok(documents) = Documents::from_stored(revision, &state.documents) else { return Ok(None) };
        let Some(connection) = documents.connections.get(self.connection).cloned() else { return Ok(None) };
        let runtime = Arc::new(self.insight.compiler().connection(&connection, &documents).await);
        Ok(Some(Then { snapshot: Arc::new(Snapshot { documents, ..Snapshot::default() }), runtime }))
    }
}

/// Whether both run the same steps with the same versions of plugins.
fn same_steps(one: &ConnectionRuntime, two: &ConnectionRuntime) -> bool {
    let (Ok(first), Ok(second)) = (&one.steps, &two.steps) else { return false };
    let same = |one: &CompiledKind, two: &CompiledKind| match (one, two) {
        (CompiledKind::Plugin(one), CompiledKind::Plugin(two)) => {
            let tried = |step: &PluginStep| step.rollout.as_ref().map(|tried| tried.rollout.id);
            one.digest == two.digest && one.plugin.is_ok() == two.plugin.is_ok() && tried(one) == tried(two)
        }
        _ => true,
    };
    one.connection.steps == two.connection.steps
        && first.iter().zip(second).all(|(one, two)| same(&one.kind, &two.kind))
}
