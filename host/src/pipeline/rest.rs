//! How work that nobody waits for gives way: it leaves a part of the time unused. Not here: such work.

use std::time::Duration;

use tokio::time::Instant;

/// What is owed to everybody else is paid in pauses of that length: timers know milliseconds.
const PAUSE: Duration = Duration::from_millis(5);

/// Leaves a third of the time unused. A low priority alone is not enough: where processors are
/// shared by group (containers, sessions), all threads of a process pay for what one of them used.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    owed: Duration,
}

impl Rest {
    /// To be called after working for so long.
    pub(crate) async fn after(&mut self, worked: Duration) {
        self.owed += worked / 2;
        if self.owed >= PAUSE {
            let began = Instant::now();
            tokio::time::sleep(self.owed.min(PAUSE * 4)).await;
            self.owed = self.owed.saturating_sub(began.elapsed());
        }
    }
}
