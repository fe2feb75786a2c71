//! Finds out, when a store is opened, what was accepted and not finished. Reads events and log
//! from the mark on only. Not here: what is done with it (`worker`).

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sled::Tree;

use crate::domain::delivery::DeliveryRecord;
use crate::domain::event::IdempotencyKey;
use crate::domain::id::DeliveryId;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::LogEntry;
use crate::store::Recovered;
use crate::store::Unfinished;
use crate::store::sled::commit::CommitState;
use crate::store::sled::commit::Dedup;
use crate::store::sled::commit::IdMaker;
use crate::store::sled::commit::OpenEvents;
use crate::store::sled::commit::OpenPlace;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::event_chunk;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::log_chunk;
use crate::store::sled::layout::parts;
use crate::store::sled::layout::read_bytes::take;
use crate::store::sled::layout::read_bytes::take_id;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::RecoveryMark;
use crate::store::sled::layout::record::StoredRecord;
use crate::store::sled::options::StoreOptions;
use crate::store::sled::read::configuration;

/// Slots that are done, per open event.
type Done = BTreeMap<EventId, BTreeSet<u16>>;

struct Scan<'a> {
    tree: &'a Tree,
    mark: RecoveryMark,
    last_seq: u64,
    last_id: u128,
    open: OpenEvents,
    done: Done,
    planned: BTreeSet<EventId>,
}

/// Reads what the committer must know, and what the application wants to know.
pub(crate) fn recover(tree: &Tree, options: &StoreOptions) -> Result<(CommitState, Recovered), SledFault> {
    let mark: RecoveryMark = match parts::get(tree, keys::MARK.to_vec())? {
        Some(entry) => record::decode("the recovery mark", &entry.body(tree)?)?,
        None => RecoveryMark::default(),
    };
    let (last_seq, last_id) = (mark.seq, u128::from_be_bytes(mark.last_id));
    let (open, done, planned) = Default::default();
    let mut scan = Scan { tree, mark, last_seq, last_id, open, done, planned };
    scan.events()?;
    scan.log()?;
    let live = scan.live()?;
    scan.ended()?;
    let Scan { last_seq, last_id, open, mut done, planned, .. } = scan;

    let config = configuration::load(tree)?;
    let revisions = open.iter().map(|(_, open)| open.revision);
    let wanted = revisions.chain(live.iter().map(|record| record.revision));
    let wanted: BTreeSet<u64> = wanted.filter(|revision| *revision < config.revision).collect();
    let past = configuration::at(tree, &config, &wanted)?;
    let unfinished = open.iter().map(|(event, _)| {
        let slots = done.remove(&event).unwrap_or_default();
        Unfinished { event, done: slots.into_iter().collect(), planned: planned.contains(&event) }
    });
    let recovered = Recovered { unfinished: unfinished.collect(), live, config: config.clone(), past };
    let state = CommitState {
        seq: last_seq + 1,
        ids: IdMaker::after(last_id),
        dedup: load_keys(tree, options)?,
        open,
        config: Arc::new(config),
    };
    Ok((state, recovered))
}

impl Scan<'_> {
    fn events(&mut self) -> Result<(), SledFault> {
        let oldest = u128::from_be_bytes(self.mark.oldest_id);
        // The oldest may lie in the middle of a chunk, whose name is that of its first event.
        let end = keys::part(&keys::by_id(keys::EVENTS, oldest), 1);
        let start = match parts::backward(self.tree, vec![keys::EVENTS], end).next() {
            Some(entry) => entry?.name,
            None => vec![keys::EVENTS],
        };
        for entry in parts::forward(self.tree, start, vec![keys::EVENTS + 1]) {
            let entry = entry?;
            let head = event_chunk::head(entry.head()?)?;
            self.last_seq = self.last_seq.max(head.seq);
            self.last_id = self.last_id.max(head.last);
            if head.last < oldest || head.seq < self.mark.oldest_seq {
                continue;
            }
            for row in event_chunk::rows(&entry.body(self.tree)?)? {
                if row.id.bits() >= oldest {
                    let open = OpenPlace { seq: head.seq, revision: row.fields()?.revision };
                    self.open.insert(row.id, open);
                }
            }
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), SledFault> {
        let start = keys::by_number(keys::LOG, self.mark.oldest_seq);
        for entry in parts::forward(self.tree, start, vec![keys::LOG + 1]) {
            let entry = entry?;
            self.last_seq = self.last_seq.max(keys::number_of(&entry.name).unwrap_or_default());
            let head = log_chunk::head(entry.head()?)?;
            if !self.open.any_in(head.events.least, head.events.greatest) {
                continue;
            }
            let body = entry.body(self.tree)?;
            let (closed, rows) = log_chunk::read(&head, &body)?;
            for row in rows {
                match row.entry()? {
                    LogEntry::Attempt(entry) => {
                        let delivery = entry.attempt.id.delivery();
                        if entry.attempt.state.is_terminal() && self.open.contains(delivery.event()) {
                            self.add_done(delivery);
                        }
                    }
                    LogEntry::Plan(plan) if self.open.contains(plan.event) => {
                        self.planned.insert(plan.event);
                    }
                    LogEntry::Plan(_) | LogEntry::Rejection(_) | LogEntry::Fetches(_) | LogEntry::Note(_) => {
                    }
                }
            }
            for event in closed {
                self.open.remove(event);
                self.done.remove(&event);
                self.planned.remove(&event);
            }
        }
        Ok(())
    }

    fn add_done(&mut self, delivery: DeliveryId) {
        self.done.entry(delivery.event()).or_default().insert(delivery.slot());
    }

    fn live(&mut self) -> Result<Vec<DeliveryRecord>, SledFault> {
        let mut live = Vec::new();
        for entry in parts::all(self.tree, keys::LIVE) {
            let stored: StoredRecord = record::decode("a delivery record", &entry?.body(self.tree)?)?;
            if self.open.contains(stored.record.id.event()) {
                self.add_done(stored.record.id);
            }
            live.push(stored.record);
        }
        Ok(live)
    }

    fn ended(&mut self) -> Result<(), SledFault> {
        let Some((oldest, _)) = self.open.oldest() else { return Ok(()) };
        let start = keys::by_id(keys::ENDED, oldest);
        for entry in parts::forward(self.tree, start, vec![keys::ENDED + 1]) {
            let Some(id) = keys::id_of(&entry?.name) else { continue };
            let delivery = DeliveryId::from_bits(id);
            if self.open.contains(delivery.event()) {
                self.add_done(delivery);
            }
        }
        Ok(())
    }
}

fn load_keys(tree: &Tree, options: &StoreOptions) -> Result<Dedup, SledFault> {
    let mut dedup = Dedup::new(options.idempotency_window, options.idempotency_keys_max);
    let window = options.idempotency_window.saturating_add(Duration::from_secs(1));
    let since = Timestamp::as_millis(options.clock.now().minus(window));
    let start = keys::by_id(keys::IDEMPOTENCY, u128::from(since) << 80);
    for entry in parts::forward(tree, start, vec![keys::IDEMPOTENCY + 1]) {
        let entry = entry?;
        let body = entry.body(tree)?;
        let mut rest: &[u8] = &body;
        while let (Some(key), Some(id)) = (take(&mut rest), take_id(&mut rest)) {
            dedup.insert(IdempotencyKey(key), EventId::from_bits(id));
        }
    }
    Ok(dedup)
}
