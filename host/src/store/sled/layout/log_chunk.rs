//! How the log is stored: the rows and closes of a commit in compressed chunks whose heads say
//! which events they are about. Not here: where chunks are and who reads them.
//!
//! Head: written at u64 ms · least and greatest id, u128 each, of the events it is searched for,
//! of all its events, of its rejections · closes u32. Body: ids of closed events, then for each row kind u8 · id of its event or
//! rejection · length u32 · postcard.

use std::collections::BTreeSet;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::LogEntry;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::read_bytes::take;
use crate::store::sled::layout::read_bytes::take_id;
use crate::store::sled::layout::read_bytes::take_slice;
use crate::store::sled::layout::read_bytes::take_u32;
use crate::store::sled::layout::read_bytes::take_u64;
use crate::store::sled::layout::write_set::WriteSet;

/// A chunk is closed when it has so many bytes.
const CHUNK: usize = 64 * 1024;
const BAD: SledFault = SledFault::Bad { what: "a chunk of the log", why: "has an unknown shape" };

/// Least and greatest of some ids; least is the greater when there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) least: u128,
    pub(crate) greatest: u128,
}

impl Span {
    const NONE: Self = Self { least: u128::MAX, greatest: 0 };

    fn add(&mut self, id: u128) {
        self.least = self.least.min(id);
        self.greatest = self.greatest.max(id);
    }

    /// Whether any id of `from..=to` may be among them.
    pub(crate) fn meets(&self, from: u128, to: u128) -> bool {
        self.least <= to && from <= self.greatest
    }

    /// Whether there are any.
    pub(crate) fn is_some(&self) -> bool {
        self.least <= self.greatest
    }
}

/// Which of the three kinds a row is, and about what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A plan, an attempt, the requests or a note of this event.
    Event(EventId),
    /// A rejection with this id.
    Rejection(u128),
}

/// The subject of a row.
pub(crate) fn subject(entry: &LogEntry) -> Subject {
    match entry {
        LogEntry::Plan(plan) => Subject::Event(plan.event),
        LogEntry::Attempt(entry) => Subject::Event(entry.attempt.id.delivery().event()),
        LogEntry::Fetches(fetches) => Subject::Event(fetches.event),
        LogEntry::Note(note) => Subject::Event(note.event),
        LogEntry::Rejection(rejection) => Subject::Rejection(rejection.id.bits()),
    }
}

/// Collects the log of one commit.
#[derive(Debug)]
pub(crate) struct LogWriter {
    seq: u64,
    at: Timestamp,
    chunk: u16,
    events: Span,
    all_events: Span,
    rejections: Span,
    closes: Vec<u8>,
    rows: Vec<u8>,
}

