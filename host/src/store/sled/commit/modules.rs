//! Writes modules of plugins. Not here: which are in use (`control`), and reading them (`read`).

use crate::domain::plugin::Digest;
use crate::store::sled::commit::build::Commit;
use crate::store::sled::fault::SledFault;
use crate::store::sled::layout::keys;
use crate::store::sled::layout::parts;

impl Commit<'_> {
    /// Adds a module to the commit, unless it is there.
    pub(crate) fn keep_module(&mut self, digest: &Digest, module: &[u8]) -> Result<(), SledFault> {
        let name = keys::module(digest);
        if parts::get(self.set.tree(), name.clone())?.is_none() {
            self.set.put(&name, module)?;
        }
        Ok(())
    }
}
