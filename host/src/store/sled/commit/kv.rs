//! Writes what plugins keep. Not here: limits (`sandbox`), and reading it (`read`).

use crate::domain::grant::KvWrite;
use crate::store::sled::commit::build::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;

impl Commit<'_> {
    /// Adds one write of a plugin to the commit.
    pub(crate) fn keep_for_plugin(&mut self, write: &KvWrite) -> Result<(), SledFault> {
        let name = keys::kv(&write.space, &write.key);
        match &write.value {
            Some(value) => self.set.put(&name, value),
            None => self.set.delete(&name),
        }
    }
}
