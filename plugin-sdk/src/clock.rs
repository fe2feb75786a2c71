//! The time. A grant: a connection has to give it (`"grants": ["clock"]`). It stands still while an
//! event is worked on. A plugin that only wants to know when an event came in needs no grant:
//! [`Event::received_at`](crate::Event::received_at).

/// Milliseconds since 1970-01-01T00:00:00Z when the gateway began to work on this event. Natively,
/// that is in tests, it is [`testing::NOW_MS`](crate::testing::NOW_MS).
///
/// ```
/// use hookmill_plugin_sdk::{clock, testing};
/// assert_eq!(clock::now_ms(), testing::NOW_MS);
/// ```
#[must_use]
pub fn now_ms() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return crate::guest::bindings::hookmill::plugin::clock::now_ms();
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::NOW_MS
}
