//! The reading end of the committer's messages. Not here: what is in them (`request`).

use tokio::sync::mpsc;

use crate::store::Committed;
use crate::store::Feed;
use crate::store::sled::write::FeedMessage;

/// See [`Feed`].
#[derive(Debug)]
pub struct SledFeed {
    pub(super) messages: mpsc::UnboundedReceiver<FeedMessage>,
}

impl Feed for SledFeed {
    async fn next(&mut self) -> Option<Committed> {
        loop {
            let mut message = self.messages.recv().await?;
            message.acknowledge();
            if let Some(committed) = message.committed {
                return Some(committed);
            }
        }
    }
}

impl Drop for SledFeed {
    /// Who asked gets an answer even if nobody works on the events any more.
    fn drop(&mut self) {
        self.messages.close();
        while let Ok(mut message) = self.messages.try_recv() {
            message.acknowledge();
        }
    }
}
