//! Idle connections of one target. The newest is used first, so that the others can grow old;
//! their drivers close them then.

use parking_lot::Mutex;

use crate::egress::connect::connection::OpenConnection;

/// Idle connections kept per target.
const IDLE_MAX: usize = 64;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct ConnectionPool {
    idle: Mutex<Vec<OpenConnection>>,
}

impl ConnectionPool {
    /// An idle connection that still looks alive. The others go.
    pub(super) fn take(&self) -> Option<OpenConnection> {
        let mut idle = self.idle.lock();
        while let Some(connection) = idle.pop() {
            connection.activity.begin();
            if connection.is_alive() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request, and forgets those that were closed meanwhile.
    pub(super) fn give(&self, connection: OpenConnection) {
        if connection.sender.is_closed() {
            return;
        }
        connection.activity.rest();
        let mut idle = self.idle.lock();
        // The oldest stand first; one look is enough where connections come and go one by one.
        let stale = idle.iter().take_while(|old| old.sender.is_closed()).count();
        let excess = (idle.len() + 1).saturating_sub(IDLE_MAX);
        let gone = stale.max(excess).min(idle.len());
        idle.drain(..gone);
        idle.push(connection);
    }
}
