//! What a connection is doing, shared between its user and its driver without a lock: since when it
//! is idle, whether its peer has begun to answer, and with which status.

use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

/// The mark of a connection that is in use.
const BUSY: u64 = u64::MAX;

/// See the head of this file.
#[derive(Debug)]
pub(in crate::egress) struct Activity {
    born: Instant,
    idle_since_ms: AtomicU64,
    /// Uses so far: whose answer a byte belongs to.
    uses: AtomicU64,
    heard: AtomicU16,
}

/// The first bytes of an answer, taken for what they seem to be. Never more than the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::egress) enum Opening {
    /// None has come.
    Silence,
    /// Something that is no answer, or not yet.
    Something,
    /// A peer that speaks TLS where nobody asked for it.
    Tls,
    /// The status of an answer.
    Status(u16),
}

/// How an [`Opening`] is kept; a status is kept as itself, and has three digits.
const SILENCE: u16 = 0;
const SOMETHING: u16 = 1;
const TLS: u16 = 2;

impl Activity {
    /// A connection that is about to be used.
    pub(in crate::egress) fn new() -> Self {
        Self {
            born: Instant::now(),
            idle_since_ms: AtomicU64::new(BUSY),
            uses: AtomicU64::new(0),
            heard: AtomicU16::new(SILENCE),
        }
    }

    /// It is in use from now on, and nothing of the next answer has come.
    pub(in crate::egress) fn begin(&self) {
        self.idle_since_ms.store(BUSY, Ordering::Relaxed);
        self.uses.fetch_add(1, Ordering::Relaxed);
        self.heard.store(SILENCE, Ordering::Relaxed);
    }

    /// It is idle from now on.
    pub(in crate::egress) fn rest(&self) {
        self.idle_since_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    /// For how long nobody has used it; zero while somebody does.
    pub(in crate::egress) fn idle(&self) -> Duration {
        match self.idle_since_ms.load(Ordering::Relaxed) {
            BUSY => Duration::ZERO,
            since => Duration::from_millis(self.age_ms().saturating_sub(since)),
        }
    }

    /// How often it was taken into use.
    pub(in crate::egress) fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    /// An answer has begun with these bytes.
    pub(in crate::egress) fn hear(&self, begins: &[u8]) {
        let heard = match opening(begins) {
            Opening::Status(status) => status,
            Opening::Tls => TLS,
            Opening::Something | Opening::Silence => SOMETHING,
        };
        self.heard.store(heard, Ordering::Relaxed);
    }

    /// How the answer to the present use begins.
    pub(in crate::egress) fn heard(&self) -> Opening {
        match self.heard.load(Ordering::Relaxed) {
            SILENCE => Opening::Silence,
            SOMETHING => Opening::Something,
            TLS => Opening::Tls,
            status => Opening::Status(status),
        }
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }
}

/// Bytes that say the status: `HTTP/1.1 200`.
pub(in crate::egress) const OPENING_BYTES: usize = 12;

fn opening(bytes: &[u8]) -> Opening {
    match bytes {
        [] => Opening::Silence,
        // A record of type alert or handshake, of any version.
        [0x15 | 0x16, 3, ..] => Opening::Tls,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', hundreds @ b'1'..=b'9', tens, ones, ..]
            if tens.is_ascii_digit() && ones.is_ascii_digit() =>
        {
            let digit = |byte: u8| u16::from(byte - b'0');
            Opening::Status(digit(*hundreds) * 100 + digit(*tens) * 10 + digit(*ones))
        }
        _ => Opening::Something,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings() {
        for (bytes, expected) in [
            (b"".as_slice(), Opening::Silence),
            (b"HTTP/1.1 200", Opening::Status(200)),
            (b"HTTP/1.0 999", Opening::Status(999)),
            (b"HTTP/1.1 20", Opening::Something),
            (b"HTTP/1.1 2x0", Opening::Something),
            (b"HTTP/1.1 000", Opening::Something),
            (b"HTTP/2.0 200", Opening::Something),
            (b"SSH-2.0-Open", Opening::Something),
            (b"\x15\x03\x03\0\x02\x02\x46", Opening::Tls),
        ] {
            assert_eq!(opening(bytes), expected, "{bytes:?}");
        }
    }
}
