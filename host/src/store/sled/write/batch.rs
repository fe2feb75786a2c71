//! One commit, from what came in to the answers: it is built, written, synced, made known. Not here: what waits for the
//! next one (`committer`), and what happens when it cannot be written (`outage`).

use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;
use crate::store::sled::commit::Commit;
use crate::store::sled::commit::CommitEffects;
use crate::store::sled::engine::Engine;
use crate::store::sled::fault::SledFault;
use crate::store::sled::guard;
use crate::store::sled::shared::Notes;
use crate::store::sled::upkeep::expire;
use crate::store::sled::write::committer::Committer;
use crate::store::sled::write::doubt::Doubt;
use crate::store::sled::write::request::CommitterRequest;
use crate::store::sled::write::waiting::CommitWaiters;

/// Commits between two marks: how much more than necessary recovery reads.
const MARK_EVERY: u64 = 64;

/// A commit ready to be written.
#[derive(Debug)]
struct Built {
    probe: Option<(Vec<u8>, Vec<u8>)>,
    /// Without it there is nothing to write.
    writes: Option<sled::Batch>,
    effects: CommitEffects,
}

impl Committer {
    /// Writes what waits, and tells everybody.
    pub(super) fn commit(&mut self, batch: Vec<CommitterRequest>, notes: Notes, last: bool) {
        self.shared.counters.begin();
        let shared = Arc::clone(&self.shared);
        let guard = shared.engine();
        let mut waiting = CommitWaiters::default();
        // A configuration counts as much as many commits.
        let configures = batch.iter().any(|request| matches!(request, CommitterRequest::Configure { .. }));
        let mark = last || configures || self.state.seq.is_multiple_of(MARK_EVERY);
        let result = guard.as_ref().ok_or(SledFault::Closed).and_then(|engine| {
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
        batch: Vec<CommitterRequest>,
        notes: &Notes,
        waiting: &mut CommitWaiters,
        mark: bool,
    ) -> Result<Built, SledFault> {
        let full = self.space.full().cloned();
        self.watching_space = full.is_some();
        self.shared.set_trouble(full.clone());
        let now = self.shared.options.clock.now();
        let mut commit = Commit::new(&mut self.state, engine.tree(), now);
        for change in &notes.changes {
            commit.change(change)?;
        }
        for request in batch {
            match (request, &full) {
                (CommitterRequest::Accept { reply, .. }, Some(full)) => {
                    let _gone = reply.send(Err(full.clone()));
                }
                (CommitterRequest::PutModule { reply, .. }, Some(full)) => {
                    let _gone = reply.send(Err(full.clone()));
                }
                (CommitterRequest::PutModule { digest, module, reply }, None) => {
                    waiting.commits.push(reply);
                    commit.keep_module(&digest, &module)?;
                }
                (CommitterRequest::Accept { events, reply }, None) => commit.accept(events, reply)?,
                (CommitterRequest::Commit { change, reply }, _) => {
                    waiting.commits.push(reply);
                    commit.change(&change)?;
                }
                (CommitterRequest::Flush { reply }, _) => waiting.commits.push(reply),
                (CommitterRequest::Configure { writes, expected, reply }, _) => {
                    waiting.configures.push((reply, commit.configure(&writes, expected)?));
                }
                (CommitterRequest::Expire { step, reply }, _) => {
                    waiting.expires.push((reply, expire::expire(&mut commit, &step)?));
                }
                (
                    CommitterRequest::Nudge | CommitterRequest::Open { .. } | CommitterRequest::Close { .. },
                    _,
                ) => {}
            }
        }
        if mark || commit.wants_mark {
            commit.mark()?;
        }
        let (set, effects) = commit.finish();
        let probe = set.probe();
        let writes = (!set.is_empty()).then(|| set.into_batch());
        Ok(Built { probe, writes, effects })
    }

    fn fail(&mut self, fault: &SledFault, waiting: CommitWaiters, mut doubt: Doubt) {
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
}
