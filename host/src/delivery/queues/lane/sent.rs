//! When requests went out lately, where a destination takes so many in a time: an exact window, not an average. Pure; kept
//! in memory, so a start begins anew. Not here: what waits meanwhile (`lane`).

use std::collections::VecDeque;

use crate::domain::destination::SendRate;
use crate::domain::time::Timestamp;

/// The last requests, oldest first, no more than the rate has.
#[derive(Debug, Default)]
pub(crate) struct SentLately(VecDeque<Timestamp>);

impl SentLately {
    /// From when on the next one may go; `None`: now.
    pub(crate) fn next_at(&mut self, rate: SendRate, now: Timestamp) -> Option<Timestamp> {
        let most = rate.requests.max(1) as usize;
        // The rate may have been lowered.
        while self.0.len() > most {
            self.0.pop_front();
        }
        let first = (self.0.len() == most).then(|| self.0.front().copied()).flatten()?;
        // A clock that was set back holds nobody for longer than the time itself.
        let at = first.min(now).plus(rate.per.length());
        (at > now).then_some(at)
    }

    /// One goes now.
    pub(crate) fn note(&mut self, rate: SendRate, now: Timestamp) {
        if self.0.len() >= rate.requests.max(1) as usize {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// There is no rate any more.
    pub(crate) fn forget(&mut self) {
        if self.0.capacity() > 0 {
            self.0 = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::destination::RatePeriod;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn as_many_at_once_and_then_as_the_first_grow_old() {
        let (rate, mut sent) = (SendRate { requests: 2, per: RatePeriod::Second }, SentLately::default());
        for (now, next) in
            [(0, None), (10, None), (11, Some(1000)), (999, Some(1000)), (1000, None), (1001, Some(1010))]
        {
            assert_eq!(sent.next_at(rate, at(now)), next.map(at), "{now}");
            if next.is_none() {
                sent.note(rate, at(now));
            }
        }
        let lower = SendRate { requests: 1, per: RatePeriod::Minute };
        assert_eq!(sent.next_at(lower, at(1001)), Some(at(61_000)));
        // A clock that was set back.
        assert_eq!(sent.next_at(lower, at(500)), Some(at(60_500)));
    }

    proptest! {
        /// No time of the period's length has more, wherever it begins.
        #[test]
        fn never_more_in_any_window(gaps in prop::collection::vec(0u64..400, 1..200), requests in 1u32..20) {
            let (rate, mut sent) = (SendRate { requests, per: RatePeriod::Second }, SentLately::default());
            let (mut now, mut times) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                if sent.next_at(rate, at(now)).is_none() {
                    sent.note(rate, at(now));
                    times.push(now);
                }
            }
            for begin in &times {
                let within = times.iter().filter(|time| (*begin..begin + 1000).contains(*time)).count();
                prop_assert!(within <= requests as usize);
            }
        }
    }
}
