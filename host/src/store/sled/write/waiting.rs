//! Who waits for a commit, but for those who wait for events.
//! Not here: their answers, which go through the feed (`publish`).

use crate::store::ConfigAnswer;
use crate::store::StoreError;
use crate::store::sled::commit::ReplyTo;
use crate::store::sled::upkeep::expire::Expired;

/// Who waits for this commit, but for events.
#[derive(Debug, Default)]
pub(super) struct CommitWaiters {
    pub(super) commits: Vec<ReplyTo<()>>,
    pub(super) configures: Vec<(ReplyTo<ConfigAnswer>, ConfigAnswer)>,
    pub(super) expires: Vec<(ReplyTo<Expired>, Expired)>,
}

impl CommitWaiters {
    /// It is on disk.
    pub(super) fn answer(self) {
        for reply in self.commits {
            let _gone = reply.send(Ok(()));
        }
        for (reply, answer) in self.configures {
            let _gone = reply.send(Ok(answer));
        }
        for (reply, expired) in self.expires {
            let _gone = reply.send(Ok(expired));
        }
    }

    /// It is not.
    pub(super) fn refuse(self, error: &StoreError) {
        for reply in self.commits {
            let _gone = reply.send(Err(error.clone()));
        }
        for (reply, _) in self.configures {
            let _gone = reply.send(Err(error.clone()));
        }
        for (reply, _) in self.expires {
            let _gone = reply.send(Err(error.clone()));
        }
    }
}
