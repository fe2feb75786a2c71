//! From what the engine says to a fault with a name and a blame. Not here: deciding what becomes
//! of the event.

use wasmtime::PoolConcurrencyLimitError;
use wasmtime::Trap;
use wasmtime::WasmBacktrace;

use crate::domain::plugin::Fault;
use crate::sandbox::direct::DRIVER;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::stop::BorderPassed;
use crate::sandbox::host::stop::BudgetSpent;
use crate::sandbox::host::stop::Starved;
use crate::sandbox::host::stop::Unavailable;
use crate::sandbox::host::stop::border_bytes;
use crate::sandbox::instance::asked;
use crate::sandbox::text;

/// Frames kept of a backtrace, and bytes of each; names of generic functions are long.
const FRAMES: usize = 20;
const FRAME_BYTES: usize = 256;
const DETAIL_BYTES: usize = 512;

/// The fault behind `error`, which ended a call of the instance that `state` belongs to.
pub(crate) fn named(error: &wasmtime::Error, state: &GuestState) -> Fault {
    if error.is::<BudgetSpent>() {
        return Fault::OutOfTime { limit: state.limits.cpu };
    }
    if error.is::<Starved>() {
        return Fault::Host { detail: format!("no CPU time for the plugin within {:?}", state.limits.wall) };
    }
    if let Some(unavailable) = error.downcast_ref::<Unavailable>() {
        return Fault::Host { detail: text::cut(unavailable.to_string(), DETAIL_BYTES) };
    }
    if error.is::<PoolConcurrencyLimitError>() || error.is::<std::io::Error>() {
        return Fault::Host { detail: text::cut(format!("{error:#}"), DETAIL_BYTES) };
    }
    // A guest that is denied memory usually aborts; the trap itself only says `unreachable`.
    if state.denied {
        return Fault::OutOfMemory { limit_bytes: state.limits.memory_bytes };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let backtrace = backtrace(error);
        let of_system = (*trap == Trap::UnreachableCodeReached).then(|| asked::of(&backtrace)).flatten();
        return Fault::Trapped { trap: of_system.unwrap_or_else(|| trap_text(*trap)), backtrace };
    }
    let cause = error.root_cause().to_string();
    // The engine has no public type for this one.
    if error.is::<BorderPassed>() || cause.contains("fuel allocated for hostcalls") {
        let detail = format!("more than {} bytes in one call", border_bytes(&state.limits));
        return Fault::OutputTooLarge { detail };
    }
    // Pointers out of bounds, text that is not UTF-8, unknown variants: a broken guest.
    Fault::Trapped { trap: state.said(cause, DETAIL_BYTES), backtrace: backtrace(error) }
}

/// The trap in plain words, without the engine's prefix.
fn trap_text(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => "stack overflow".to_owned(),
        Trap::UnreachableCodeReached => "unreachable code was reached (a panic or an abort)".to_owned(),
        other => other.to_string().trim_start_matches("wasm trap: ").to_owned(),
    }
}

/// Demangled frames, innermost first; a run of equal ones is one line.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    // Its text form is the only public way to demangled names: `0: 0x12ab - module!function`.
    let text = trace.to_string();
    let places = text.lines().filter_map(|line| line.split_once(" - ").map(|(_, place)| place.trim()));
    let is_driver = |place: &&str| place.split_once('!').is_some_and(|(module, _)| module == DRIVER);
    let frames = places.filter(|place| !is_driver(place)).map(without_hashes);
    let mut runs: Vec<(String, usize)> = Vec::new();
    for frame in frames {
        match runs.last_mut() {
            Some((last, times)) if *last == frame => *times += 1,
            _ => runs.push((frame, 1)),
        }
    }
    let line = |(frame, times): (String, usize)| {
        let frame = text::cut(frame, FRAME_BYTES);
        if times > 1 { format!("{frame} ({times} times)") } else { frame }
    };
    runs.into_iter().map(line).take(FRAMES).collect()
}

/// Without the compiler's hashes, as in `crate[7e2c2b295640ad24]::function`.
fn without_hashes(name: &str) -> String {
    let mut rest = name;
    let mut kept = String::with_capacity(name.len());
    while let Some((before, after)) = rest.split_once('[') {
        kept.push_str(before);
        match after.split_once(']') {
            Some((hash, behind)) if is_hash(hash) => rest = behind,
            _ => {
                kept.push('[');
                rest = after;
            }
        }
    }
    kept.push_str(rest);
    kept
}

fn is_hash(text: &str) -> bool {
    (8..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_left_out() {
        let check = |name: &str, expected: &str| assert_eq!(without_hashes(name), expected);
        check("m!guest[7e2c2b295640ad24]::run", "m!guest::run");
        check("a[7e2c2b295640ad24]::b::<[u8; 4], c[0123456789abcdef]::d>", "a::b::<[u8; 4], c::d>");
        check("<[u8]>::len", "<[u8]>::len");
        check("plain", "plain");
        check("open[", "open[");
        check("", "");
    }
}
