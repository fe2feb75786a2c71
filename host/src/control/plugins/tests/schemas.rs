//! Which destinations' schemas what a plugin forwards should fit. Not here: trying it.

use std::sync::Arc;

use crate::control::Control;
use crate::domain::config::Connection;
use crate::domain::config::PluginConfig;
use crate::domain::config::StepSpec;
use crate::domain::destination::Destination;
use crate::sandbox::Fitting;

/// Schemas that are tried at a time.
const SCHEMAS_MAX: usize = 4;

impl Control {
    /// The schema of this destination; without one, those of all destinations that get what the plugin forwards as it is,
    /// each once, up to four.
    pub(super) async fn schemas_to_fit(
        &self,
        plugin: &PluginConfig,
        destination: Option<Arc<Destination>>,
    ) -> Vec<Fitting> {
        let destinations = destination.map_or_else(|| self.reached_with_schema(plugin), |one| vec![one]);
        let schemas: Vec<&str> =
            destinations.iter().filter_map(|destination| destination.payload_schema.as_deref()).collect();
        if schemas.is_empty() {
            return Vec::new();
        }
        let judges = self.sandbox().judges(&schemas).await;
        let schema = |destination: &Destination| format!("the payload schema of {}", destination.name);
        let named = destinations.iter().zip(judges);
        named.map(|(destination, judge)| Fitting::new(&schema(destination), judge)).collect()
    }

    fn reached_with_schema(&self, plugin: &PluginConfig) -> Vec<Arc<Destination>> {
        let snapshot = self.snapshot();
        let documents = &snapshot.documents;
        let mut reached: Vec<Arc<Destination>> = Vec::new();
        for connection in documents.connections.of(plugin.workspace) {
            let destination = documents.destinations.get(connection.destination);
            let Some(destination) = destination.filter(|_| forwards_last(connection, &plugin.name)) else {
                continue;
            };
            let is_new = reached.iter().all(|other| other.payload_schema != destination.payload_schema);
            if destination.payload_schema.is_some() && is_new && reached.len() < SCHEMAS_MAX {
                reached.push(destination.clone());
            }
        }
        reached
    }
}

/// Whether a connection sends what the plugin forwards as it is: behind it are filters only.
fn forwards_last(connection: &Connection, plugin: &str) -> bool {
    let mut shaping = connection.steps.iter().rev().filter(|step| !matches!(step.kind, StepSpec::Filter(_)));
    matches!(shaping.next().map(|step| &step.kind), Some(StepSpec::Plugin { name, .. }) if name == plugin)
}
