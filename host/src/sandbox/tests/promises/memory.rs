//! Guests that compute wrongly or without end, and those that take memory, tables and stack. Not here: what they answer.

use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::faults;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::honest;

pub(super) fn cases() -> Vec<Case> {
    [traps(), loops(), growth()].concat()
}

fn does(body: &str) -> Guest {
    honest().transform(&format!("{body} unreachable"))
}

/// With a table `$t` of one empty entry.
fn with_table(body: &str) -> Guest {
    does(body).items("(type $none (func)) (table $t 1 20000 funcref) (elem declare func $ok)")
}

fn traps() -> Vec<Case> {
    vec![
        faults("a panic", &does(""), "trapped"),
        faults("a read behind memory", &does("(drop (i32.load (i32.const -4)))"), "trapped"),
        faults(
            "a write behind memory",
            &does("(i64.store offset=4294967295 (i32.const -1) (i64.const 1))"),
            "trapped",
        ),
        faults("a division by zero", &does("(drop (i32.div_u (i32.const 1) (i32.const 0)))"), "trapped"),
        faults(
            "a division that overflows",
            &does("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))"),
            "trapped",
        ),
        faults("a number that does not fit", &does("(drop (i32.trunc_f64_s (f64.const nan)))"), "trapped"),
        faults("a call of nothing", &with_table("(call_indirect $t (type $none) (i32.const 0))"), "trapped"),
        faults(
            "a call behind the table",
            &with_table("(call_indirect $t (type $none) (i32.const 7))"),
            "trapped",
        ),
        faults(
            "a call by another type",
            &with_table(
                "(table.set $t (i32.const 0) (ref.func $ok)) (call_indirect $t (type $none) (i32.const 0))",
            ),
            "trapped",
        ),
        faults(
            "an entry behind the table",
            &with_table("(table.set $t (i32.const 1) (ref.null func))"),
            "trapped",
        ),
        faults(
            "a recursion without end",
            &does("(call $deep)").items("(func $deep (call $deep))"),
            "trapped",
        ),
        faults(
            "a recursion with large frames",
            &does("(drop (call $deep (i64.const 1)))").items(&format!(
                "(func $deep (param i64) (result i64) {} (call $deep (local.get 0)) {})",
                "(i64.mul (local.get 0) (i64.load (i32.const 0)))".repeat(200),
                "i64.add ".repeat(200),
            )),
            "trapped",
        ),
        faults("a trap after the answer", &after("unreachable"), "trapped"),
        faults("a loop after the answer", &after("(loop $again (br $again))"), "out_of_time"),
        faults(
            "memory after the answer",
            &after("(drop (call $take (i32.const 70000000)))"),
            "out_of_memory",
        ),
    ]
}

/// A guest is called once more when its answer was read.
fn after(body: &str) -> Guest {
    honest().items(&format!(r#"(func (export "cabi_post_transform") (param i32) {body})"#))
}

fn loops() -> Vec<Case> {
    let fill = "(memory.fill (i32.const 65536) (i32.const 1) (i32.const 67043328))";
    let copy = "(memory.copy (i32.const 65536) (i32.const 65537) (i32.const 67043327))";
    let entries = "(table.fill $t (i32.const 0) (ref.func $ok) (i32.const 20000))";
    let table = "(table $t 20000 funcref) (elem declare func $ok)";
    let again = |body: &str| format!("(loop $again {body} (br $again))");
    let calls: String = (0..30)
        .map(|level| format!("(func $c{level} (call $c{0}) (call $c{0}))", level + 1))
        .chain(["(func $c30)".to_owned()])
        .collect();
    vec![
        faults("a loop without end", &does(&again("")), "out_of_time"),
        faults("2^30 calls", &does("(call $c0)").items(&calls), "out_of_time"),
        faults("memory filled without end", &does(&again(fill)).pages(1024), "out_of_time"),
        faults(
            "memory filled 2,000 times in one piece of code",
            &does(&fill.repeat(2000)).pages(1024),
            "out_of_time",
        ),
        faults(
            "memory copied 2,000 times in one piece of code",
            &does(&copy.repeat(2000)).pages(1024),
            "out_of_time",
        ),
        faults(
            "a table filled 8,000 times in one piece of code",
            &does(&entries.repeat(8000)).items(table),
            "out_of_time",
        ),
        faults(
            "a loop through a table",
            &does("(call_indirect $t (type $none) (i32.const 0))").items(
                "(type $none (func)) (table $t funcref (elem $self))
                 (func $self (return_call_indirect $t (type $none) (i32.const 0)))",
            ),
            "out_of_time",
        ),
        faults(
            "a loop of calls at the end",
            &does("(return_call $tail)").items("(func $tail (result i32) (return_call $tail))"),
            "out_of_time",
        ),
    ]
}

fn growth() -> Vec<Case> {
    let grow = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    let grow_table =
        "(loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1))))";
    vec![
        faults("all memory and then a panic", &does(grow), "out_of_memory"),
        served("all memory and then an answer", &honest().transform(&format!("{grow} (call $ok)"))),
        faults("4 GiB at once", &does("(drop (memory.grow (i32.const 65535)))"), "out_of_memory"),
        served(
            "no more memory, a thousand times",
            &honest().transform(
                "(local $turn i32)
            (loop $more
              (drop (memory.grow (i32.const 65535)))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $turn) (i32.const 1000))))
            (call $ok)",
            ),
        ),
        faults("a table without end and then a panic", &with_table_of_any_size(grow_table), "out_of_memory"),
        faults(
            "4 Gi more entries of a table",
            &with_table_of_any_size("(drop (table.grow $t (ref.null func) (i32.const -1)))"),
            "out_of_memory",
        ),
        served(
            "a table to its end and then an answer",
            &honest().items("(table $t 1 20000 funcref)").transform(&format!("{grow_table} (call $ok)")),
        ),
    ]
}

fn with_table_of_any_size(body: &str) -> Guest {
    does(body).items("(table $t 1 funcref)")
}
