//! The last commit, and the files handed back. Not here: who asks for it (`committer`).

use crate::store::StoreError;
use crate::store::sled::commit::ReplyTo;
use crate::store::sled::engine::Engine;
use crate::store::sled::fault::SledFault;
use crate::store::sled::guard;
use crate::store::sled::write::committer::Committer;
use crate::store::sled::write::request::CommitterRequest;

/// Commits of one run from which on the next start would be slow.
const REMEMBER_FROM: u64 = 2000;

impl Committer {
    /// Writes what is noted, closes the files, answers who asked.
    pub(super) fn close(mut self, closing: Option<ReplyTo<()>>) {
        let mut result = Ok(());
        if self.outage.is_none() {
            let notes = self.take_notes(false);
            let rest: Vec<CommitterRequest> = self.requests.try_iter().collect();
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
        self.shared.set_closed();
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
    fn remember_pages(&self) -> Result<(), SledFault> {
        let options = &self.shared.options;
        guard::quietly(|| Engine::open(&options.files(), options.cache_bytes)).map(drop)
    }
}
