//! Uploads that were good once: two thousand mutations of them, always the same ones, go the whole way. None brings
//! the gateway down, none is blamed on it, none exceeds a limit. Not here: the scan alone on random bytes (`fuzz`).

use crate::domain::grant::Grants;
use crate::domain::plugin::Blame;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::RefusalCode;
use crate::sandbox::tests::promises::judge::given;
use crate::sandbox::tests::promises::judge::resident_bytes;
use crate::sandbox::tests::promises::wat::KV;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::component;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;

const MUTATIONS: u64 = 2000;

/// Bytes of a good upload, of which some are no longer what they were.
fn mutated(good: &[u8], seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = good.to_vec();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(8..bytes.len());
        match random.u8(0..8) {
            // One bit, mostly: what is left is nearly valid.
            0..=3 => bytes[at] ^= 1 << random.u8(0..8),
            4 => bytes[at] = random.u8(..),
            5 => _ = bytes.remove(at),
            6 => bytes.insert(at, random.u8(..)),
            _ => {
                let end = (at + random.usize(1..64)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                let to = random.usize(8..bytes.len());
                bytes.splice(to..to, again);
            }
        }
    }
    bytes
}

#[tokio::test]
async fn mutations_of_good_uploads_harm_nobody() {
    let room = Room::new();
    let module = honest().imports(&format!("{LOG} {KV}")).build();
    let goods = [component(&module), module];
    let before = resident_bytes();
    let (mut refused, mut faulted, mut served) = (0, 0, 0);
    for seed in 0..MUTATIONS {
        let bytes = mutated(&goods[seed as usize % 2], seed);
        let admitted = match room.sandbox.admit(bytes.into()).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                assert_ne!(refusal.code, RefusalCode::Host, "mutation {seed}: {refusal}");
                refused += 1;
                continue;
            }
        };
        let plugin = room.sandbox.load(TENANT, &admitted.digest, Grants::all()).await.unwrap();
        let most = PluginLimits::interpreted();
        let cost = match plugin.run_with(given(), no_config(), event("e")).await {
            Ok(ran) => {
                served += 1;
                ran.cost
            }
            Err(failure) => {
                assert_eq!(failure.fault.blame(), Blame::Guest, "mutation {seed}: {failure}");
                faulted += 1;
                failure.cost
            }
        };
        assert!(
            cost.memory_peak_bytes <= most.memory_bytes && cost.cpu < most.cpu * 4,
            "mutation {seed}: {cost:?}"
        );
        room.sandbox.remove(&admitted.digest).await.unwrap();
    }
    println!("{MUTATIONS} mutations: {refused} refused, {faulted} faulted, {served} served");
    // They are neither all broken nor all the same as before.
    assert!(refused > 500 && served > 100, "{refused} refused, {faulted} faulted, {served} served");
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 256 << 20, "{} MiB more than before", grown >> 20);
}

/// A good component that ends early, wherever: refused, always by the same name.
#[tokio::test]
async fn a_component_that_was_cut_off_is_invalid() {
    let room = Room::new();
    let whole = component(&honest().build());
    let mut random = fastrand::Rng::with_seed(1);
    for length in (8..200).chain((0..300).map(|_| random.usize(200..whole.len()))) {
        let refusal = room.sandbox.admit(whole[..length].to_vec().into()).await.unwrap_err();
        // What ends between two sections is whole, and lacks the rest.
        let expected = [RefusalCode::Invalid, RefusalCode::MissingExport];
        assert!(expected.contains(&refusal.code), "{length} bytes: {refusal}");
    }
}
