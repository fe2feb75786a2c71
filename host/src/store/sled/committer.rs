//! The one thread that writes. It collects what waits, writes it as one batch, syncs, and sends
//! one message with all answers. Not here: what a batch holds (`commit`, `change`) and what
//! happens when it cannot be written (`outage`).

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use tokio::sync::mpsc;

use crate::store::StoreError;
use crate::store::held_bytes;
use crate::store::sled::commit::Commit;
use crate::store::sled::commit::Effects;
use crate::store::sled::commit::State;
use crate::store::sled::engine::Engine;
use crate::store::sled::expire;
use crate::store::sled::export::Exporter;
use crate::store::sled::fault::Fault;
use crate::store::sled::guard;
use crate::store::sled::outage::Doubt;
use crate::store::sled::outage::Outage;
use crate::store::sled::request::FeedMessage;
use crate::store::sled::request::Reply;
use crate::store::sled::request::Request;
use crate::store::sled::shared::Notes;
use crate::store::sled::shared::Shared;
use crate::store::sled::space::Space;
use crate::store::sled::waiting::Waiting;
use crate::store::sled::witness::Witness;

/// Notes wait for a commit of their own at most this long.
const NOTE_DELAY: Duration = Duration::from_millis(10);
/// How often a full disk is looked at when nobody asks.
const SPACE_DELAY: Duration = Duration::from_millis(200);
/// Under load the thread waits a moment for more, since each commit costs the same.
const PAUSE: Duration = Duration::from_micros(300);
/// What load is: so many requests in the last commit.
const PAUSE_FROM: usize = 5;
/// Requests of one commit at most.
const BATCH: usize = 1024;
/// Bytes of bodies of one commit at most, unless a single request has more.
const BATCH_BYTES: u64 = 8 << 20;
/// Commits of one run from which on the next start would be slow.
const REMEMBER_FROM: u64 = 2000;
/// Commits between two marks: how much more than necessary recovery reads.
const MARK_EVERY: u64 = 64;

/// The thread's state.
#[derive(Debug)]
pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) state: State,
    pub(super) requests: Receiver<Request>,
    pub(super) feed: mpsc::UnboundedSender<FeedMessage>,
    pub(super) space: Space,
    pub(super) exporter: Exporter,
    files: Files,
    /// Changes of a failed commit, written first when it goes on.
    pub(super) kept: Notes,
    /// Set while the store cannot be written.
    pub(super) outage: Option<Outage>,
    watching_notes: bool,
    /// Whether the disk was full, and somebody may want to know when it is not any more.
    watching_space: bool,
    last_batch: usize,
    /// The first commit of this run.
    first_seq: u64,
}

/// What else of the directory the thread holds.
#[derive(Debug)]
pub(super) struct Files {
    /// Keeps other processes out until the thread ends.
    pub(super) lock: File,
    /// How far the store has come.
    pub(super) witness: Witness,
}

/// A commit ready to be written.
#[derive(Debug)]
struct Built {
    probe: Option<(Vec<u8>, Vec<u8>)>,
    /// Without it there is nothing to write.
    writes: Option<sled::Batch>,
    effects: Effects,
}

impl Committer {
    /// Ready to run.
    pub(super) fn new(
        shared: Arc<Shared>,
        state: State,
        requests: Receiver<Request>,
        feed: mpsc::UnboundedSender<FeedMessage>,
        exporter: Exporter,
        files: Files,
    ) -> Self {
        let space = Space::new(&shared.options.dir, shared.options.free_bytes_min);
        Self {
            first_seq: state.seq,
            shared,
            state,
            requests,
            feed,
            space,
            exporter,
            files,
            kept: Notes::default(),
            outage: None,
            watching_notes: false,
            watching_space: false,
            last_batch: 0,
        }
    }

