//! Writes what became of events and deliveries, so that every row can be found again: by the
//! head of its chunk while its event is open, by its delivery's record or its event's list of
//! late rows afterwards. Not here: events coming in (`build`) and the reading side (`read`).

use crate::domain::delivery::Attempt;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::store::AttemptEntry;
use crate::store::Change;
use crate::store::LogEntry;
use crate::store::sled::commit::build::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::WriteSet;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::log_chunk::Subject;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::LastAttempt;
use crate::store::sled::layout::record::StoredRecord;

const RECORD: &str = "a delivery record";

impl Commit<'_> {
    /// Adds one change to the commit.
    pub(crate) fn change(&mut self, change: &Change) -> Result<(), SledFault> {
        for entry in &change.log {
            let indexed = self.index_late(entry, change)?;
            self.log.push(entry, indexed, &mut self.set)?;
        }
        for (id, bytes) in &change.bytes {
            self.put_bytes(keys::BYTES, *id, bytes)?;
        }
        for (id, bytes) in &change.lasting_bytes {
            self.put_bytes(keys::LASTING_BYTES, *id, bytes)?;
        }
        for record in &change.deliveries {
            let attempt = last_attempt(change, record.id);
            self.put_record(record, attempt)?;
        }
        for write in &change.kv {
            self.keep_for_plugin(write)?;
        }
        for event in &change.closed {
            if self.is_open(*event) {
                self.log.close(*event);
                self.effects.closed.insert(*event);
            }
        }
        Ok(())
    }

    fn is_open(&self, event: EventId) -> bool {
        self.state.open.contains(event) && !self.effects.closed.contains(&event)
    }

    /// For a row whose event is closed: leaves word where it is. Answers whether it did.
    fn index_late(&mut self, entry: &LogEntry, change: &Change) -> Result<bool, SledFault> {
        let Subject::Event(event) = log_chunk::subject(entry) else { return Ok(false) };
        if self.is_open(event) {
            return Ok(false);
        }
        if let LogEntry::Attempt(AttemptEntry { attempt, .. }) = entry {
            let delivery = attempt.id.delivery();
            if change.deliveries.iter().any(|record| record.id == delivery) {
                return Ok(true);
            }
            if let Some((kind, mut stored)) = find_record(&self.set, delivery)? {
                add_attempt(&mut stored, attempt, self.state.seq);
                self.set.put(&keys::by_id(kind, delivery.bits()), &record::encode(&stored)?)?;
                return Ok(true);
            }
        }
        let name = keys::by_id(keys::LATE, event.bits());
        let mut seqs: Vec<u64> = match self.set.get(&name)? {
            Some(bytes) => record::decode("a list of late log rows", &bytes)?,
            None => Vec::new(),
        };
        if seqs.last() != Some(&self.state.seq) {
            seqs.push(self.state.seq);
            self.set.put(&name, &record::encode(&seqs)?)?;
        }
        Ok(true)
    }

    fn put_bytes(&mut self, kind: u8, id: DeliveryId, bytes: &DeliveryBytes) -> Result<(), SledFault> {
        self.set.put(&keys::by_id(kind, id.bits()), &record::encode(bytes)?)
    }

    /// A live record lies among the live ones; a terminal one moves away and takes no bytes along.
    fn put_record(&mut self, record: &DeliveryRecord, attempt: Option<&Attempt>) -> Result<(), SledFault> {
        let id = record.id.bits();
        let before = find_record(&self.set, record.id)?;
        let mut stored = StoredRecord { record: record.clone(), seqs: Vec::new(), last: None };
        if let Some((kind, before)) = before {
            (stored.seqs, stored.last) = (before.seqs, before.last);
            self.set.delete(&keys::by_id(kind, id))?;
        }
        if let Some(attempt) = attempt {
            add_attempt(&mut stored, attempt, self.state.seq);
        }
        let kind = if record.state.is_terminal() {
            self.set.delete(&keys::by_id(keys::BYTES, id))?;
            keys::ENDED
        } else {
            keys::LIVE
        };
        self.set.put_new(&keys::by_id(kind, id), &[], &record::encode(&stored)?);
        Ok(())
    }
}

fn add_attempt(stored: &mut StoredRecord, attempt: &Attempt, seq: u64) {
    stored.last = Some(LastAttempt::of(attempt));
    if stored.seqs.last() != Some(&seq) {
        stored.seqs.push(seq);
    }
}

fn last_attempt(change: &Change, delivery: DeliveryId) -> Option<&Attempt> {
    change.log.iter().rev().find_map(|entry| match entry {
        LogEntry::Attempt(entry) if entry.attempt.id.delivery() == delivery => Some(&entry.attempt),
        _ => None,
    })
}

fn find_record(set: &WriteSet<'_>, delivery: DeliveryId) -> Result<Option<(u8, StoredRecord)>, SledFault> {
    for kind in [keys::LIVE, keys::ENDED] {
        if let Some(bytes) = set.get(&keys::by_id(kind, delivery.bits()))? {
            return Ok(Some((kind, record::decode(RECORD, &bytes)?)));
        }
    }
    Ok(None)
}
