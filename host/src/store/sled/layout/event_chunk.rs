//! How events are stored: a slice of a commit in one compressed value, so that neither one
//! event nor a thousand need a key each. Not here: where chunks are and who reads them.
//!
//! Head: commit u64 · events u32 · id of the last one. Body, for each event: id · length of
//! the fields u32 · length of the body u32 · fields (postcard: fields, headers, request) · body.
//! Before requests were kept, the headers were the last of the fields.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::event::IdempotencyKey;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::id::SourceId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::read_bytes::take_id;
use crate::store::sled::layout::read_bytes::take_slice;
use crate::store::sled::layout::read_bytes::take_u32;
use crate::store::sled::layout::read_bytes::take_u64;
use crate::store::sled::layout::write_set::WriteSet;

/// A chunk is closed when it has so many bytes: looking one event up unpacks a chunk.
const CHUNK: usize = 64 * 1024;

/// The fields of an event without its headers: what lists filter by comes first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fields<'a> {
    /// See [`NewEvent`] for these.
    pub(crate) workspace: WorkspaceId,
    pub(crate) source: Option<SourceId>,
    pub(crate) received_at: Timestamp,
    pub(crate) event_type: &'a str,
    pub(crate) revision: u64,
    content_type: &'a str,
    idempotency: Option<IdempotencyKey>,
    verified_by: &'a str,
}

/// Collects the events of one commit.
#[derive(Debug)]
pub(crate) struct ChunkWriter {
    seq: u64,
    first: u128,
    last: u128,
    count: u32,
    body: Vec<u8>,
}

impl ChunkWriter {
    /// For the commit of that number.
    pub(crate) fn new(seq: u64) -> Self {
        Self { seq, first: 0, last: 0, count: 0, body: Vec::new() }
    }

    /// Adds an event; its id must be greater than the one before.
    pub(crate) fn push(
        &mut self,
        id: EventId,
        event: &NewEvent,
        into: &mut WriteSet<'_>,
    ) -> Result<(), SledFault> {
        if self.count == 0 {
            self.first = id.bits();
        }
        self.last = id.bits();
        self.count += 1;
        self.body.extend_from_slice(&id.bits().to_be_bytes());
        let lengths = self.body.len();
        self.body.extend_from_slice(&[0; 4]);
        self.body.extend_from_slice(&(event.body.len() as u32).to_le_bytes());
        let fields = Fields {
            workspace: event.workspace,
            source: event.source,
            received_at: event.received_at,
            event_type: &event.event_type,
            revision: event.revision,
            content_type: &event.content_type,
            idempotency: event.idempotency,
            verified_by: &event.verified_by,
        };
        // What most requests are takes one byte.
        let request = (!event.request.is_plain_post()).then_some(&event.request);
        let start = self.body.len();
        self.body = postcard::to_extend(&(fields, &event.headers, request), std::mem::take(&mut self.body))
            .map_err(|_| SledFault::Bad { what: "an event", why: "cannot be encoded" })?;
        let length = (self.body.len() - start) as u32;
        self.body[lengths..lengths + 4].copy_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&event.body);
        if self.body.len() >= CHUNK {
            self.finish(into);
        }
        Ok(())
    }

    /// Writes what was collected.
    pub(crate) fn finish(&mut self, into: &mut WriteSet<'_>) {
        if self.count == 0 {
            return;
        }
        let head = written_head(self.seq, self.count, self.last);
        into.put_new(&keys::by_id(keys::EVENTS, self.first), &head, &self.body);
        self.body.clear();
        self.count = 0;
    }
}

/// What the head of a chunk says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkHead {
    /// In which commit it was written.
    pub(crate) seq: u64,
    /// The id of its last event.
    pub(crate) last: u128,
}

/// Reads a chunk's head.
pub(crate) fn head(mut head: &[u8]) -> Result<ChunkHead, SledFault> {
    let read = |head: &mut &[u8]| {
        let seq = take_u64(head)?;
        take_u32(head)?;
        Some(ChunkHead { seq, last: take_id(head)? })
    };
    read(&mut head).ok_or(BAD)
}

const BAD: SledFault = SledFault::Bad { what: "a chunk of events", why: "has an unknown shape" };

/// An event in an unpacked chunk, read as far as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventRow<'a> {
    /// Its id.
    pub(crate) id: EventId,
    fields: &'a [u8],
    body: &'a [u8],
}

