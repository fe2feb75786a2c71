//! How many rejections are recorded: beyond so many a second they are only counted, so that a flood fills no disk.

use parking_lot::Mutex;

use crate::domain::time::Timestamp;

/// Rejections recorded per second.
const PER_SECOND_MAX: u32 = 50;

/// How many were recorded in this second.
#[derive(Debug, Default)]
pub(crate) struct RejectionRate(Mutex<(u64, u32)>);

impl RejectionRate {
    /// Whether one more may be recorded.
    pub(super) fn may_record(&self, at: Timestamp) -> bool {
        let second = at.as_secs();
        let mut recorded = self.0.lock();
        if recorded.0 != second {
            *recorded = (second, 0);
        }
        recorded.1 += 1;
        recorded.1 <= PER_SECOND_MAX
    }
}
