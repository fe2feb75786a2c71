//! Settings that read well and cannot be used on this machine: files that are missing or hold something else, folders
//! that are none. Looked at before anything is begun, by `serve` and `serve --check` alike, all at once.
//! Not here: how a setting is spelled (`config`), the state of a store that is there.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use crate::config::Config;
use crate::control::snapshot::Collection;
use crate::control::snapshot::Documents;
use crate::domain::sealed::SealedSecret;
use crate::egress::Egress;
use crate::node::egress_options;
use crate::node::key_path;
use crate::observe;
use crate::store::key_file;
use crate::store::key_file::KeyFileError;
use crate::store::sled;

/// A setting and why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    key: &'static str,
    what: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

/// Every setting that a start would stumble over. Makes nothing, save a file for a moment to see whether that can be
/// done. What holds a store or an address now may be the server that is to be started anew: that is no fault.
pub fn unusable(config: &Config) -> Vec<Unusable> {
    let filter = observe::check_filter(&config.log.filter);
    let filter = filter.err().map(|fault| Unusable { key: "log.filter", what: bare(&fault.to_string()) });
    let egress = Egress::check(&egress_options(config)).err();
    let egress = egress.map(|fault| Unusable { key: fault.setting(), what: fault.to_string() });
    let data = &config.store.data;
    let folders = [data.to_path_buf(), data.join("plugins")];
    let folder = folders.iter().find_map(|path| fault_of_folder(path).err());
    let folder = folder.map(|what| Unusable { key: "data", what });
    let key = fault_of_key(config).map(|what| Unusable { key: "store.secret_key_file", what });
    [filter, egress, folder, key].into_iter().flatten().collect()
}

/// Without the setting's name, which is said already.
fn bare(fault: &str) -> String {
    fault.strip_prefix("log.filter: ").unwrap_or(fault).to_owned()
}

/// Whether a folder can be written, or made if it is not there.
fn fault_of_folder(path: &Path) -> Result<(), String> {
    let there = path.ancestors().find(|ancestor| !ancestor.as_os_str().is_empty() && ancestor.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(format!("{} is no directory", there.display()));
    }
    probe(there).map_err(|error| format!("cannot write to {}: {error}", there.display()))
}

fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".hookmill-check-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(_) => std::fs::remove_file(&path),
        // A full disk is no fault of the settings, and a gateway starts on one.
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(()),
        Err(error) => Err(error),
    }
}

/// The secrets that there are, as the copy of the configuration beside the store has them: the store may be in use.
/// Without a copy that can be read there are none to be seen, and the start decides.
fn stored_secrets(config: &Config) -> Collection<SealedSecret> {
    let copy = sled::read_export(&config.store.data).ok().flatten();
    let documents = copy.and_then(|copy| Documents::from_stored(copy.revision, &copy.documents).ok());
    documents.map(|documents| documents.secrets).unwrap_or_default()
}

fn fault_of_key(config: &Config) -> Option<String> {
    let path = key_path(config);
    let secrets = stored_secrets(config);
    match key_file::open(&path, None) {
        Ok(key) => {
            let wrong = secrets.all().find_map(|secret| key.open(secret).err());
            wrong.map(|fault| format!("the key in {}: {fault}", path.display()))
        }
        Err(fault @ KeyFileError::Missing { .. }) if secrets.all().next().is_some() => {
            Some(fault.to_string())
        }
        // It will be made, if there are no secrets yet; in the data directory that is seen to already.
        Err(KeyFileError::Missing { .. }) if config.store.secret_key_file.is_none() => None,
        Err(KeyFileError::Missing { .. }) => {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Some(format!(
                    "{} is not there, and {} is no directory",
                    path.display(),
                    folder.display()
                ));
            }
            probe(folder).err().map(|error| format!("cannot make {}: {error}", path.display()))
        }
        // Below something that is no folder: the fault of `data`, which is told.
        Err(KeyFileError::Io { source, .. })
            if config.store.secret_key_file.is_none() && source.kind() == io::ErrorKind::NotADirectory =>
        {
            None
        }
        Err(fault) => Some(fault.to_string()),
    }
}
