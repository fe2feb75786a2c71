//! A plugin that attacks its host. The id of an event (or its header `x-attack`, or the text of the
//! configuration) picks the attack; without one it behaves. Not here: anything that only a hand-made module can do.

use std::cell::Cell;
use std::hint::black_box;

wit_bindgen::generate!({ world: "plugin", path: "../../../wit" });

use hookmill::plugin::log::{Level, log};
use hookmill::plugin::types::Output;

struct Hostile;

export!(Hostile);

/// The tests replace parts of this text in the built module, by others of the same length.
const MANIFEST: &str = r#"{
  "name": "hostile", "version": "1.0.0", "description": "attacks its host", "headers": ["x-attack"],
  "config_schema": {"type": "object"},
  "examples": [
    {"name": "behaves", "event": {"id": "behave", "type": "t", "payload": {"a": 1}},
     "expect": {"forward": [{"type": "behaved", "payload": {"a": 1}}]}},
    {"name": "drops", "event": {"id": "drop", "payload_text": "x"}, "expect": {"drop": "dropped"}},
    {"name": "refuses", "event": {"id": "refuse", "payload": null}, "expect": {"error": "no thanks"}}
  ]
}"#;

/// Replaced in the built module to attack from `manifest`.
static IN_MANIFEST: [u8; 24] = *b"manifest-attack: none   ";

/// A byte that is rare in code and data.
const SECRET: u8 = 0xa5;

thread_local! { static SEEN: Cell<u32> = const { Cell::new(0) }; }

impl Guest for Hostile {
    fn manifest() -> String {
        let attack = String::from_utf8_lossy(black_box(&IN_MANIFEST)).to_string();
        attacks(attack.trim_start_matches("manifest-attack: ").trim());
        MANIFEST.to_string()
    }

    fn configure(config: String) -> Result<(), String> {
        if config.contains("bad-config") {
            return Err("this configuration is bad".to_string());
        }
        if let Some(attack) = config.strip_prefix("{\"attack\":\"") {
            attacks(attack.trim_end_matches("\"}"));
        }
        Ok(())
    }

    fn transform(event: Event) -> Result<Verdict, String> {
        match picked(&event).as_str() {
            "refuse" => Err("no thanks".to_string()),
            "drop" => Ok(Verdict::Drop("dropped".to_string())),
            "leave" => Ok(Verdict::Drop(left())),
            "seek" => Ok(Verdict::Drop(sought())),
            "count" => Ok(Verdict::Drop(counted())),
            "echo" => Ok(Verdict::Forward(vec![echoed(event)])),
            "mark" => Ok(Verdict::Forward(vec![marked(event)])),
            "long-reason" => Ok(Verdict::Drop("r".repeat(1 << 20))),
            "long-refusal" => Err("r".repeat(1 << 20)),
            "grow-politely" => Err(format!("got {} pages", grow_all())),
            "big-output" => Ok(Verdict::Forward(vec![output(vec![b'x'; 40 << 20])])),
            "five-megabytes" => Ok(Verdict::Forward(vec![output(vec![b'x'; 5 << 20])])),
            "many-outputs" => Ok(Verdict::Forward((0..50_000).map(|_| output(vec![])).collect())),
            "aliased-outputs" => Ok(Verdict::Forward(aliased())),
            attack => {
                attacks(attack);
                Ok(Verdict::Forward(vec![behaved(event)]))
            }
        }
    }

    fn transform_batch(events: Vec<Event>) -> Vec<Result<Verdict, String>> {
        if events.iter().any(|event| event.id == "short-batch") {
            return vec![];
        }
        events.into_iter().map(Self::transform).collect()
    }
}

/// The attack: the id of an event made by hand; behind a real gateway, which numbers events itself, the header.
fn picked(event: &Event) -> String {
    if !event.id.starts_with("evt_") {
        return event.id.clone();
    }
    event.headers.iter().find(|(name, _)| name == "x-attack").map_or("behave", |(_, value)| value).to_string()
}

