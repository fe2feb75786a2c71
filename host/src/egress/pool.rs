//! Idle connections of one target. The newest is used first, so that the others can grow old and
//! go.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::egress::connection::Connection;

/// Idle connections kept per target.
const IDLE_MAX: usize = 64;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl Pool {
    /// An idle connection that still looks alive.
    pub(super) fn take(&self, idle_timeout: Duration) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        while let Some((since, connection)) = idle.pop() {
            if since.elapsed() >= idle_timeout {
                // All the others are older still.
                idle.clear();
                return None;
            }
            if !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub(super) fn give(&self, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if idle.len() >= IDLE_MAX {
            idle.remove(0);
        }
        idle.push((Instant::now(), connection));
    }
}