impl LogWriter {
    /// For the commit of that number, made at that time.
    pub(crate) fn new(seq: u64, at: Timestamp) -> Self {
        Self {
            seq,
            at,
            chunk: 0,
            events: Span::NONE,
            all_events: Span::NONE,
            rejections: Span::NONE,
            closes: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. `indexed` says that it is found some other way than by the chunk's head.
    pub(crate) fn push(
        &mut self,
        entry: &LogEntry,
        indexed: bool,
        into: &mut WriteSet<'_>,
    ) -> Result<(), SledFault> {
        let (kind, id) = match subject(entry) {
            Subject::Event(event) => (0, event.bits()),
            Subject::Rejection(id) => (1, id),
        };
        if kind == 1 {
            self.rejections.add(id);
        } else {
            self.all_events.add(id);
            if !indexed {
                self.events.add(id);
            }
        }
        self.rows.push(kind);
        self.rows.extend_from_slice(&id.to_be_bytes());
        let at = self.rows.len();
        self.rows.extend_from_slice(&[0; 4]);
        self.rows = postcard::to_extend(entry, std::mem::take(&mut self.rows))
            .map_err(|_| SledFault::Bad { what: "a log row", why: "cannot be encoded" })?;
        let length = (self.rows.len() - at - 4) as u32;
        self.rows[at..at + 4].copy_from_slice(&length.to_le_bytes());
        if self.rows.len() >= CHUNK {
            self.finish(into);
        }
        Ok(())
    }

    /// Says that an event is closed.
    pub(crate) fn close(&mut self, event: EventId) {
        self.events.add(event.bits());
        self.all_events.add(event.bits());
        self.closes.extend_from_slice(&event.bits().to_be_bytes());
    }

    /// Writes what was collected.
    pub(crate) fn finish(&mut self, into: &mut WriteSet<'_>) {
        if self.rows.is_empty() && self.closes.is_empty() {
            return;
        }
        let mut head = Vec::with_capacity(108);
        head.extend_from_slice(&self.at.as_millis().to_le_bytes());
        for span in [self.events, self.all_events, self.rejections] {
            head.extend_from_slice(&span.least.to_be_bytes());
            head.extend_from_slice(&span.greatest.to_be_bytes());
        }
        head.extend_from_slice(&((self.closes.len() / 16) as u32).to_le_bytes());
        let body = [self.closes.as_slice(), &self.rows].concat();
        into.put_new(&keys::log_chunk(self.seq, self.chunk), &head, &body);
        self.chunk += 1;
        self.events = Span::NONE;
        self.all_events = Span::NONE;
        self.rejections = Span::NONE;
        self.closes.clear();
        self.rows.clear();
    }
}

/// What the head of a chunk says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogHead {
    /// When it was written.
    pub(crate) at: Timestamp,
    /// Events whose rows and closes are in it, without rows that are found another way.
    pub(crate) events: Span,
    /// All events it has anything about.
    pub(crate) all_events: Span,
    /// Rejections in it.
    pub(crate) rejections: Span,
    closes: usize,
}

/// Reads a chunk's head.
pub(crate) fn head(head: &[u8]) -> Result<LogHead, SledFault> {
    let mut rest = head;
    let mut read = || {
        let at = Timestamp::from_millis(take_u64(&mut rest)?);
        let mut span = || Some(Span { least: take_id(&mut rest)?, greatest: take_id(&mut rest)? });
        let (events, all_events, rejections) = (span()?, span()?, span()?);
        let closes = take_u32(&mut rest)? as usize;
        Some(LogHead { at, events, all_events, rejections, closes })
    };
    read().ok_or(BAD)
}

/// A row of an unpacked chunk, read as far as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogRow<'a> {
    /// What it is about.
    pub(crate) subject: Subject,
    entry: &'a [u8],
}

impl LogRow<'_> {
    /// The row itself.
    pub(crate) fn entry(&self) -> Result<LogEntry, SledFault> {
        postcard::from_bytes(self.entry).map_err(|_| BAD)
    }

    /// Whether it is a plan; looks at the first byte only, which is the variant's number.
    pub(crate) fn is_plan(&self) -> bool {
        self.entry.first() == Some(&0)
    }
}

/// Closed events and rows of an unpacked chunk, oldest first.
pub(crate) fn read<'a>(head: &LogHead, body: &'a [u8]) -> Result<(Vec<EventId>, Vec<LogRow<'a>>), SledFault> {
    let mut rest = body;
    let mut closed = Vec::with_capacity(head.closes.min(body.len() / 16));
    for _ in 0..head.closes {
        closed.push(EventId::from_bits(take_id(&mut rest).ok_or(BAD)?));
    }
    let mut rows = Vec::new();
    while !rest.is_empty() {
        rows.push(row(&mut rest).ok_or(BAD)?);
    }
    Ok((closed, rows))
}

/// The body of an unpacked chunk without some of its rows, by their places. What it says of closed events stays: recovery
/// would take them for open ones.
pub(crate) fn without(head: &LogHead, body: &[u8], gone: &BTreeSet<usize>) -> Result<Vec<u8>, SledFault> {
    let (closed, rows) = read(head, body)?;
    let mut rest = Vec::with_capacity(body.len());
    for event in closed {
        rest.extend_from_slice(&event.bits().to_be_bytes());
    }
    for (_, row) in rows.iter().enumerate().filter(|(place, _)| !gone.contains(place)) {
        let (kind, id) = match row.subject {
            Subject::Event(event) => (0, event.bits()),
            Subject::Rejection(id) => (1, id),
        };
        write_row(&mut rest, kind, id, row.entry);
    }
    Ok(rest)
}

fn write_row(into: &mut Vec<u8>, kind: u8, id: u128, entry: &[u8]) {
    into.push(kind);
    into.extend_from_slice(&id.to_be_bytes());
    into.extend_from_slice(&(entry.len() as u32).to_le_bytes());
    into.extend_from_slice(entry);
}

fn row<'a>(rest: &mut &'a [u8]) -> Option<LogRow<'a>> {
    let [kind] = take(rest)?;
    let id = take_id(rest)?;
    let subject = match kind {
        0 => Subject::Event(EventId::from_bits(id)),
        1 => Subject::Rejection(id),
        _ => return None,
    };
    let length = take_u32(rest)? as usize;
    Some(LogRow { subject, entry: take_slice(rest, length)? })
}
