//! Floods and false arguments through every import. An import that is added has its table here; those of `http` and
//! `secrets` belong beside the ones of `kv`. Not here: waiting within an import (`waiting`).

use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::faults;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::CLOCK;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::KV;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::RANDOM;
use crate::sandbox::tests::promises::wat::honest;

pub(super) fn cases() -> Vec<Case> {
    [log(), kv_reads(), kv_writes(), clock_and_random()].concat()
}

/// A guest that has this import, does this once and forwards nothing. At 700 are two bytes that are no UTF-8, at 708
/// `own-1`, at 720 a key with a line feed; 64 MiB less a page are there to be pointed at.
fn once(import: &str, body: &str) -> Guest {
    let texts =
        r#"(data (i32.const 700) "\ff\fe") (data (i32.const 708) "own-1") (data (i32.const 720) "a\0ab")"#;
    honest().imports(import).items(texts).pages(1000).transform(&format!("{body} (call $ok)"))
}

/// The same so many times, with the turn's number as `$turn`.
fn times(number: u32, import: &str, body: &str) -> Guest {
    once(
        import,
        &format!(
            "(local $turn i32)
             (loop $again
               {body}
               (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $turn) (i32.const {number}))))"
        ),
    )
}

/// The same without end.
fn for_ever(import: &str, body: &str) -> Guest {
    once(import, &format!("(local $turn i32) (loop $again {body} (br $again))"))
}

fn log() -> Vec<Case> {
    let line = |level: i64, at: i64, bytes: i64| {
        format!("(call $log (i32.const {level}) (i32.const {at}) (i32.const {bytes}))")
    };
    vec![
        served("a thousand lines of 2 KB", &times(1000, LOG, &line(1, 65_536, 2048))),
        served("a line of 1 MB", &once(LOG, &line(1, 65_536, 1 << 20))),
        served("a line with control characters", &once(LOG, &line(1, 720, 3))),
        faults("lines without end", &for_ever(LOG, &line(1, 65_536, 100)), "out_of_time"),
        faults("lines of 1 MB without end", &for_ever(LOG, &line(1, 65_536, 1 << 20)), "out_of_time"),
        faults("a line of 60 MB", &once(LOG, &line(1, 65_536, 60 << 20)), "output_too_large"),
        faults("a line of 2^32 - 1 bytes", &once(LOG, &line(1, 65_536, -1)), "trapped"),
        faults("a line behind memory", &once(LOG, &line(1, -8, 16)), "trapped"),
        faults("a line that is not UTF-8", &once(LOG, &line(1, 700, 2)), "trapped"),
        faults("a line of a level that does not exist", &once(LOG, &line(99, 720, 1)), "trapped"),
    ]
}

fn kv_reads() -> Vec<Case> {
    let get = |at: i64, bytes: i64, to: i64| {
        format!("(call $get (i32.const {at}) (i32.const {bytes}) (i32.const {to}))")
    };
    let keys = |at: i64, bytes: i64, limit: i64| {
        format!("(call $keys (i32.const {at}) (i32.const {bytes}) (i32.const {limit}) (i32.const 800))")
    };
    vec![
        served("a value of its own", &once(KV, &get(708, 5, 800))),
        served("the keys of everybody", &once(KV, &format!("{} {ONLY_OWN}", keys(0, 0, -1)))),
        served("a value of nobody", &once(KV, &format!("{} {NOTHING}", get(1024, 6, 800)))),
        faults("a value read without end", &for_ever(KV, &get(1024, 6, 800)), "trapped"),
        faults("keys listed without end", &for_ever(KV, &keys(1024, 6, -1)), "trapped"),
        faults(
            "large values until memory ends",
            &for_ever(KV, &format!("{} {LAST}", get(708, 5, 800))),
            "out_of_memory",
        ),
        faults("a key to read of 60 MB", &once(KV, &get(65_536, 60 << 20, 800)), "output_too_large"),
        faults("a key to read behind memory", &once(KV, &get(-4, 8, 800)), "trapped"),
        faults("a key to read that is not UTF-8", &once(KV, &get(700, 2, 800)), "trapped"),
        faults("a value to be put behind memory", &once(KV, &get(708, 5, -12)), "trapped"),
        faults("a value to be put where nothing is aligned", &once(KV, &get(708, 5, 801)), "trapped"),
        faults("a prefix of 2^32 - 1 bytes", &once(KV, &keys(1, -1, 1)), "trapped"),
    ]
}

