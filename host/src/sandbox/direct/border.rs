//! What the host answers the driver: an event goes in part by part, as the plugin makes room for it. The layout is that of
//! the component model's canonical ABI
//! (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>), of the types in
//! `wit/types.wit`. Not here: what comes out (`lift`).

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::Caller;
use wasmtime::Memory;
use wasmtime::bail;

use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::LogLevel;
use crate::sandbox::direct::lift::Lift;
use crate::sandbox::faults;
use crate::sandbox::state::GuestState;

/// Bytes of two texts of a header.
const HEADER: usize = 16;
/// Bytes of an event: seven texts and lists.
const EVENT: usize = 56;
/// Bytes of a place and a length.
const PAIR: usize = 8;

/// A part of what goes in, each after those it is made of.
#[derive(Debug)]
enum Part {
    Text(Arc<str>),
    Bytes(Bytes),
    Name(String),
    /// A list of so many things, of which each has so many bytes; its parts went before.
    List(usize, usize),
    /// What was lowered up to here is one call's.
    End,
}

impl Part {
    /// Alignment, and bytes.
    fn layout(&self) -> (usize, usize) {
        match self {
            Self::Text(text) => (1, text.len()),
            Self::Bytes(bytes) => (1, bytes.len()),
            Self::Name(name) => (1, name.len()),
            Self::List(things, bytes) => (4, things * bytes),
            Self::End => (1, 0),
        }
    }
}

/// What one call hands over.
#[derive(Debug, Default)]
pub(crate) struct Border {
    memory: Option<Memory>,
    parts: VecDeque<Part>,
    /// The plugin makes room for it.
    now: Option<Part>,
    /// Places and lengths of what is there and belongs to nothing larger yet.
    places: Vec<(u32, u32)>,
    /// An answer was read, and the guest cleans up after it.
    cleans_up: bool,
}

impl Border {
    /// Where the guest's memory is.
    pub(crate) fn set_memory(&mut self, memory: Memory) {
        self.memory = Some(memory);
    }

    fn memory(&self) -> wasmtime::Result<Memory> {
        self.memory.ok_or_else(|| wasmtime::format_err!("an instance that is not made yet"))
    }

    /// The memory, unless the guest is making room, or cleaning up: then it may not call anybody.
    fn memory_for_calls(&self) -> wasmtime::Result<Memory> {
        match (&self.now, self.cleans_up) {
            (None, false) => self.memory(),
            _ => bail!("cannot leave component instance"),
        }
    }

    /// Hands over a configuration.
    pub(crate) fn config(&mut self, config: Arc<str>) {
        self.parts.extend([Part::Text(config), Part::End]);
    }

    /// Hands over an event, the seven parts of it.
    pub(crate) fn event(&mut self, event: GuestEvent) {
        self.fields(event);
        self.parts.push_back(Part::End);
    }

    /// Hands over several.
    pub(crate) fn events(&mut self, events: Vec<GuestEvent>) {
        let number = events.len();
        events.into_iter().for_each(|event| self.fields(event));
        self.parts.extend([Part::List(number, EVENT), Part::End]);
    }

    /// While the guest cleans up after an answer it may not call anybody.
    pub(crate) fn set_cleans_up(&mut self, cleans_up: bool) {
        self.cleans_up = cleans_up;
    }

    fn fields(&mut self, event: GuestEvent) {
        let headers = event.headers.len();
        self.parts.extend([event.id, event.event_type, event.source, event.received_at].map(Part::Text));
        for (name, value) in event.headers {
            self.parts.extend([Part::Name(name), Part::Name(value)]);
        }
        let rest = [Part::List(headers, HEADER), Part::Text(event.content_type), Part::Bytes(event.payload)];
        self.parts.extend(rest);
    }

    /// Writes a part to the place that the plugin made for it.
    fn put(&mut self, memory: &mut [u8], part: &Part, place: u32) -> wasmtime::Result<()> {
        let (align, bytes) = part.layout();
        let start = place as usize;
        if !start.is_multiple_of(align) {
            bail!("realloc return: result not aligned");
        }
        let Some(room) = start.checked_add(bytes).and_then(|end| memory.get_mut(start..end)) else {
            bail!("realloc return: beyond end of memory");
        };
        let length = match part {
            Part::Text(text) => copied(room, text.as_bytes()),
            Part::Bytes(bytes) => copied(room, bytes),
            Part::Name(name) => copied(room, name.as_bytes()),
            Part::List(things, bytes) => {
                let parts = things * bytes / PAIR;
                let from = self.places.len().saturating_sub(parts);
                for (pair, room) in self.places.drain(from..).zip(room.chunks_exact_mut(PAIR)) {
                    room[..4].copy_from_slice(&pair.0.to_le_bytes());
                    room[4..].copy_from_slice(&pair.1.to_le_bytes());
                }
                *things
            }
            Part::End => 0,
        };
        self.places.push((place, u32::try_from(length)?));
        Ok(())
    }
}

fn copied(room: &mut [u8], bytes: &[u8]) -> usize {
    room.copy_from_slice(bytes);
    bytes.len()
}

/// The driver's `next`: writes the part there was room made for, and says what room the next one needs.
pub(super) fn next(caller: &mut Caller<'_, GuestState>, place: u32) -> wasmtime::Result<u64> {
    const NO_MORE: u64 = u64::MAX;
    let memory = caller.data().border.memory()?;
    let (memory, state) = memory.data_and_store_mut(caller);
    if let Some(part) = state.border.now.take() {
        state.border.put(memory, &part, place)?;
    }
    match state.border.parts.pop_front() {
        None | Some(Part::End) => Ok(NO_MORE),
        Some(part) => {
            let (align, bytes) = part.layout();
            let Ok(bytes) = u32::try_from(bytes) else { bail!("byte length too large") };
            state.border.now = Some(part);
            Ok((align as u64) << 32 | u64::from(bytes))
        }
    }
}

/// Where the last parts are that were handed over.
pub(super) fn places<const PARTS: usize>(
    caller: &mut Caller<'_, GuestState>,
) -> wasmtime::Result<[(u32, u32); PARTS]> {
    let places = std::mem::take(&mut caller.data_mut().border.places);
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
    let message = Lift::new(memory, faults::border_bytes(&state.limits)).message(place, length)?;
    state.keep_line(level, message);
    Ok(())
}
