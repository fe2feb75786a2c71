//! So many in a second, on average, and as many at once: the generic cell rate algorithm (ITU-T I.371) in milliseconds.
//! Pure. Not here: whose rate it is (`pipeline::allowance`).

use std::time::Duration;

use crate::domain::time::Timestamp;

/// When what was taken would be used up at the rate it has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    /// In microseconds of unix time.
    used_until: u64,
}

impl Rate {
    /// Takes so many, at so many a second; how long to wait otherwise. More than a second's worth at once is taken when
    /// nothing is owed, and owed then.
    pub fn take(&mut self, many: u64, per_second: u64, now: Timestamp) -> Result<(), Duration> {
        const SECOND: u64 = 1_000_000;
        let now = now.as_millis().saturating_mul(1000);
        let cost = many.saturating_mul(SECOND) / per_second.max(1);
        let used_until = self.used_until.max(now);
        // What is owed together with this may be one second's worth, or this alone.
        let room = SECOND.max(cost);
        let owed = (used_until - now).saturating_add(cost);
        if per_second == 0 {
            return Err(Duration::from_secs(1));
        }
        if owed > room {
            return Err(Duration::from_micros(owed - room));
        }
        self.used_until = used_until.saturating_add(cost);
        Ok(())
    }

    /// Gives back what was taken and not used.
    pub fn give_back(&mut self, many: u64, per_second: u64) {
        self.used_until = self.used_until.saturating_sub(many.saturating_mul(1_000_000) / per_second.max(1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_second_has_so_many_and_the_next_one_too() {
        let mut rate = Rate::default();
        let taken = (0..20).filter(|_| rate.take(1, 10, at(0)).is_ok()).count();
        assert_eq!(taken, 10);
        assert_eq!(rate.take(1, 10, at(0)), Err(Duration::from_millis(100)));
        assert!(rate.take(1, 10, at(100)).is_ok());
        assert!(rate.take(1, 10, at(101)).is_err());
        rate.give_back(1, 10);
        assert!(rate.take(1, 10, at(101)).is_ok());
    }

    #[test]
    fn many_at_once_are_owed() {
        let mut rate = Rate::default();
        assert!(rate.take(50, 10, at(0)).is_ok());
        assert!(rate.take(1, 10, at(4000)).is_err());
        assert!(rate.take(1, 10, at(4200)).is_ok());
        assert!(Rate::default().take(1, 0, at(0)).is_err());
    }

    proptest! {
        /// In any span, no more than its share and one second's worth is taken.
        #[test]
        fn never_more_than_the_rate(gaps in prop::collection::vec(0u64..300, 1..200), per_second in 1u64..50) {
            let (mut rate, mut now, mut taken) = (Rate::default(), 0, 0u64);
            for gap in gaps {
                now += gap;
                taken += u64::from(rate.take(1, per_second, at(now)).is_ok());
                prop_assert!(taken * 1000 <= per_second * (now + 1000) + 1000);
            }
        }
    }
}
