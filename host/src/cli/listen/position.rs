//! How far a listener is: after which event it goes on, kept in a file if asked for. Written when an event is done and
//! before the next one goes out, whole or not at all. Not here: what came after it (`backlog`).

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use serde::Deserialize;
use serde::Serialize;

use crate::domain::id::EventId;

/// Bytes of such a file, at most.
const BYTES_MAX: u64 = 4096;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct ListenPosition {
    file: Option<PathBuf>,
    kept: Kept,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The id of the source or connection.
    listens_to: String,
    /// The last event that is done.
    after: EventId,
}

impl ListenPosition {
    /// After that event; what a file says comes first, and is made now if it is not there.
    pub(super) fn begin(file: Option<&Path>, listens_to: &str, after: EventId) -> anyhow::Result<Self> {
        let kept = Kept { listens_to: listens_to.to_owned(), after };
        let position = Self { file: file.map(Path::to_owned), kept };
        position.write()?;
        Ok(position)
    }

    /// Where a file says that a listener to this was; `None` if there is no such file.
    pub(super) fn read(file: &Path, listens_to: &str) -> anyhow::Result<Option<EventId>> {
        let shown = file.display();
        let text = match File::open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => {
                let mut text = String::new();
                let opened = opened.with_context(|| format!("--resume: read {shown}"))?;
                let read = opened.take(BYTES_MAX).read_to_string(&mut text);
                read.with_context(|| format!("--resume: read {shown}"))?;
                text
            }
        };
        let kept: Kept = serde_json::from_str(&text).with_context(|| {
            format!("--resume: {shown} is not what this command writes; give another file, or delete it to begin anew")
        })?;
        if kept.listens_to != listens_to {
            bail!(
                "--resume: {shown} says how far listening to {} is, not to {listens_to}; give another file",
                kept.listens_to
            );
        }
        Ok(Some(kept.after))
    }

    /// After which event it goes on.
    pub(super) fn after(&self) -> EventId {
        self.kept.after
    }

    /// Everything up to this event is done.
    pub(super) fn advance(&mut self, to: EventId) -> anyhow::Result<()> {
        if to <= self.kept.after {
            return Ok(());
        }
        self.kept.after = to;
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let new = file.with_added_extension("new");
        let written =
            write_whole(&new, &serde_json::to_vec(&self.kept)?).and_then(|()| fs::rename(&new, file));
        written.with_context(|| format!("--resume: write {}", file.display()))
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        let read = || ListenPosition::read(&file, "src_1").unwrap();
        assert_eq!(read(), None);
        let id = EventId::from_bits;
        let mut position = ListenPosition::begin(Some(&file), "src_1", id(5)).unwrap();
        assert_eq!(read(), Some(id(5)));
        position.advance(id(9)).unwrap();
        position.advance(id(7)).unwrap();
        assert_eq!((read(), position.after()), (Some(id(9)), id(9)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        drop(ListenPosition::begin(Some(&file), "src_1", EventId::from_bits(5)).unwrap());
        let error = ListenPosition::read(&file, "src_2").unwrap_err().to_string();
        assert!(error.contains("src_1") && error.contains("src_2"), "{error}");
        fs::write(&file, "{}").unwrap();
        let error = ListenPosition::read(&file, "src_1").unwrap_err().to_string();
        assert!(error.contains("delete it"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{}", "it is not written over");
    }
}
