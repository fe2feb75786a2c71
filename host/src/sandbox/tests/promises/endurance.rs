//! Faulty calls, a hundred thousand in `make soak`: they leave no memory behind. Not here: what each kind of fault is called.

use std::time::Duration;

use crate::domain::grant::Grants;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::sandbox::Plugin;
use crate::sandbox::tests::promises::judge::given;
use crate::sandbox::tests::promises::judge::resident_bytes;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::KV;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tests::support::sized;

/// How many there are.
fn calls() -> usize {
    sized(10_000, 100_000)
}

/// Calls after which what is kept for good is there: slots that were used once, buffers of allocators.
const WARM: usize = 3000;
/// Bytes by which the rest may grow.
const GROWTH_MAX: u64 = 16 << 20;
/// One in so many calls uses up its time, which takes milliseconds; the others take microseconds.
const SLOW: usize = 1000;

/// Faults by the number that picks them, and what does them.
const FAULTS: [(&str, &str); 11] = [
    ("out_of_time", "(loop $again (br $again))"),
    ("trapped", "unreachable"),
    (
        "refused",
        "(i64.store (i32.const 32) (i64.const 0x40000000001)) (i32.store (i32.const 40) (i32.const 9)) (return (i32.const 32))",
    ),
    ("out_of_memory", "(drop (call $take (i32.const 70000000)))"),
    (
        "output_too_large",
        "(i32.store (i32.const 280) (i32.const 5000000)) (return (call $forward (i32.const 256) (i32.const 1)))",
    ),
    ("output_too_large", "(return (call $forward (i32.const 1048576) (i32.const 50000)))"),
    ("trapped", "(return (i32.const -16))"),
    ("trapped", "(drop (i32.load (i32.const -4)))"),
    ("trapped", "(call $log (i32.const 1) (i32.const -8) (i32.const 16))"),
    ("trapped", "(call $thin)"),
    (
        "trapped",
        "(local.set $turn (i32.const 0))
         (loop $again
           (call $log (i32.const 1) (i32.const 1024) (i32.const 20))
           (call $set (i32.const 1024) (i32.const 9) (i32.const 65536) (i32.const 64) (i32.const 800))
           (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $turn) (i32.const 150))))
         unreachable",
    ),
];

/// The payload's first byte picks the fault.
fn guest() -> Guest {
    let choices: String = FAULTS
        .iter()
        .enumerate()
        .map(|(at, (_, body))| {
            format!("(if (i32.eq (i32.load8_u (local.get 12)) (i32.const {at})) (then {body}))")
        })
        .collect();
    honest()
        .imports(&format!("{LOG} {KV}"))
        .items("(func $thin (call $thin))")
        .pages(128)
        .transform(&format!("(local $turn i32) {choices} (call $ok)"))
}

fn faulty(turn: usize) -> (usize, GuestEvent) {
    let kind = if turn.is_multiple_of(SLOW) { 0 } else { 1 + turn % (FAULTS.len() - 1) };
    (kind, GuestEvent { payload: vec![kind as u8].into(), ..event("e") })
}

async fn call(plugin: &Plugin, turn: usize) {
    let (kind, event) = faulty(turn);
    let failure = plugin.run_with(given(), no_config(), event).await.unwrap_err();
    assert_eq!(failure.fault.code(), FAULTS[kind].0, "kind {kind}: {}", failure.fault);
}

#[tokio::test]
async fn faults_leave_no_memory_behind() {
    let calls = calls();
    let room = Room::with(PluginLimits {
        // Far more than the others take even where a machine's host borrows its processor from time to time.
        cpu: Duration::from_millis(20),
        wall: Duration::from_secs(60),
        ..PluginLimits::default()
    });
    let admitted = room.sandbox.admit(guest().build().into()).await.unwrap();
    let plugin = room.sandbox.load(TENANT, &admitted.digest, Grants::all()).await.unwrap();
    for turn in 0..WARM {
        call(&plugin, turn).await;
    }
    let warm = resident_bytes();
    for turn in WARM..calls {
        call(&plugin, turn).await;
    }
    let end = resident_bytes();
    println!("after {WARM} faults {} KiB are resident, after {calls} {} KiB", warm >> 10, end >> 10);
    assert!(
        end < warm + GROWTH_MAX,
        "{} KiB after {WARM} faults, {} KiB after {calls}",
        warm >> 10,
        end >> 10
    );
}
