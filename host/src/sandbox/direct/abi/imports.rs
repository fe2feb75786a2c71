//! What the host answers the driver, and a guest that logs. Not here: the layout of what goes in (`border`) and comes out
//! (`lift`).

use wasmtime::Caller;
use wasmtime::bail;

use crate::domain::plugin::LogLevel;
use crate::sandbox::direct::abi::lift::Lift;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::host::stop::border_bytes;

/// The driver's `next`: see `Border::next`.
pub(super) fn next(caller: &mut Caller<'_, GuestState>, place: u32) -> wasmtime::Result<u64> {
    let memory = caller.data().border.memory()?;
    let (memory, state) = memory.data_and_store_mut(caller);
    state.border.next(memory, place)
}

/// Where the last parts are that were handed over.
pub(super) fn places<const PARTS: usize>(
    caller: &mut Caller<'_, GuestState>,
) -> wasmtime::Result<[(u32, u32); PARTS]> {
    let places = caller.data_mut().border.take_places();
    match <[_; PARTS]>::try_from(places) {
        Ok(places) => Ok(places),
        Err(other) => bail!("{} parts instead of {PARTS}", other.len()),
    }
}

/// The import `log` of a guest that runs directly.
pub(super) fn log(
    mut caller: Caller<'_, GuestState>,
    level: u32,
    place: u32,
    length: u32,
) -> wasmtime::Result<()> {
    let level = match level {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        3 => LogLevel::Error,
        other => bail!("unexpected discriminant: {other}"),
    };
    let memory = caller.data().border.memory_for_calls()?;
    let (memory, state) = memory.data_and_store_mut(&mut caller);
    let message = Lift::new(memory, border_bytes(&state.limits)).message(place, length)?;
    state.keep_line(level, message);
    Ok(())
}
