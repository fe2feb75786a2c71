//! Opens a store: makes the directory, keeps others out, lets sled recover, finds out what was
//! unfinished, starts the committer. Not here: each of these.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::sync::mpsc;

use crate::domain::time::Timestamp;
use crate::store::Lease;
use crate::store::NodeId;
use crate::store::Recovered;
use crate::store::StoreError;
use crate::store::sled::engine::Engine;
use crate::store::sled::fault::SledFault;
use crate::store::sled::feed::SledFeed;
use crate::store::sled::guard;
use crate::store::sled::handle;
use crate::store::sled::handle::SledStore;
use crate::store::sled::options::StoreOptions;
use crate::store::sled::recovery;
use crate::store::sled::recovery::Witness;
use crate::store::sled::shared::StoreShared;
use crate::store::sled::upkeep;
use crate::store::sled::upkeep::Exporter;
use crate::store::sled::write::Committer;
use crate::store::sled::write::DirectoryFiles;

/// Opens the store in `options.dir`, or makes one. Blocks: some milliseconds for a new one, up
/// to a second or so for one with millions of log rows.
pub fn open(options: StoreOptions) -> Result<(SledStore, SledFeed, Recovered), StoreError> {
    let fail = |fault: SledFault| fault.explain(&options.dir);
    make_dir(&options.dir).map_err(|error| fail(error.into()))?;
    let lock = lock(&options)?;
    let opened = guard::quietly(|| {
        let engine = Engine::open(&options.files(), options.cache_bytes)?;
        let (witness, witnessed) = Witness::open(&options.files())?;
        let (state, recovered) = recovery::recover(engine.tree(), &options)?;
        recovery::check_witness(state.seq.saturating_sub(1), witnessed)?;
        Ok((engine, witness, state, recovered))
    });
    let (engine, witness, state, recovered) = opened.map_err(fail)?;
    let exporter = Exporter::start(options.export()).map_err(|error| fail(error.into()))?;
    // An empty store must not overwrite what a damaged one left.
    let exported = upkeep::read_export(&options.dir).ok().flatten();
    if exported.is_none_or(|exported| exported.revision < state.config.revision) {
        exporter.send(&state.config);
    }
    // It grows with each start that wrote anything, without a write of its own.
    let lease = Lease { node: NodeId::ALONE, epoch: state.seq, until: Timestamp::NEVER };
    let shared = Arc::new(StoreShared::new(options.clone(), engine, recovered.config.clone()));
    let (requests, receiver) = crossbeam_channel::unbounded();
    let (sender, messages) = mpsc::unbounded_channel();
    let committer = Committer::new(
        Arc::clone(&shared),
        state,
        receiver,
        sender,
        exporter,
        DirectoryFiles { lock, witness },
    );
    std::thread::Builder::new()
        .name("store-commit".to_owned())
        .spawn(move || committer.run())
        .map_err(|error| fail(error.into()))?;
    let readers = Arc::new(Semaphore::new(handle::READERS));
    Ok((SledStore { shared, requests, readers, lease }, SledFeed { messages }, recovered))
}

/// Makes the data directory for its owner alone.
fn make_dir(dir: &Path) -> Result<(), std::io::Error> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn lock(options: &StoreOptions) -> Result<File, StoreError> {
    let path = options.lock();
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|error| SledFault::from(error).explain(&options.dir))?;
    match fs4::FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(fs4::TryLockError::WouldBlock) => Err(StoreError::Locked { path: options.dir.clone() }),
        Err(fs4::TryLockError::Error(error)) => Err(SledFault::from(error).explain(&options.dir)),
    }
}
