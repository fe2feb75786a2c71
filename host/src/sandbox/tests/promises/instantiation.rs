//! Guests that attack while they are made: segments outside of what they fill, start functions, memory at first. They
//! are met at the upload, where the first instance is made. Not here: what they do when they are asked.

use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::at_once;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::CLOCK;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::honest;

pub(super) fn cases() -> Vec<Case> {
    let items = |items: &str| honest().items(items);
    vec![
        at_once("data behind its memory", &items("(data (i32.const 131071) \"ab\")"), "trapped"),
        at_once("data at 4 GiB", &items("(data (i32.const -1) \"ab\")"), "trapped"),
        at_once(
            "entries behind its table",
            &items("(table 1 funcref) (elem (i32.const 1) func $ok)"),
            "trapped",
        ),
        at_once("entries at 4 GiB", &items("(table 1 funcref) (elem (i32.const -1) func $ok)"), "trapped"),
        at_once("starts with an endless loop", &start("(loop $again (br $again))"), "out_of_time"),
        at_once("starts with a trap", &start("unreachable"), "trapped"),
        at_once("starts with a recursion without end", &start("(call $start)"), "trapped"),
        at_once(
            "starts with all the memory there is",
            &start(
                "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            ),
            "out_of_memory",
        ),
        at_once(
            "starts with filling memory in one piece of code",
            &start(&"(memory.fill (i32.const 65536) (i32.const 1) (i32.const 67043328))".repeat(2000))
                .pages(1024),
            "out_of_time",
        ),
        at_once(
            "starts with asking for the time without end",
            &start("(loop $again (drop (call $now)) (br $again))").imports(CLOCK),
            "out_of_time",
        ),
        // What takes texts is linked only when the module has started.
        at_once(
            "starts with a line of log",
            &start("(call $log (i32.const 1) (i32.const 1024) (i32.const 9))").imports(LOG),
            "trapped",
        ),
        served("starts by using up half of its time", &start(HALF)),
        served("memory that is full at first", &honest().pages(1024)),
        served("19,000 globals", &honest().items(&"(global i64 (i64.const 7))".repeat(19_000))),
        served("90,000 data segments", &honest().items(&"(data (i32.const 600) \"x\")".repeat(90_000))),
        served(
            "a large table that is full at first",
            &honest()
                .items(&format!("(table 20000 funcref) (elem (i32.const 0) func {})", "$ok ".repeat(20_000))),
        ),
    ]
}

/// Some instructions for which there is time.
const HALF: &str = "(local $turn i32)
    (loop $again
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turn) (i32.const 1000000))))";

fn start(body: &str) -> Guest {
    honest().items(&format!("(func $start {body}) (start $start)"))
}
