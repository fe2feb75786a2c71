//! Writes a revision of the configuration: the documents, and what it replaced. Not here: what is in the documents
//! (`domain::config`), and older revisions (`read`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::ConfigAnswer;
use crate::store::ConfigState;
use crate::store::ConfigWrite;
use crate::store::sled::commit::build::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::record;
use crate::store::sled::layout::record::Undo;

/// Which revision has to be there for a write to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ExpectedRevision {
    /// This one.
    Exactly(u64),
    /// Whichever; the new one is greater than this.
    Any {
        /// A revision of another store, whose documents are written here.
        above: u64,
    },
}

impl Commit<'_> {
    /// Writes documents, if the revision is as expected.
    pub(crate) fn configure(
        &mut self,
        writes: &[ConfigWrite],
        expected: ExpectedRevision,
    ) -> Result<ConfigAnswer, SledFault> {
        let present = self.effects.config.as_ref().unwrap_or(&self.state.config);
        let revision = match expected {
            ExpectedRevision::Exactly(expected) if expected != present.revision => {
                return Ok(ConfigAnswer::Conflict { expected, found: present.revision });
            }
            ExpectedRevision::Exactly(expected) => expected + 1,
            ExpectedRevision::Any { above } => present.revision.max(above) + 1,
        };
        let mut documents: BTreeMap<String, Vec<u8>> = present.documents.iter().cloned().collect();
        let mut before = Vec::with_capacity(writes.len());
        for write in writes {
            let name = keys::by_text(keys::CONFIG, &write.key);
            let old = match &write.document {
                Some(document) => {
                    self.set.put(&name, document)?;
                    documents.insert(write.key.clone(), document.clone())
                }
                None => {
                    self.set.delete(&name)?;
                    documents.remove(&write.key)
                }
            };
            before.push((write.key.clone(), old));
        }
        let undo = record::encode(&Undo { at: self.now, before })?;
        self.set.put(&keys::by_number(keys::UNDO, revision), &undo)?;
        self.set.put(keys::REVISION, &record::encode(&revision)?)?;
        let documents = documents.into_iter().collect();
        self.effects.config = Some(Arc::new(ConfigState { revision, documents }));
        Ok(ConfigAnswer::Written { revision })
    }
}