/// Attacks that need no event. An unknown name does nothing.
fn attacks(name: &str) {
    match name {
        "endless-loop" => endless(),
        "fill-memory" => fill(),
        "grow" => grow(),
        "recurse" => drop(black_box(recurse(0))),
        "recurse-thin" => drop(black_box(recurse_thin(black_box(u64::MAX)))),
        "panic" => panic!("panicked on purpose"),
        "log-flood" => flood("x".repeat(1 << 20)),
        "log-much" => {
            (0..1000).for_each(|line| log(Level::Info, &format!("line {line} {}", "é".repeat(600))))
        }
        "bad-utf8" => log(Level::Error, unsafe { std::str::from_utf8_unchecked(&[0xff; 64]) }),
        "bad-pointer" => unsafe { black_box(black_box(0xffff_fff0_usize) as *mut u8).write_volatile(1) },
        _ => {}
    }
}

fn endless() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// One long bulk instruction after another: these cannot be interrupted, only their sequence can.
fn fill() -> ! {
    let mut block = vec![1_u8; 24 << 20];
    loop {
        block.fill(2);
        black_box(&block);
    }
}

/// Without touching what it gets: that would take its time before it takes its memory.
fn grow() -> ! {
    let mut blocks: Vec<Vec<u8>> = vec![];
    loop {
        blocks.push(black_box(Vec::with_capacity(1 << 20)));
    }
}

fn grow_all() -> u32 {
    let mut pages = 0;
    while core::arch::wasm32::memory_grow(0, 1) != usize::MAX {
        pages += 1;
    }
    pages
}

/// Uses the stack in linear memory.
#[expect(unconditional_recursion, reason = "it is the attack")]
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    recurse(depth + 1) + black_box(frame)[(depth % 32) as usize]
}

/// Uses the engine's own stack alone.
#[inline(never)]
fn recurse_thin(depth: u64) -> u64 {
    if depth == 0 {
        1
    } else {
        recurse_thin(depth - 1).wrapping_mul(depth).wrapping_add(recurse_thin(depth / 3))
    }
}

fn flood(message: String) -> ! {
    loop {
        log(Level::Error, &message);
    }
}

/// How often this instance was asked, kept in its memory: always the first time.
fn counted() -> String {
    SEEN.with(|seen| {
        seen.set(seen.get() + 1);
        format!("call {}", seen.get())
    })
}

/// Writes a secret all over a part of its memory.
fn left() -> String {
    let block = vec![black_box(SECRET); 4 << 20];
    format!("left {}", black_box(&block).len())
}

/// Looks through all of its memory, and through what it can get beside it, for that secret.
fn sought() -> String {
    core::arch::wasm32::memory_grow(0, 128);
    let end = core::arch::wasm32::memory_size(0) << 16;
    let mut longest = 0;
    let mut run = 0;
    for at in 1024..end {
        let byte = unsafe { (black_box(at) as *const u8).read_volatile() };
        run = if byte == SECRET { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    format!("longest trace {longest} of {}", end >> 20)
}

fn output(payload: Vec<u8>) -> Output {
    Output { event_type: None, headers: vec![], payload, ordering_key: None }
}

fn behaved(event: Event) -> Output {
    Output { event_type: Some("behaved".to_string()), ..output(event.payload) }
}

/// The payload, a JSON object, with one member more.
fn marked(event: Event) -> Output {
    let mut payload = event.payload.clone();
    payload.pop();
    payload.extend(b",\"marked\":true}");
    Output { payload, ..behaved(event) }
}

/// Every field of the event, to be seen from outside.
fn echoed(event: Event) -> Output {
    let mut headers = event.headers;
    headers.push(("source".to_string(), event.source));
    headers.push(("received-at".to_string(), event.received_at));
    headers.push(("content-type".to_string(), event.content_type));
    Output {
        event_type: Some(event.event_type),
        headers,
        payload: event.payload,
        ordering_key: Some(event.id),
    }
}

/// Ten thousand outputs that all point at one megabyte: ten gigabytes once they are lifted.
fn aliased() -> Vec<Output> {
    let block = Box::leak(vec![b'x'; 1 << 20].into_boxed_slice());
    let alias = |_| output(unsafe { Vec::from_raw_parts(block.as_mut_ptr(), block.len(), block.len()) });
    (0..10_000).map(alias).collect()
}