    /// Until somebody closes the store or every handle is gone.
    pub(super) fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            let mut batch = Vec::new();
            match self.wait() {
                Ok(request) => self.sort_in(request, &mut batch, &mut closing),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.outage.is_some() {
                self.stand_by(batch);
                continue;
            }
            if !batch.is_empty() && self.last_batch >= PAUSE_FROM {
                std::thread::sleep(PAUSE);
            }
            self.drain(&mut batch, &mut closing);
            self.last_batch = batch.len();
            let notes = self.take_notes(batch.is_empty());
            if !batch.is_empty() || !notes.is_empty() {
                self.commit(batch, notes, false);
            } else if self.watching_space && self.space.full().is_none() {
                self.watching_space = false;
                self.shared.set_trouble(None);
            }
        }
        self.close(closing);
    }

    fn wait(&self) -> Result<Request, RecvTimeoutError> {
        if self.watching_notes || self.outage.is_some() {
            self.requests.recv_timeout(NOTE_DELAY)
        } else if self.watching_space {
            self.requests.recv_timeout(SPACE_DELAY)
        } else {
            self.requests.recv().map_err(|_| RecvTimeoutError::Disconnected)
        }
    }

    /// Looks for notes soon.
    pub(super) fn watch_notes(&mut self) {
        self.shared.notes().watched = true;
        self.watching_notes = true;
    }

    fn sort_in(&mut self, request: Request, batch: &mut Vec<Request>, closing: &mut Option<Reply<()>>) {
        match request {
            Request::Nudge => self.watching_notes = true,
            Request::Open { after, limit, reply } => {
                let _gone = reply.send(Ok(self.state.open.after(after).take(limit).collect()));
            }
            Request::Close { reply } => *closing = Some(reply),
            other => batch.push(other),
        }
    }

    fn drain(&mut self, batch: &mut Vec<Request>, closing: &mut Option<Reply<()>>) {
        let mut bytes: u64 = batch.iter().map(bytes_of).sum();
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Ok(request) = self.requests.try_recv() else { break };
            bytes += bytes_of(&request);
            self.sort_in(request, batch, closing);
        }
    }

    /// What is noted, after what was kept. If that is nothing and nothing else happens, the next
    /// note has to nudge.
    fn take_notes(&mut self, idle: bool) -> Notes {
        let mut notes = self.shared.notes();
        let mut taken = std::mem::take(&mut self.kept);
        taken.changes.append(&mut notes.changes);
        taken.meta.append(&mut notes.meta);
        if idle && taken.is_empty() {
            notes.watched = false;
            self.watching_notes = false;
        }
        taken
    }

    fn commit(&mut self, batch: Vec<Request>, notes: Notes, last: bool) {
        self.shared.counters.begin();
        let shared = Arc::clone(&self.shared);
        let guard = shared.engine();
        let mut waiting = Waiting::default();
        // A configuration counts as much as many commits.
        let configures = batch.iter().any(|request| matches!(request, Request::Configure { .. }));
        let mark = last || configures || self.state.seq.is_multiple_of(MARK_EVERY);
        let result = guard.as_ref().ok_or(Fault::Closed).and_then(|engine| {
            let built = guard::caught(|| self.build(engine, batch, &notes, &mut waiting, mark));
            built.map(|built| (engine, built))
        });
        let (engine, Built { probe, writes, mut effects }) = match result {
            Ok(built) => built,
            Err(fault) => {
                return self.fail(&fault, waiting, Doubt { notes, ..Doubt::default() });
            }
        };
        let written = match writes {
            Some(writes) => guard::caught(|| engine.write(writes)),
            None => Ok(Duration::ZERO),
        };
        match written {
            Ok(sync) => {
                self.state.apply(&mut effects);
                self.shared.counters.end(effects.events.len(), self.state.open.len(), Some(sync));
                if mark {
                    self.files.witness.write(self.state.seq - 1);
                    self.shared.counters.set_disk_bytes(engine.size_on_disk().unwrap_or_default());
                }
                self.publish(effects);
                waiting.answer();
            }
            Err(fault) => self.fail(&fault, waiting, Doubt { probe, effects, notes }),
        }
    }

    fn build(
        &mut self,
        engine: &Engine,
        batch: Vec<Request>,
        notes: &Notes,
        waiting: &mut Waiting,
        mark: bool,
    ) -> Result<Built, Fault> {
        let full = self.space.full().cloned();
        self.watching_space = full.is_some();
        self.shared.set_trouble(full.clone());
        let now = self.shared.options.clock.now();
        let mut commit = Commit::new(&mut self.state, engine.tree(), now);
        for change in &notes.changes {
            commit.change(change)?;
        }
        for (key, value) in &notes.meta {
            commit.keep(key, value)?;
        }
        for request in batch {
            match (request, &full) {
                (Request::Accept { reply, .. }, Some(full)) => {
                    let _gone = reply.send(Err(full.clone()));
                }
                (Request::Accept { events, reply }, None) => commit.accept(events, reply)?,
                (Request::Commit { change, reply }, _) => {
                    waiting.commits.push(reply);
                    commit.change(&change)?;
                }
                (Request::Configure { writes, above, reply }, _) => {
                    waiting.configures.push((reply, commit.configure(&writes, above)?));
                }
                (Request::Expire { step, reply }, _) => {
                    waiting.expires.push((reply, expire::expire(&mut commit, &step)?));
                }
                (Request::Nudge | Request::Open { .. } | Request::Close { .. }, _) => {}
            }
        }
        if mark {
            commit.mark()?;
        }
        let (set, effects) = commit.finish();
        let probe = set.probe();
        let writes = (!set.is_empty()).then(|| set.into_batch());
        Ok(Built { probe, writes, effects })
    }

    fn fail(&mut self, fault: &Fault, waiting: Waiting, mut doubt: Doubt) {
        self.shared.counters.end(0, 0, None);
        // Whether it is more than a failed write shows when the files are opened again.
        let error = match self.shared.explain(fault) {
            StoreError::Damaged { detail, .. } => StoreError::Unavailable { detail },
            other => other,
        };
        let acks = std::mem::take(&mut doubt.effects.acks);
        // Whoever hears of it and asks how the store is must hear the same.
        self.begin_outage(error.clone(), doubt);
        waiting.refuse(&error);
        for (reply, _) in acks {
            let _gone = reply.send(Err(error.clone()));
        }
    }

    fn close(mut self, closing: Option<Reply<()>>) {
        let mut result = Ok(());
        if self.outage.is_none() {
            let notes = self.take_notes(false);
            let rest: Vec<Request> = self.requests.try_iter().collect();
            self.commit(rest, notes, true);
        }
        if self.outage.is_some() {
            result = Err(self.shared.trouble().unwrap_or(StoreError::Unavailable {
                detail: "it could not be written when it was closed".to_owned(),
            }));
        }
        let engine = self.shared.engine_mut().take();
        let closed = guard::caught(|| {
            drop(engine);
            Ok(())
        });
        if self.state.seq - self.first_seq > REMEMBER_FROM {
            // Everything is on disk already; if this fails, the next start only takes longer.
            let _slower_start = self.remember_pages();
        }
        self.shared.set_trouble(Some(Fault::Closed.explain(&self.shared.options.dir)));
        drop(self.exporter);
        // Closing the file is not enough while a child that is being started has a copy of it.
        let _unlocked_when_closed = fs4::FileExt::unlock(&self.files.lock);
        if let Some(reply) = closing {
            let _gone = reply.send(result.and(closed.map_err(|fault| self.shared.explain(&fault))));
        }
    }
}

impl Committer {
    /// sled writes down where its pages are only when it opens, and otherwise reads all that was
    /// written since. Opening once more after a long run makes the next start a quick one.
    fn remember_pages(&self) -> Result<(), Fault> {
        let options = &self.shared.options;
        guard::quietly(|| Engine::open(&options.files(), options.cache_bytes)).map(drop)
    }
}

fn bytes_of(request: &Request) -> u64 {
    match request {
        Request::Accept { events, .. } => events.iter().map(held_bytes).sum(),
        _ => 1024,
    }
}
