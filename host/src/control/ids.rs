//! New ids and what nobody can guess. Not here: ids of events, deliveries and attempts, which the store gives.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::id::compose;
use crate::domain::time::Clock;

/// Makes ids of any kind but event, delivery and attempt. Clones never make the same.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    made: Arc<AtomicU64>,
}

impl Ids {
    /// Ids that begin with the time of this clock.
    pub fn new(clock: Clock) -> Self {
        Self { clock, made: Arc::default() }
    }

    /// Bits for the next one.
    pub fn next(&self) -> u128 {
        let counter = self.made.fetch_add(1, Ordering::Relaxed) as u16;
        compose(self.clock.now().as_millis(), counter, fastrand::u64(..))
    }
}

/// 32 random bytes of the operating system.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// A token nobody can guess: the prefix and 43 characters that carry 256 random bits.
pub fn random_token(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random_bytes()))
}
