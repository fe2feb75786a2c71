//! The key of a request in an inbox. It says when the request came, whose it is and how long; the newest comes first:
//! `{!(milliseconds << 80 | attempt):032x}{destination:032x}{bytes:08x}`.

use crate::domain::id::AttemptId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;

/// The low bits of an attempt's id: all but its time.
const ATTEMPT_BITS: u32 = 80;

/// See the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InboxKey {
    /// When it came, and which attempt it was: later ones are greater.
    pub(super) order: u128,
    /// Whose it is.
    pub(super) destination: DestinationId,
    /// Of its value.
    pub(super) bytes: usize,
}

impl InboxKey {
    /// Of what comes at this time, by that attempt.
    pub(super) fn new(now: Timestamp, attempt: AttemptId, destination: DestinationId, bytes: usize) -> Self {
        let order = u128::from(now.as_millis()) << ATTEMPT_BITS | attempt.bits() & ((1 << ATTEMPT_BITS) - 1);
        Self { order, destination, bytes }
    }

    /// As text.
    pub(super) fn write(self) -> String {
        format!("{:032x}{:032x}{:08x}", !self.order, self.destination.bits(), self.bytes)
    }

    /// From text.
    pub(super) fn read(key: &str) -> Option<Self> {
        let part = |from, to| u128::from_str_radix(key.get(from..to)?, 16).ok();
        let destination = DestinationId::from_bits(part(32, 64)?);
        Some(Self { order: !part(0, 32)?, destination, bytes: usize::try_from(part(64, 72)?).ok()? })
    }

    /// When it came.
    pub(super) fn came_at(self) -> Timestamp {
        Timestamp::from_millis((self.order >> ATTEMPT_BITS) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_the_newest_comes_first() {
        let at = |millis, attempt| {
            let destination = DestinationId::from_bits(7);
            InboxKey::new(Timestamp::from_millis(millis), AttemptId::from_bits(attempt), destination, 70_000)
        };
        let (older, newer) = (at(5, 9), at(6, 3));
        assert_eq!(InboxKey::read(&newer.write()), Some(newer));
        assert!(newer.write() < older.write() && at(6, 4).write() < newer.write());
        assert_eq!(newer.came_at(), Timestamp::from_millis(6));
        assert_eq!(InboxKey::read("short"), None);
    }
}
