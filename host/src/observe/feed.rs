//! What happens, as it happens, for those who watch. Never waits for a watcher: a slow one
//! misses lines and is told how many.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// Lines a watcher may be behind before it misses some.
const BACKLOG: usize = 1024;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Such as `event.received` or `delivery.attempted`.
    pub kind: &'static str,
    /// Ids and outcomes; never a payload.
    pub data: serde_json::Value,
}

/// Everything that happens in this process, to whoever listens.
#[derive(Clone, Debug)]
pub struct LiveFeed {
    sender: broadcast::Sender<Arc<LiveEvent>>,
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }
}

impl LiveFeed {
    /// Tells the watchers; `data` is only made when there are any.
    pub fn tell(
        &self,
        at: Timestamp,
        workspace: WorkspaceId,
        kind: &'static str,
        data: impl FnOnce() -> serde_json::Value,
    ) {
        if self.sender.receiver_count() > 0 {
            let event = LiveEvent { at, workspace, kind, data: data() };
            // The last watcher may have left since the line above; then nobody misses it.
            let _nobody = self.sender.send(Arc::new(event));
        }
    }

    /// Begins to watch. Lines of all workspaces come; the caller shows those of its own.
    pub fn watch(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        self.sender.subscribe()
    }
}