impl<'a> EventRow<'a> {
    /// What lists filter by.
    pub(crate) fn fields(&self) -> Result<Fields<'a>, SledFault> {
        postcard::take_from_bytes(self.fields).map(|(fields, _)| fields).map_err(|_| BAD)
    }

    /// The whole event, with bytes of its own.
    pub(crate) fn event(&self) -> Result<Event, SledFault> {
        let ((fields, headers), rest): ((Fields<'a>, Headers), _) =
            postcard::take_from_bytes(self.fields).map_err(|_| BAD)?;
        let data = NewEvent {
            workspace: fields.workspace,
            source: fields.source,
            event_type: Arc::from(fields.event_type),
            content_type: Arc::from(fields.content_type),
            headers,
            request: request(rest)?,
            body: Bytes::copy_from_slice(self.body),
            received_at: fields.received_at,
            revision: fields.revision,
            idempotency: fields.idempotency,
            verified_by: Arc::from(fields.verified_by),
        };
        Ok(Event { id: self.id, data })
    }
}

/// What is behind an event's headers: nothing, if it was stored before requests were kept.
fn request(rest: &[u8]) -> Result<RequestLine, SledFault> {
    if rest.is_empty() {
        return Ok(RequestLine::default());
    }
    let request: Option<RequestLine> = postcard::from_bytes(rest).map_err(|_| BAD)?;
    Ok(request.unwrap_or_else(|| RequestLine { method: "POST".to_owned(), ..RequestLine::default() }))
}

/// The events of an unpacked chunk, oldest first.
pub(crate) fn rows(mut body: &[u8]) -> Result<Vec<EventRow<'_>>, SledFault> {
    let mut rows = Vec::new();
    while !body.is_empty() {
        rows.push(row(&mut body).ok_or(BAD)?);
    }
    Ok(rows)
}

/// An unpacked chunk without some of its events: head and body. The commit and the last id stay as they were, so that it
/// is found by the same ids.
pub(crate) fn without(
    head: &ChunkHead,
    body: &[u8],
    gone: &BTreeSet<EventId>,
) -> Result<(Vec<u8>, Vec<u8>), SledFault> {
    let (mut count, mut rest) = (0u32, Vec::with_capacity(body.len()));
    for row in rows(body)?.iter().filter(|row| !gone.contains(&row.id)) {
        count += 1;
        rest.extend_from_slice(&row.id.bits().to_be_bytes());
        rest.extend_from_slice(&(row.fields.len() as u32).to_le_bytes());
        rest.extend_from_slice(&(row.body.len() as u32).to_le_bytes());
        rest.extend_from_slice(row.fields);
        rest.extend_from_slice(row.body);
    }
    Ok((written_head(head.seq, count, head.last), rest))
}

fn written_head(seq: u64, count: u32, last: u128) -> Vec<u8> {
    let mut head = Vec::with_capacity(28);
    head.extend_from_slice(&seq.to_le_bytes());
    head.extend_from_slice(&count.to_le_bytes());
    head.extend_from_slice(&last.to_be_bytes());
    head
}

fn row<'a>(rest: &mut &'a [u8]) -> Option<EventRow<'a>> {
    let id = EventId::from_bits(take_id(rest)?);
    let fields = take_u32(rest)? as usize;
    let body = take_u32(rest)? as usize;
    Some(EventRow { id, fields: take_slice(rest, fields)?, body: take_slice(rest, body)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields<'static> {
        Fields {
            workspace: WorkspaceId::from_bits(1),
            source: Some(SourceId::from_bits(2)),
            received_at: Timestamp::from_millis(3),
            event_type: "push",
            revision: 4,
            content_type: "text/plain",
            idempotency: None,
            verified_by: "github",
        }
    }

    fn read(fields: &[u8]) -> RequestLine {
        let row = EventRow { id: EventId::from_bits(9), fields, body: b"hello" };
        assert_eq!(row.fields().unwrap().event_type, "push");
        let event = row.event().unwrap();
        assert_eq!((event.data.headers.get("x-a"), &event.data.body[..]), (Some("1"), &b"hello"[..]));
        event.data.request
    }

    /// As a chunk holds it.
    fn stored(id: u128, body: &[u8]) -> Vec<u8> {
        let fields = postcard::to_stdvec(&(fields(), Headers::default(), None::<RequestLine>)).unwrap();
        let lengths = [(fields.len() as u32).to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
        [&id.to_be_bytes()[..], &lengths, &fields, body].concat()
    }

    #[test]
    fn what_stays_in_a_chunk_is_byte_for_byte_what_it_was() {
        let all: Vec<Vec<u8>> = (1..=3).map(|id| stored(id, &[id as u8; 300])).collect();
        let (seq, last) = (7, 3);
        let known = head(&written_head(seq, 3, last)).unwrap();
        let gone = BTreeSet::from([EventId::from_bits(1), EventId::from_bits(3)]);
        let (thinner, body) = without(&known, &all.concat(), &gone).unwrap();
        assert_eq!(body, all[1]);
        let thinner = head(&thinner).unwrap();
        assert_eq!((thinner.seq, thinner.last), (seq, last));
        assert_eq!(without(&known, &all.concat(), &BTreeSet::new()).unwrap().1, all.concat());
    }

    #[test]
    fn events_stored_before_requests_were_kept_are_read() {
        let headers = Headers(vec![("x-a".into(), "1".into())]);
        let old = postcard::to_stdvec(&(fields(), &headers)).unwrap();
        assert_eq!(read(&old), RequestLine::default());
        let plain = postcard::to_stdvec(&(fields(), &headers, None::<RequestLine>)).unwrap();
        assert_eq!(plain.len(), old.len() + 1, "a plain POST costs one byte");
        assert!(read(&plain).is_plain_post());
        let line = RequestLine { method: "GET".into(), path: "/a".into(), query: "b=1".into() };
        assert_eq!(read(&postcard::to_stdvec(&(fields(), &headers, Some(&line))).unwrap()), line);
    }
}
