//! What the committer is asked for, and what the feed gets from it.

use bytes::Bytes;

use crate::domain::event::NewEvent;
use crate::domain::id::EventId;
use crate::domain::plugin::Digest;
use crate::store::Accepted;
use crate::store::Change;
use crate::store::Committed;
use crate::store::ConfigAnswer;
use crate::store::ConfigWrite;
use crate::store::sled::commit::ExpectedRevision;
use crate::store::sled::commit::ReplyTo;
use crate::store::sled::upkeep::expire::ExpireStep;
use crate::store::sled::upkeep::expire::Expired;

/// One request.
#[derive(Debug)]
pub(crate) enum CommitterRequest {
    /// Store events.
    Accept {
        /// All of them or none.
        events: Vec<NewEvent>,
        /// Answered through the feed.
        reply: ReplyTo<Vec<Accepted>>,
    },
    /// Write a change and say when.
    Commit {
        /// The change.
        change: Change,
        /// Answered by the committer.
        reply: ReplyTo<()>,
    },
    /// Say when what was noted before is on disk.
    Flush {
        /// Answered by the committer.
        reply: ReplyTo<()>,
    },
    /// Write configuration.
    Configure {
        /// What to write.
        writes: Vec<ConfigWrite>,
        /// Which revision has to be there.
        expected: ExpectedRevision,
        /// Answered with what came of it.
        reply: ReplyTo<ConfigAnswer>,
    },
    /// Keep a module.
    PutModule {
        /// What it is found by.
        digest: Digest,
        /// Its bytes.
        module: Bytes,
        /// Answered by the committer.
        reply: ReplyTo<()>,
    },
    /// Say which events are open.
    Open {
        /// Only after that one.
        after: Option<EventId>,
        /// At most so many.
        limit: usize,
        /// Answered at once, from memory: it is part of no commit.
        reply: ReplyTo<Vec<EventId>>,
    },
    /// Delete some of what is old.
    Expire {
        /// What is old, and where to go on.
        step: ExpireStep,
        /// Answered with how far it came.
        reply: ReplyTo<Expired>,
    },
    /// Something was noted while nobody waited for notes.
    Nudge,
    /// Write what is noted and end.
    Close {
        /// Answered when the files are closed.
        reply: ReplyTo<()>,
    },
}

/// One message to the feed: everything one commit brought.
#[derive(Debug)]
pub(crate) struct FeedMessage {
    /// Answers to be sent by the reader, on its runtime.
    pub(crate) acks: Vec<(ReplyTo<Vec<Accepted>>, Vec<Accepted>)>,
    /// The events, if there were any.
    pub(crate) committed: Option<Committed>,
}

impl FeedMessage {
    /// Sends the answers. Whoever went away meanwhile does not want one.
    pub(crate) fn acknowledge(&mut self) {
        for (reply, accepted) in self.acks.drain(..) {
            let _gone = reply.send(Ok(accepted));
        }
    }
}
