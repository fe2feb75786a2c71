//! Guests whose answers are not what they should be: pointers outside memory, lengths that overflow, results that share
//! their bytes, text that is none, too few and too many. Not here: attacks by way of an import.

use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::faults;
use crate::sandbox::tests::promises::judge::served;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::OUTPUT;
use crate::sandbox::tests::promises::wat::RESULT;
use crate::sandbox::tests::promises::wat::honest;

pub(super) fn cases() -> Vec<Case> {
    [results(), outputs(), floods(), texts(), batches(), allocators(), configurations()].concat()
}

/// The place of an answer and of its parts; a result begins with one byte, the verdict in it with one more.
const VERDICT: u32 = RESULT + 4;
const LIST: u32 = RESULT + 8;
const HEADERS: u32 = OUTPUT + 12;
const PAYLOAD: u32 = OUTPUT + 20;
const KEY: u32 = OUTPUT + 28;
/// Where the first header lies.
const HEADER: u32 = 512;
/// Two bytes that are no UTF-8 begin here, once they are stored.
const NO_TEXT: u32 = 600;
/// Two pages, the first of them not for the heap.
const END: i64 = 2 << 16;
/// Behind the heap, where there are more pages.
const EMPTY: i64 = 1 << 20;

fn stores(values: &[(u32, i64)]) -> String {
    values.iter().map(|(at, value)| format!("(i32.store (i32.const {at}) (i32.const {value}))")).collect()
}

/// Stores these values and gives this place as the result.
fn gives(values: &[(u32, i64)], at: i64) -> Guest {
    honest().transform(&format!("{} (i32.const {at})", stores(values)))
}

/// The same with the usual place.
fn answers(values: &[(u32, i64)]) -> Guest {
    gives(values, i64::from(RESULT))
}

/// One output with these values.
fn output(values: &[(u32, i64)]) -> Guest {
    honest().transform(&format!("{} (call $forward (i32.const {OUTPUT}) (i32.const 1))", stores(values)))
}

/// One output with one header of these places and lengths.
fn header(name: (i64, i64), value: (i64, i64)) -> Guest {
    output(&[
        (HEADERS, i64::from(HEADER)),
        (HEADERS + 4, 1),
        (HEADER, name.0),
        (HEADER + 4, name.1),
        (HEADER + 8, value.0),
        (HEADER + 12, value.1),
    ])
}

fn results() -> Vec<Case> {
    vec![
        faults("a result at 4 GiB", &gives(&[], -16), "trapped"),
        faults("a result that ends behind memory", &gives(&[], END - 8), "trapped"),
        faults("a result that is not aligned", &gives(&[], 33), "trapped"),
        faults("neither a result nor an error", &answers(&[(RESULT, 7)]), "trapped"),
        faults("a verdict that does not exist", &answers(&[(VERDICT, 9)]), "trapped"),
        faults("an error behind memory", &answers(&[(RESULT, 1), (VERDICT, -1), (LIST, 9)]), "trapped"),
        faults("a refusal of an event", &answers(&[(RESULT, 1), (VERDICT, 1024), (LIST, 8)]), "refused"),
        served("an answer at 0", &gives(&[(0, 0), (4, 0), (8, 0), (12, 0)], 0)),
    ]
}

fn outputs() -> Vec<Case> {
    let list = |at: i64, count: i64| answers(&[(LIST, at), (LIST + 4, count)]);
    vec![
        faults("outputs behind memory", &list(-40, 1), "trapped"),
        faults("outputs that end behind memory", &list(END - 36, 1), "trapped"),
        faults("outputs that are not aligned", &list(257, 1), "trapped"),
        faults("2^31 outputs", &list(256, 1 << 31), "trapped"),
        faults("outputs whose bytes overflow 32 bits", &list(65_536, 107_374_183), "trapped"),
        faults("a payload at 4 GiB", &output(&[(PAYLOAD, -16), (PAYLOAD + 4, 64)]), "trapped"),
        faults("a payload of 2^32 - 1 bytes", &output(&[(PAYLOAD, 0), (PAYLOAD + 4, -1)]), "trapped"),
        faults(
            "a payload that ends behind memory",
            &output(&[(PAYLOAD, END - 1), (PAYLOAD + 4, 2)]),
            "trapped",
        ),
        faults("a type that is neither given nor not", &output(&[(OUTPUT, 5)]), "trapped"),
        faults("an ordering key that is neither", &output(&[(KEY, 2)]), "trapped"),
        faults("headers behind memory", &output(&[(HEADERS, -8), (HEADERS + 4, 1)]), "trapped"),
        faults("2^28 headers", &output(&[(HEADERS, 512), (HEADERS + 4, 1 << 28)]), "trapped"),
        faults("a header's name behind memory", &header((-1, 5), (0, 0)), "trapped"),
        faults("a header's value behind memory", &header((1026, 4), (END, 1)), "trapped"),
        faults("an empty list at 4 GiB - 4", &list(-4, 0), "trapped"),
        served("a payload that is all of memory", &output(&[(PAYLOAD, 0), (PAYLOAD + 4, END)])),
    ]
}

