//! What goes over the border into a guest: an event goes in part by part, as the plugin makes room for it. The layout is that of
//! the component model's canonical ABI
//! (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>), of the types in
//! `wit/types.wit`. Not here: what comes out (`lift`), who asks for it (`imports`).

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::Memory;
use wasmtime::bail;

use crate::domain::plugin::GuestEvent;

/// Bytes of two texts of a header.
const HEADER: usize = 16;
/// Bytes of an event: seven texts and lists.
const EVENT: usize = 56;
/// Bytes of a place and a length.
const PAIR: usize = 8;

/// A part of what goes in, in the order in which the engine for components makes room for them: a list before what is in
/// it.
#[derive(Debug)]
enum Part {
    Text(Arc<str>),
    Bytes(Bytes),
    Name(String),
    /// A list of so many things, of which each has so many bytes; they come next.
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
    /// Places and lengths of what is there and belongs to no list.
    places: Vec<(u32, u32)>,
    /// Lists of which not all things are there yet, each within the one before; the bytes still to be written.
    open: Vec<Range<usize>>,
    /// An answer was read, and the guest cleans up after it.
    cleans_up: bool,
}

impl Border {
    /// Where the guest's memory is.
    pub(crate) fn set_memory(&mut self, memory: Memory) {
        self.memory = Some(memory);
    }

    pub(super) fn memory(&self) -> wasmtime::Result<Memory> {
        self.memory.ok_or_else(|| wasmtime::format_err!("an instance that is not made yet"))
    }

    /// The memory, unless the guest is making room, or cleaning up: then it may not call anybody.
    pub(super) fn memory_for_calls(&self) -> wasmtime::Result<Memory> {
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
        self.parts.push_back(Part::List(events.len(), EVENT));
        events.into_iter().for_each(|event| self.fields(event));
        self.parts.push_back(Part::End);
    }

    /// While the guest cleans up after an answer it may not call anybody.
    pub(crate) fn set_cleans_up(&mut self, cleans_up: bool) {
        self.cleans_up = cleans_up;
    }

    fn fields(&mut self, event: GuestEvent) {
        self.parts.extend([event.id, event.event_type, event.source, event.received_at].map(Part::Text));
        self.parts.push_back(Part::List(event.headers.len(), HEADER));
        for (name, value) in event.headers {
            self.parts.extend([Part::Name(name), Part::Name(value)]);
        }
        self.parts.extend([Part::Text(event.content_type), Part::Bytes(event.payload)]);
    }

    /// Writes the part there was room made for, and says what room the next one needs: its alignment in the upper half,
    /// its bytes in the lower.
    pub(super) fn next(&mut self, memory: &mut [u8], place: u32) -> wasmtime::Result<u64> {
        const NO_MORE: u64 = u64::MAX;
        if let Some(part) = self.now.take() {
            self.put(memory, &part, place)?;
        }
        match self.parts.pop_front() {
            None | Some(Part::End) => Ok(NO_MORE),
            Some(part) => {
                let (align, bytes) = part.layout();
                let Ok(bytes) = u32::try_from(bytes) else { bail!("byte length too large") };
                self.now = Some(part);
                Ok((align as u64) << 32 | u64::from(bytes))
            }
        }
    }

    /// Where the last parts are that were handed over.
    pub(super) fn take_places(&mut self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.places)
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
            Part::List(things, _) => *things,
            Part::End => 0,
        };
        self.belongs(memory, (place, u32::try_from(length)?));
        if let Part::List(..) = part
            && bytes > 0
        {
            self.open.push(start..start + bytes);
        }
        Ok(())
    }

    /// Writes place and length of something into the list that it belongs to.
    fn belongs(&mut self, memory: &mut [u8], (place, length): (u32, u32)) {
        let Some(list) = self.open.last_mut() else { return self.places.push((place, length)) };
        // It was within memory when there was room made for it, and memory does not become smaller.
        let pair = &mut memory[list.start..list.start + PAIR];
        pair[..4].copy_from_slice(&place.to_le_bytes());
        pair[4..].copy_from_slice(&length.to_le_bytes());
        list.start += PAIR;
        while self.open.last().is_some_and(Range::is_empty) {
            self.open.pop();
        }
    }
}

fn copied(room: &mut [u8], bytes: &[u8]) -> usize {
    room.copy_from_slice(bytes);
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(headers: usize) -> GuestEvent {
        let text = |text: &str| Arc::<str>::from(text);
        GuestEvent {
            id: text("i"),
            event_type: text("ty"),
            source: text(""),
            received_at: text("at"),
            headers: (0..headers).map(|number| (number.to_string(), "v".to_owned())).collect(),
            content_type: text("c"),
            payload: Bytes::from_static(b"payload"),
        }
    }

    /// Puts all parts one behind the other; gives what was asked for, the memory and what the driver gets.
    fn lowered(mut border: Border) -> (Vec<usize>, Vec<u8>, Vec<(u32, u32)>) {
        let (mut memory, mut next, mut asked) = (vec![0; 4096], 8, Vec::new());
        while let Some(part) = border.parts.pop_front() {
            let (align, bytes) = part.layout();
            next = usize::next_multiple_of(next, align);
            border.put(&mut memory, &part, next as u32).unwrap();
            asked.push(bytes);
            next += bytes;
            if let Part::End = border.parts.front().unwrap() {
                break;
            }
        }
        assert!(border.open.is_empty());
        (asked, memory, border.places)
    }

    fn number(memory: &[u8], at: usize) -> usize {
        u32::from_le_bytes(memory[at..at + 4].try_into().unwrap()) as usize
    }

    #[test]
    fn a_list_comes_before_what_is_in_it_and_knows_all_of_it() {
        let mut border = Border::default();
        border.event(event(2));
        let (asked, memory, places) = lowered(border);
        assert_eq!(asked, [1, 2, 0, 2, 32, 1, 1, 1, 1, 1, 7]);
        assert_eq!(places.len(), 7);
        let (headers, count) = (places[4].0 as usize, places[4].1);
        assert_eq!(count, 2);
        let second = headers + HEADER;
        assert_eq!((memory[number(&memory, second)], number(&memory, second + 4)), (b'1', 1));
        let payload = places[6].0 as usize;
        assert_eq!(&memory[payload..payload + 7], b"payload");
    }

    #[test]
    fn lists_within_lists_are_filled() {
        for headers in [0, 1, 3] {
            let mut border = Border::default();
            border.events(vec![event(headers), event(headers)]);
            let (asked, memory, places) = lowered(border);
            assert_eq!(asked[0], 2 * EVENT);
            let [(list, 2)] = places.as_slice() else { panic!("{places:?}") };
            let second = *list as usize + EVENT;
            // Of the second event: its headers' number, and its payload.
            assert_eq!(number(&memory, second + 4 * PAIR + 4), headers);
            let payload = number(&memory, second + 6 * PAIR);
            assert_eq!(&memory[payload..payload + 7], b"payload");
        }
    }
}
