//! A plain copy of the configuration beside the store, so that a damaged store does not take
//! it along; and moving damaged files out of the way. Not here: when that happens.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::time::Timestamp;
use crate::store::ConfigState;
use crate::store::StoreError;
use crate::store::sled::fault::FORMAT;
use crate::store::sled::fault::SledFault;

/// The name of the copy in the data directory.
pub(crate) const EXPORT_FILE: &str = "config-export.json";

#[derive(Serialize, Deserialize)]
struct Export {
    format: u8,
    revision: u64,
    documents: Vec<Document>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Box<RawValue>>,
    /// In hex, when the document is not JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// Writes the copy: complete or not at all, readable by its owner alone.
pub(crate) fn write(path: &Path, state: &ConfigState) -> Result<(), std::io::Error> {
    let documents = state.documents.iter().map(|(key, bytes)| {
        let json = std::str::from_utf8(bytes).ok();
        let document = json.and_then(|text| RawValue::from_string(text.to_owned()).ok());
        let hex = document.is_none().then(|| hex::encode(bytes));
        Document { key: key.clone(), document, hex }
    });
    let export = Export { format: FORMAT, revision: state.revision, documents: documents.collect() };
    let text = serde_json::to_vec_pretty(&export)?;
    let temporary = path.with_extension("json.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads the copy in a data directory; `None` when there is none.
pub fn read_export(dir: &Path) -> Result<Option<ConfigState>, StoreError> {
    let path = dir.join(EXPORT_FILE);
    let damaged = |detail: String| StoreError::Damaged {
        path: path.clone(),
        detail,
        way_out: "mend or delete this file, then start again".to_owned(),
    };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Unavailable { detail: error.to_string() }),
    };
    let export: Export = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if export.format > FORMAT {
        return Err(
            SledFault::Newer { what: "the exported configuration", found: export.format }.explain(dir)
        );
    }
    let mut documents = Vec::with_capacity(export.documents.len());
    for Document { key, document, hex } in export.documents {
        let bytes = match (document, hex) {
            (Some(json), _) => json.get().as_bytes().to_vec(),
            (None, hex) => {
                hex::decode(hex.unwrap_or_default()).map_err(|error| damaged(format!("{key}: {error}")))?
            }
        };
        documents.push((key, bytes));
    }
    documents.sort();
    Ok(Some(ConfigState { revision: export.revision, documents }))
}

/// Moves the files of a damaged store aside, so that the next `open` makes an empty one;
/// answers where they are now. The export stays.
pub fn quarantine(dir: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let aside = dir.join(format!("store.damaged-{}", now.as_millis()));
    std::fs::rename(dir.join("store"), &aside)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(|error| StoreError::Unavailable { detail: error.to_string() })?;
    Ok(aside)
}

/// Writes copies in a thread of its own, since one takes milliseconds; of several waiting ones
/// only the newest.
#[derive(Debug)]
pub(crate) struct Exporter {
    newest: Option<Sender<Arc<ConfigState>>>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    /// For the copy at `path`.
    pub(crate) fn start(path: PathBuf) -> Result<Self, std::io::Error> {
        let (newest, states) = crossbeam_channel::unbounded();
        let thread =
            std::thread::Builder::new().name("store-export".to_owned()).spawn(move || run(&path, &states))?;
        Ok(Self { newest: Some(newest), thread: Some(thread) })
    }

    /// Writes that one, some time soon.
    pub(crate) fn send(&self, state: &Arc<ConfigState>) {
        if let Some(newest) = &self.newest {
            let _ended = newest.send(Arc::clone(state));
        }
    }
}

impl Drop for Exporter {
    /// Waits until the newest is written.
    fn drop(&mut self) {
        self.newest = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn run(path: &Path, states: &Receiver<Arc<ConfigState>>) {
    while let Ok(first) = states.recv() {
        let newest = states.try_iter().last().unwrap_or(first);
        // A copy that cannot be written (a full disk) is written with the next change, or at
        // the next start; the configuration itself is safe in the store.
        let _later = write(path, &newest);
    }
}