fn floods() -> Vec<Case> {
    // Memory is zero there: every output is empty, every header has neither name nor value.
    let list = |count: i64| answers(&[(LIST, EMPTY), (LIST + 4, count)]).pages(1024);
    let headers = |count: i64| output(&[(HEADERS, EMPTY), (HEADERS + 4, count)]).pages(1024);
    let large = |at: u32| output(&[(at, 1), (at + 4, 1024), (at + 8, 1 << 20)]).pages(1024);
    vec![
        served("a thousand empty outputs", &list(1000)),
        faults("a thousand and one", &list(1001), "output_too_large"),
        faults("a million empty outputs", &list(1_000_000), "output_too_large"),
        faults(
            "a payload of 5 MB",
            &output(&[(PAYLOAD, 0), (PAYLOAD + 4, 5 << 20)]).pages(1024),
            "output_too_large",
        ),
        faults(
            "a payload of 60 MB",
            &output(&[(PAYLOAD, 0), (PAYLOAD + 4, 60 << 20)]).pages(1024),
            "output_too_large",
        ),
        faults("a thousand outputs that are one megabyte", &aliased(1000, 1 << 20), "output_too_large"),
        faults("a hundred outputs that are one of 50 KB", &aliased(100, 50_000), "output_too_large"),
        served("ten outputs that are one of 50 KB", &aliased(10, 50_000)),
        faults("100,000 headers", &headers(100_000), "output_too_large"),
        faults("a header of 1 MB", &header((1026, 4), (65_536, 1 << 20)).pages(1024), "output_too_large"),
        faults("a type of 1 MB", &large(OUTPUT), "output_too_large"),
        faults("an ordering key of 1 MB", &large(KEY), "output_too_large"),
        served("a reason of 1 MB", &answers(&[(VERDICT, 1), (LIST, 65_536), (LIST + 4, 1 << 20)]).pages(64)),
        faults(
            "a refusal of 1 MB",
            &answers(&[(RESULT, 1), (VERDICT, 65_536), (LIST, 1 << 20)]).pages(64),
            "refused",
        ),
        faults(
            "a refusal of 60 MB",
            &answers(&[(RESULT, 1), (VERDICT, 65_536), (LIST, 60 << 20)]).pages(1024),
            "output_too_large",
        ),
    ]
}

/// So many outputs with the same payload.
fn aliased(count: u32, bytes: u32) -> Guest {
    let fill = format!(
        "(local $at i32)
         (local.set $at (i32.const {EMPTY}))
         (loop $next
           (i32.store offset=20 (local.get $at) (i32.const 200000))
           (i32.store offset=24 (local.get $at) (i32.const {bytes}))
           (local.set $at (i32.add (local.get $at) (i32.const 40)))
           (br_if $next (i32.lt_u (local.get $at) (i32.const {}))))
         (call $forward (i32.const {EMPTY}) (i32.const {count}))",
        EMPTY + i64::from(count) * 40
    );
    honest().pages(64).transform(&fill)
}

