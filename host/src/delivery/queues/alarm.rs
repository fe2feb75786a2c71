//! Wakes destinations when their next parked delivery is due. One sleeper for all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::id::DestinationId;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;

/// Longest sleep, so that a wall clock that was set back cannot park everything.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// The times at which destinations want to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    times: Mutex<BTreeSet<(Timestamp, DestinationId)>>,
    earlier: Notify,
}

impl Alarm {
    /// Wakes the destination at that time.
    pub(crate) fn set(&self, at: Timestamp, destination: DestinationId) {
        let mut times = self.times.lock();
        let first = times.first().is_none_or(|(first, _)| at < *first);
        times.insert((at, destination));
        drop(times);
        if first {
            self.earlier.notify_one();
        }
    }

    fn due(&self, now: Timestamp) -> (Vec<DestinationId>, Duration) {
        let mut times = self.times.lock();
        let mut due = Vec::new();
        while let Some(&(at, destination)) = times.first() {
            if at > now {
                return (due, at.since(now).min(SLEEP_MAX));
            }
            times.pop_first();
            due.push(destination);
        }
        (due, SLEEP_MAX)
    }

    /// Calls `wake` for each destination when its time has come; never ends.
    pub(crate) async fn run(&self, clock: &Clock, wake: impl Fn(DestinationId)) {
        loop {
            // Armed before looking, so that an earlier time set meanwhile is not missed.
            let earlier = self.earlier.notified();
            let (due, sleep) = self.due(clock.now());
            due.into_iter().for_each(&wake);
            tokio::select! {
                () = earlier => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
}
