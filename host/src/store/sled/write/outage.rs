//! What happens while the store cannot be written: everything is refused, and twice a second
//! the files are opened anew. A failed commit may be on disk all the same; once the files are
//! open again that is looked up, and what it brought is made known, or its notes are written
//! again. Not here: the thread (`committer`).

use std::time::Duration;
use std::time::Instant;

use crate::store::StoreError;
use crate::store::sled::engine::Engine;
use crate::store::sled::fault::SledFault;
use crate::store::sled::guard;
use crate::store::sled::write::committer::Committer;
use crate::store::sled::write::doubt::Doubt;
use crate::store::sled::write::doubt::Outage;
use crate::store::sled::write::request::CommitterRequest;

const RETRY_EVERY: Duration = Duration::from_millis(500);

impl Committer {
    /// From now on nothing is taken.
    pub(super) fn begin_outage(&mut self, error: StoreError, doubt: Doubt) {
        self.shared.set_trouble(Some(error));
        self.outage = Some(Outage { doubt, tried: Instant::now() });
    }

    /// Refuses what came in, and tries from time to time whether it works again.
    pub(super) fn stand_by(&mut self, batch: Vec<CommitterRequest>) {
        if let Some(error) = self.shared.trouble() {
            batch.into_iter().for_each(|request| refuse(request, &error));
        }
        let Some(outage) = &mut self.outage else { return };
        if outage.tried.elapsed() < RETRY_EVERY {
            return;
        }
        outage.tried = Instant::now();
        if let Some(full) = self.space.look() {
            self.shared.set_trouble(Some(full));
            return;
        }
        match self.reopen() {
            Ok(()) => self.shared.set_trouble(None),
            Err(fault) => self.shared.set_trouble(Some(self.shared.explain(&fault))),
        }
    }

    fn reopen(&mut self) -> Result<(), SledFault> {
        let shared = std::sync::Arc::clone(&self.shared);
        let options = &shared.options;
        let mut slot = shared.engine_mut();
        let broken = slot.take();
        guard::quietly(|| {
            drop(broken);
            Ok(())
        })?;
        let engine = guard::quietly(|| Engine::open(&options.files(), options.cache_bytes))?;
        let Some(outage) = &self.outage else { return Ok(()) };
        let there = match &outage.doubt.probe {
            Some((key, value)) => engine.tree().get(key)?.is_some_and(|found| found == value),
            None => false,
        };
        *slot = Some(engine);
        drop(slot);
        let Some(Outage { mut doubt, .. }) = self.outage.take() else { return Ok(()) };
        if there {
            self.state.apply(&mut doubt.effects);
            self.publish(doubt.effects);
        } else {
            self.kept = doubt.notes;
        }
        self.watch_notes();
        Ok(())
    }
}

fn refuse(request: CommitterRequest, error: &StoreError) {
    match request {
        CommitterRequest::Accept { reply, .. } => drop(reply.send(Err(error.clone()))),
        CommitterRequest::Commit { reply, .. }
        | CommitterRequest::Flush { reply }
        | CommitterRequest::PutModule { reply, .. } => {
            drop(reply.send(Err(error.clone())));
        }
        CommitterRequest::Configure { reply, .. } => drop(reply.send(Err(error.clone()))),
        CommitterRequest::Expire { reply, .. } => drop(reply.send(Err(error.clone()))),
        CommitterRequest::Nudge | CommitterRequest::Open { .. } | CommitterRequest::Close { .. } => {}
    }
}