fn texts() -> Vec<Case> {
    let no_text = |values: &[(u32, i64)]| output(&[&[(NO_TEXT, 0xfffe)], values].concat());
    let (at, word) = (i64::from(NO_TEXT), (1026, 4));
    let spoken = |text: &str, guest: Guest| guest.items(&format!(r#"(data (i32.const 700) "{text}")"#));
    vec![
        faults(
            "a type that is not UTF-8",
            &no_text(&[(OUTPUT, 1), (OUTPUT + 4, at), (OUTPUT + 8, 2)]),
            "trapped",
        ),
        faults(
            "an ordering key that is not UTF-8",
            &no_text(&[(KEY, 1), (KEY + 4, at), (KEY + 8, 2)]),
            "trapped",
        ),
        faults(
            "a reason that is not UTF-8",
            &answers(&[(NO_TEXT, 0xff), (VERDICT, 1), (LIST, at), (LIST + 4, 1)]),
            "trapped",
        ),
        faults(
            "a value that is two headers",
            &spoken(r"a\0d\0ax-key: 1", header(word, (700, 11))),
            "trapped",
        ),
        faults("a name that is two headers", &spoken(r"a: 1\0d\0ax-key", header((700, 11), word)), "trapped"),
        faults("a header without a name", &header((0, 0), word), "trapped"),
        faults("a header with a zero byte", &spoken(r"a\00b", header(word, (700, 3))), "trapped"),
        faults(
            "a type with a line feed",
            &spoken(r"a\0ab", output(&[(OUTPUT, 1), (OUTPUT + 4, 700), (OUTPUT + 8, 3)])),
            "trapped",
        ),
        faults(
            "an ordering key with a zero byte",
            &spoken(r"a\00b", output(&[(KEY, 1), (KEY + 4, 700), (KEY + 8, 3)])),
            "trapped",
        ),
        served("a header as it should be", &header(word, word)),
    ]
}

fn batches() -> Vec<Case> {
    let gives = |at: i64, count: i64| {
        let values = stores(&[(48, at), (52, count)]);
        honest().batch(&format!("{values} (i32.const 48)")).pages(16)
    };
    let each =
        |change: &str| honest().batch(&format!("(call $each (i32.add (local.get 1) (i32.const {change})))"));
    vec![
        served("a result for each of 20", &each("0")).batch(20),
        faults("a result too few", &each("-1"), "trapped").batch(20),
        faults("a result too many", &each("1"), "trapped").batch(20),
        faults("no results", &gives(0, 0), "trapped").batch(2),
        faults("results behind memory", &gives(-16, 2), "trapped").batch(2),
        faults("2^28 results", &gives(65_536, 1 << 28), "trapped").batch(2),
        faults("50,000 results for two events", &gives(65_536, 50_000), "trapped").batch(2),
        faults(
            "a batch that never ends",
            &honest().batch("(loop $again (br $again)) unreachable"),
            "out_of_time",
        )
        .batch(2),
    ]
}

fn allocators() -> Vec<Case> {
    let log = crate::sandbox::tests::promises::wat::LOG;
    let gives = |at: i64| honest().realloc(&format!("(i32.const {at})"));
    let later = |at: i64| {
        // The first allocations are those of the configuration and of texts, which need no alignment.
        honest().realloc(&format!(
            "(if (result i32) (i32.gt_u (local.get 2) (i32.const 1)) (then (i32.const {at})) (else (call $take (local.get 3))))"
        ))
    };
    vec![
        faults("an allocator that gives 4 GiB - 16", &later_bytes(-16), "trapped"),
        faults("an allocator that gives the end of memory", &later_bytes(END - 1), "trapped"),
        faults("an allocator that gives what is not aligned", &later(65_537), "trapped"),
        faults("an allocator that traps", &later_does("unreachable"), "trapped"),
        faults(
            "an allocator that never ends",
            &later_does("(loop $again (br $again)) unreachable"),
            "out_of_time",
        ),
        faults(
            "an allocator that takes all memory",
            &later_does("(call $take (i32.const 70000000))"),
            "out_of_memory",
        ),
        faults(
            "an allocator that calls the host",
            &later_does(
                "(call $log (i32.const 1) (i32.const 1024) (i32.const 9)) (call $take (local.get 3))",
            )
            .imports(log),
            "trapped",
        ),
        faults(
            "an allocator that calls itself",
            &later_does("(call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))"),
            "trapped",
        ),
        served("an allocator that always gives the same", &gives(65_536)),
        served("an allocator that gives 0", &gives(0)),
    ]
}

/// An allocator that is honest until an event comes, which has more than two bytes in its first text.
fn later_does(body: &str) -> Guest {
    honest().realloc(&format!(
        "(if (result i32) (i32.gt_u (local.get 3) (i32.const 4)) (then {body}) (else (call $take (local.get 3))))"
    ))
}

fn later_bytes(at: i64) -> Guest {
    later_does(&format!("(i32.const {at})"))
}

fn configurations() -> Vec<Case> {
    let does = |body: &str| honest().configure(&format!("{body} unreachable"));
    let says =
        |values: &[(u32, i64)]| honest().configure(&format!("{} (i32.const {RESULT})", stores(values)));
    vec![
        faults("a configuration that takes for ever", &does("(loop $again (br $again))"), "out_of_time"),
        faults("a configuration that traps", &does(""), "trapped"),
        faults("a configuration that is edited for ever", &does("(loop $edit (br $edit))"), "out_of_time")
            .config(),
        faults(
            "a configuration that is edited and traps",
            &does("(i32.store (i32.const -1) (i32.const 0))"),
            "trapped",
        )
        .config(),
        faults(
            "a configuration that is refused",
            &says(&[(RESULT, 1), (RESULT + 4, 1024), (RESULT + 8, 9)]),
            "refused",
        ),
        faults(
            "a configuration's refusal behind memory",
            &says(&[(RESULT, 1), (RESULT + 4, -4), (RESULT + 8, 9)]),
            "trapped",
        )
        .config(),
        faults("a configuration that is neither", &says(&[(RESULT, 4)]), "trapped"),
        faults("a configuration for the end of memory", &honest().configure("(i32.const -4)"), "trapped")
            .config(),
    ]
}
