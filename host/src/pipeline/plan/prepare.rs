//! Lets an event wait for the code of its plugins without keeping others waiting. Not here: making it for all versions
//! after a start (`control::plugins::artifacts`), compiling (`sandbox`).

use crate::control::snapshot::ConnectionRuntime;
use crate::domain::event::Event;
use crate::pipeline::Pipeline;
use crate::pipeline::plan::connection::connections;
use crate::sandbox::Plugin;

impl Pipeline {
    /// Whether the steps of an event could run now. `false` also where the configuration it was accepted under has to
    /// be read first.
    pub(crate) fn is_prepared(&self, event: &Event) -> bool {
        self.snapshot_at_hand(event.data.revision).is_some_and(|snapshot| {
            let mut needed = connections(&snapshot, event).flat_map(|connection| connection.plugins());
            needed.all(Plugin::is_prepared)
        })
    }

    /// Waits until they can; what does not compile shows when they run.
    pub(crate) async fn prepare(&self, event: &Event) {
        // A configuration that cannot be read shows when the event is planned, too.
        let Ok(snapshot) = self.snapshot_at(event.data.revision).await else { return };
        for connection in connections(&snapshot, event) {
            prepare_connection(connection).await;
        }
    }
}

/// Waits until the plugins of a connection have code, or cannot have any.
pub(crate) async fn prepare_connection(connection: &ConnectionRuntime) {
    for plugin in connection.plugins() {
        // Told when it is called.
        let _failed = plugin.prepare().await;
    }
}
