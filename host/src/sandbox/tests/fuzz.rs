//! Uploads that nobody wrote: whatever the bytes, there is an answer and nothing is left behind.

use bytes::Bytes;
use proptest::prelude::*;

use crate::sandbox::RefusalCode;
use crate::sandbox::artifacts::compile;
use crate::sandbox::module::scan;
use crate::sandbox::module::tier::NATIVE;
use crate::sandbox::tests::support::guest;

fn any_guest() -> impl Strategy<Value = Bytes> {
    prop_oneof![Just("hostile"), Just("lead")].prop_map(guest)
}

/// Changes some bytes, then cuts.
fn spoiled(bytes: &Bytes, changes: &[(prop::sample::Index, u8)], length: usize) -> Vec<u8> {
    let mut spoiled = bytes.to_vec();
    for (at, byte) in changes {
        let at = at.index(spoiled.len());
        spoiled[at] = *byte;
    }
    spoiled.truncate(length);
    spoiled
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_scan_answers_to_anything(bytes in prop::collection::vec(any::<u8>(), 0..2000), module in any::<bool>()) {
        let head: &[u8] = if module { b"\0asm\x01\0\0\0" } else { b"\0asm\x0d\0\x01\0" };
        let refusal = scan::scan(&[head, &bytes].concat()).unwrap_err();
        prop_assert_ne!(refusal.code, RefusalCode::NotWasm);
    }

    #[test]
    fn the_scan_answers_to_spoiled_guests(
        guest in any_guest(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in any::<prop::sample::Index>(),
    ) {
        let bytes = spoiled(&guest, &changes, length.index(guest.len()) + 1);
        if let Err(refusal) = scan::scan(&bytes) {
            prop_assert!(!refusal.detail.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// What passes the scan is compiled or refused.
    #[test]
    fn the_compiler_answers_to_spoiled_guests(
        guest in any_guest(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        if let Err(refusal) = compile::compile(&spoiled(&guest, &changes, guest.len()), &NATIVE) {
            prop_assert!(!refusal.detail.is_empty());
        }
    }
}
