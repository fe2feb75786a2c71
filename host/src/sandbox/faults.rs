//! From what the engine says to a fault with a name and a blame. Not here: deciding what becomes
//! of the event.

use wasmtime::PoolConcurrencyLimitError;
use wasmtime::Trap;
use wasmtime::WasmBacktrace;

use crate::domain::plugin::Fault;
use crate::sandbox::state::BudgetSpent;
use crate::sandbox::state::GuestState;
use crate::sandbox::state::Starved;
use crate::sandbox::text;

/// Frames kept of a backtrace, and bytes of each; names of generic functions are long.
const FRAMES: usize = 20;
const FRAME_BYTES: usize = 256;
const DETAIL_BYTES: usize = 512;

/// Bytes that one call over the border may carry from guest to host. It bounds what a guest can
/// make the host allocate, whatever lengths it claims.
pub(crate) const BORDER_BYTES: usize = 8 << 20;

/// The fault behind `error`, which ended a call of the instance that `state` belongs to.
pub(crate) fn named(error: &wasmtime::Error, state: &GuestState) -> Fault {
    if error.is::<BudgetSpent>() {
        return Fault::OutOfTime { limit: state.limits.cpu };
    }
    if error.is::<Starved>() {
        return Fault::Host { detail: format!("no CPU time for the plugin within {:?}", state.limits.wall) };
    }
    if error.is::<PoolConcurrencyLimitError>() || error.is::<std::io::Error>() {
        return Fault::Host { detail: text::cut(format!("{error:#}"), DETAIL_BYTES) };
    }
    // A guest that is denied memory usually aborts; the trap itself only says `unreachable`.
    if state.denied {
        return Fault::OutOfMemory { limit_bytes: state.limits.memory_bytes };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Fault::Trapped { trap: trap_text(*trap), backtrace: backtrace(error) };
    }
    let cause = error.root_cause().to_string();
    // The engine has no public type for this one.
    if cause.contains("fuel allocated for hostcalls") {
        let detail = format!("more than {} MiB in one call", BORDER_BYTES >> 20);
        return Fault::OutputTooLarge { detail };
    }
    // Pointers out of bounds, text that is not UTF-8, unknown variants: a broken guest.
    Fault::Trapped { trap: text::cut(cause, DETAIL_BYTES), backtrace: backtrace(error) }
}

/// The trap in plain words, without the engine's prefix.
fn trap_text(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => "stack overflow".to_owned(),
        Trap::UnreachableCodeReached => "unreachable code was reached (a panic or an abort)".to_owned(),
        other => other.to_string().trim_start_matches("wasm trap: ").to_owned(),
    }
}

/// Demangled frames, innermost first.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    // Its text form is the only public way to demangled names: `0: 0x12ab - module!function`.
    let frame = |line: &str| {
        let (_, function) = line.split_once(" - ")?;
        Some(text::cut(function.trim().to_owned(), FRAME_BYTES))
    };
    trace.to_string().lines().filter_map(frame).take(FRAMES).collect()
}
