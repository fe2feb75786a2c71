//! What a clock wakes: deliveries that are due, retention, the gauges. Each loop calls `flow` and
//! never ends; the supervisor drops it. And what a start leaves to be done beside everything else.

use std::time::Duration;

use crate::flow::Gateway;
use crate::flow::worker::unattended::Unattended;

/// Between two sweeps of what retention lets go.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at the queues' lengths.
const GAUGE_EVERY: Duration = Duration::from_secs(1);

/// Between two looks for what nobody works on. Only what two of them find is taken up.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Wakes destinations when something is due.
pub async fn wake_due(gateway: Gateway) {
    gateway.run_alarm().await;
}

/// Deletes what is older than retention allows.
pub async fn sweep(gateway: Gateway, events_kept: Duration, log_kept: Duration) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        gateway.expire(events_kept, log_kept).await;
    }
}

/// Makes the code of plugins that another engine left without; ends when all is made.
pub async fn build(gateway: Gateway) {
    gateway.build_artifacts().await;
}

/// Finds events and deliveries that are open and that nobody works on, and takes them up.
pub async fn attend(gateway: Gateway) {
    let mut seen = Unattended::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        gateway.look_for_unattended(&mut seen).await;
    }
}

/// Keeps the gauges of queues fresh.
pub async fn gauge(gateway: Gateway) {
    loop {
        gateway.gauge();
        tokio::time::sleep(GAUGE_EVERY).await;
    }
}
