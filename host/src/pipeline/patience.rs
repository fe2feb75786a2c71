//! How long the flow waits between tries of what failed through no fault of an event: a read, a commit, a
//! configuration that cannot be read. Time as an argument, so that tests need not wait.

use std::time::Duration;

/// Doubled waits up to a longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first wait.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
    /// Tries of what may be for good, until it is held.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_millis(50), longest: Duration::from_secs(5), tries: 8 }
    }
}

impl Patience {
    /// The wait after a try; `tries` counts the ones before it.
    pub(crate) fn wait(&self, tries: u32) -> Duration {
        self.first.saturating_mul(1 << tries.min(20)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay() {
        let patience = Patience::default();
        let waits = [0, 1, 2, 7, 20, u32::MAX].map(|tries| patience.wait(tries).as_millis());
        assert_eq!(waits, [50, 100, 200, 5000, 5000, 5000]);
    }
}