/// What is allocated from now on lies at the end of memory.
const LAST: &str =
    "(if (i32.lt_u (global.get $heap) (i32.const 65000000)) (then (global.set $heap (i32.const 65000000))))";

/// Traps unless the listing at 800 has two keys, or there is no value.
const ONLY_OWN: &str = "(if (i32.ne (i32.load (i32.const 804)) (i32.const 2)) (then unreachable))";
const NOTHING: &str = "(if (i32.load8_u (i32.const 800)) (then unreachable))";

fn kv_writes() -> Vec<Case> {
    let set = |key: (&str, i64), value: (i64, i64)| {
        format!(
            "(call $set {} (i32.const {}) (i32.const {}) (i32.const {}) (i32.const 800))",
            key.0, key.1, value.0, value.1
        )
    };
    // A key of three bytes for each turn.
    let fresh = "(i32.store (i32.const 760) (i32.or (i32.const 0x414040) (i32.or
        (i32.and (local.get $turn) (i32.const 63)) (i32.shl (i32.shr_u (local.get $turn) (i32.const 6)) (i32.const 8)))))";
    let many = format!("{fresh} {}", set(("(i32.const 760)", 3), (65_536, 10)));
    let large = format!("{fresh} {}", set(("(i32.const 760)", 3), (65_536, 65_536)));
    let key = "(i32.const 708)";
    vec![
        served("a value written", &once(KV, &format!("{} {TAKEN}", set((key, 5), (65_536, 65_536))))),
        served(
            "a value of 65,537 bytes",
            &once(KV, &format!("{} {DECLINED}", set((key, 5), (65_536, 65_537)))),
        ),
        served("a key without bytes", &once(KV, &format!("{} {DECLINED}", set((key, 0), (65_536, 1))))),
        served(
            "a key of 257 bytes",
            &once(KV, &format!("{} {DECLINED}", set(("(i32.const 65536)", 257), (0, 1)))),
        ),
        served(
            "a key with a line feed",
            &once(KV, &format!("{} {DECLINED}", set(("(i32.const 720)", 3), (0, 1)))),
        ),
        served("a thousand keys", &times(1000, KV, &many)),
        served("8 MiB of values", &times(128, KV, &large)),
        served(
            "a thousand keys deleted",
            &times(
                1000,
                KV,
                &format!("{fresh} (call $delete (i32.const 760) (i32.const 3) (i32.const 800))"),
            ),
        ),
        faults("values written without end", &for_ever(KV, &set((key, 5), (65_536, 10))), "out_of_time"),
        faults("a value of 60 MB", &once(KV, &set((key, 5), (65_536, 60 << 20))), "output_too_large"),
        faults("a value behind memory", &once(KV, &set((key, 5), (-1, 2))), "trapped"),
        faults("a key that is not UTF-8", &once(KV, &set(("(i32.const 700)", 2), (0, 1))), "trapped"),
        faults(
            "a key deleted of 60 MB",
            &once(KV, "(call $delete (i32.const 65536) (i32.const 62914560) (i32.const 800))"),
            "output_too_large",
        ),
    ]
}

/// Traps unless the write was taken, or was declined.
const TAKEN: &str = "(if (i32.load8_u (i32.const 800)) (then unreachable))";
const DECLINED: &str = "(if (i32.eqz (i32.load8_u (i32.const 800))) (then unreachable))";

fn clock_and_random() -> Vec<Case> {
    let bytes = |number: i64, to: i64| format!("(call $bytes (i32.const {number}) (i32.const {to}))");
    vec![
        served("the time", &once(CLOCK, "(if (i64.ne (call $now) (i64.const 1)) (then unreachable))")),
        faults("the time without end", &for_ever(CLOCK, "(drop (call $now))"), "out_of_time"),
        faults("random numbers without end", &for_ever(RANDOM, "(drop (call $next))"), "out_of_time"),
        served("4,096 random bytes", &once(RANDOM, &bytes(4096, 800))),
        faults("4,097 random bytes", &once(RANDOM, &bytes(4097, 800)), "trapped"),
        faults("2^32 - 1 random bytes", &once(RANDOM, &bytes(-1, 800)), "trapped"),
        faults("random bytes behind memory", &once(RANDOM, &bytes(8, -8)), "trapped"),
        faults(
            "random bytes without end",
            &for_ever(RANDOM, &bytes(4096, 800)).realloc("(i32.const 65536)"),
            "out_of_time",
        ),
    ]
}
