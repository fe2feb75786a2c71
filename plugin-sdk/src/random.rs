//! Numbers that nobody can predict. A grant: a connection has to give it (`"grants": ["random"]`).
//! Natively, that is in tests, they are the same in every run.

/// 64 random bits.
///
/// ```
/// use hookmill_plugin_sdk::random;
/// assert_ne!(random::next(), random::next());
/// ```
#[must_use]
pub fn next() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return crate::guest::bindings::hookmill::plugin::random::next();
    #[cfg(not(target_arch = "wasm32"))]
    native::next()
}

/// That many random bytes; more than 4,096 at a time end the plugin.
///
/// ```
/// use hookmill_plugin_sdk::random;
/// assert_eq!(random::bytes(16).len(), 16);
/// ```
#[must_use]
pub fn bytes(length: u32) -> Vec<u8> {
    #[cfg(target_arch = "wasm32")]
    return crate::guest::bindings::hookmill::plugin::random::bytes(length);
    #[cfg(not(target_arch = "wasm32"))]
    (0..length.div_ceil(8)).flat_map(|_| native::next().to_le_bytes()).take(length as usize).collect()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0) };
    }

    /// Begins a run.
    pub(crate) fn begin() {
        STATE.set(0);
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    pub(super) fn next() -> u64 {
        let state = STATE.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        STATE.set(state);
        let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}
