//! A number beside sled's files that says how far the store had come. sled opens a file it
//! cannot make sense of as an empty one; this tells that from a new store.
//! Not here: what else recovery checks.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::store::sled::fault::SledFault;

const FILE_NAME: &str = "witness";

/// The file. It is written only after the commit it names is on disk, and never synced itself:
/// it may be behind, but not ahead.
#[derive(Debug)]
pub(crate) struct Witness(File);

impl Witness {
    /// Opens it in sled's directory, and the number of a commit that must be there.
    pub(crate) fn open(dir: &Path) -> Result<(Self, u64), std::io::Error> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut file = options.open(dir.join(FILE_NAME))?;
        let mut text = String::new();
        // A file that is no text says nothing.
        let seq = match file.read_to_string(&mut text) {
            Ok(_) => text.trim().parse().unwrap_or_default(),
            Err(_) => 0,
        };
        Ok((Self(file), seq))
    }

    /// This commit is on disk.
    pub(crate) fn write(&self, seq: u64) {
        // Without it only the check is weaker.
        let _full_disk = self.0.write_all_at(format!("{seq:020}\n").as_bytes(), 0);
    }
}

/// Compares what was found with what must be there.
pub(crate) fn check(found: u64, witnessed: u64) -> Result<(), SledFault> {
    let why = "ends before commits that had been acknowledged";
    if found < witnessed { Err(SledFault::Bad { what: "the log", why }) } else { Ok(()) }
}
