//! The one thread that writes. It collects what waits until it is worth a commit. Not here: the commit itself (`batch`),
//! what it holds (`commit`), and what happens when it cannot be written (`outage`).

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use tokio::sync::mpsc;

use crate::store::hot_bytes;
use crate::store::sled::commit::CommitState;
use crate::store::sled::commit::ReplyTo;
use crate::store::sled::recovery::Witness;
use crate::store::sled::shared::Notes;
use crate::store::sled::shared::StoreShared;
use crate::store::sled::upkeep::Exporter;
use crate::store::sled::upkeep::Space;
use crate::store::sled::write::doubt::Outage;
use crate::store::sled::write::request::CommitterRequest;
use crate::store::sled::write::request::FeedMessage;

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

/// The thread's state.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(super) shared: Arc<StoreShared>,
    pub(super) state: CommitState,
    pub(super) requests: Receiver<CommitterRequest>,
    pub(super) feed: mpsc::UnboundedSender<FeedMessage>,
    pub(super) space: Space,
    pub(super) exporter: Exporter,
    pub(super) files: DirectoryFiles,
    /// Changes of a failed commit, written first when it goes on.
    pub(super) kept: Notes,
    /// Set while the store cannot be written.
    pub(super) outage: Option<Outage>,
    pub(super) watching_notes: bool,
    /// Whether the disk was full, and somebody may want to know when it is not any more.
    pub(super) watching_space: bool,
    pub(super) last_batch: usize,
    /// The first commit of this run.
    pub(super) first_seq: u64,
}

/// What else of the directory the thread holds.
#[derive(Debug)]
pub(crate) struct DirectoryFiles {
    /// Keeps other processes out until the thread ends.
    pub(crate) lock: File,
    /// How far the store has come.
    pub(crate) witness: Witness,
}

impl Committer {
    /// Ready to run.
    pub(crate) fn new(
        shared: Arc<StoreShared>,
        state: CommitState,
        requests: Receiver<CommitterRequest>,
        feed: mpsc::UnboundedSender<FeedMessage>,
        exporter: Exporter,
        files: DirectoryFiles,
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
    pub(crate) fn run(mut self) {
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

    fn wait(&self) -> Result<CommitterRequest, RecvTimeoutError> {
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

    fn sort_in(
        &mut self,
        request: CommitterRequest,
        batch: &mut Vec<CommitterRequest>,
        closing: &mut Option<ReplyTo<()>>,
    ) {
        match request {
            CommitterRequest::Nudge => self.watching_notes = true,
            CommitterRequest::Open { after, limit, reply } => {
                let _gone = reply.send(Ok(self.state.open.after(after).take(limit).collect()));
            }
            CommitterRequest::Close { reply } => *closing = Some(reply),
            other => batch.push(other),
        }
    }

    fn drain(&mut self, batch: &mut Vec<CommitterRequest>, closing: &mut Option<ReplyTo<()>>) {
        let mut bytes: u64 = batch.iter().map(bytes_of).sum();
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Ok(request) = self.requests.try_recv() else { break };
            bytes += bytes_of(&request);
            self.sort_in(request, batch, closing);
        }
    }

    /// What is noted, after what was kept. If that is nothing and nothing else happens, the next
    /// note has to nudge.
    pub(super) fn take_notes(&mut self, idle: bool) -> Notes {
        let mut notes = self.shared.notes();
        let mut taken = std::mem::take(&mut self.kept);
        taken.changes.append(&mut notes.changes);
        if idle && taken.is_empty() {
            notes.watched = false;
            self.watching_notes = false;
        }
        taken
    }
}

fn bytes_of(request: &CommitterRequest) -> u64 {
    match request {
        CommitterRequest::Accept { events, .. } => events.iter().map(hot_bytes).sum(),
        CommitterRequest::PutModule { module, .. } => module.len() as u64,
        _ => 1024,
    }
}
