//! Event ids in the order of commits. Not here: their layout (`domain::id`).

use crate::domain::id::EventId;
use crate::domain::id::compose;
use crate::domain::time::Timestamp;

/// Gives ids away, each greater than the one before, also when the clock goes back.
#[derive(Debug)]
pub(crate) struct IdMaker {
    last: u128,
}

impl IdMaker {
    /// Goes on after that id.
    pub(crate) fn after(last: u128) -> Self {
        Self { last }
    }

    /// The next id.
    pub(crate) fn next(&mut self, now: Timestamp) -> EventId {
        let (last_millis, last_counter) = ((self.last >> 80) as u64, (self.last >> 64) as u16);
        let (millis, counter) = if now.as_millis() > last_millis {
            (now.as_millis(), 0)
        } else {
            match last_counter.checked_add(1) {
                Some(counter) => (last_millis, counter),
                None => (last_millis + 1, 0),
            }
        };
        self.last = compose(millis, counter, fastrand::u64(..));
        EventId::from_bits(self.last)
    }

    /// The last one given away.
    pub(crate) fn last(&self) -> u128 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow() {
        let mut maker = IdMaker::after(0);
        let clock = [5, 5, 4, 9, 0].into_iter().chain(std::iter::repeat_n(9, 200_000));
        let ids: Vec<EventId> = clock.map(|ms| maker.next(Timestamp::from_millis(ms))).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids[0].unix_millis(), 5);
        assert_eq!(ids[4].unix_millis(), 9);
    }
}
