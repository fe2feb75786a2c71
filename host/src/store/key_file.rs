//! The file with the key that secrets are sealed with: made once, readable by its owner alone. Not here: sealing
//! (`rules::seal`).

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::rules::seal::KEY_BYTES;
use crate::rules::seal::SealKey;

/// Its name in the data directory, where the settings name no other place.
pub const FILE_NAME: &str = "secret.key";

/// The key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Reading or making it failed.
    #[error("the key for secrets in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not there, and secrets were sealed with it.
    #[error(
        "{path} is not there, and there are secrets that were encrypted with its key: put it back, or set \
         `store.secret_key_file` to where it is"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{path} holds no key: expected {} hexadecimal digits; `openssl rand -hex 32` makes one", KEY_BYTES * 2)]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("{path} may be read by others than its owner (mode {mode:03o}); run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// The key of the file. Where there is none it is made of these random bytes, if some are given.
pub fn open(path: &Path, random: Option<[u8; KEY_BYTES]>) -> Result<SealKey, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            check_mode(path)?;
            parsed(&text).ok_or_else(|| KeyFileError::Malformed { path: path.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let random = random.ok_or_else(|| KeyFileError::Missing { path: path.to_owned() })?;
            make(path, &Zeroizing::new(random)).map_err(failed)?;
            Ok(SealKey::new(random))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(KeyFileError::Malformed { path: path.to_owned() })
        }
        Err(error) => Err(failed(error)),
    }
}

fn parsed(text: &str) -> Option<SealKey> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).ok()?;
    Some(SealKey::new(*bytes))
}

/// A secret store of an orchestrator mounts files that the group may read; the world never may.
fn check_mode(path: &Path) -> Result<(), KeyFileError> {
    let metadata = fs::metadata(path).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// On disk, complete, before anything is sealed with it.
fn make(path: &Path, bytes: &[u8; KEY_BYTES]) -> io::Result<()> {
    let temporary = path.with_extension("key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(Zeroizing::new(hex::encode(bytes)).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorkspaceId;
    use crate::domain::secret::Secret;

    fn print(key: &SealKey) -> String {
        key.fingerprint(WorkspaceId::from_bits(1), &Secret::new("x"))
    }

    #[test]
    fn made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let first = open(&path, Some([7; KEY_BYTES])).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let second = open(&path, Some([8; KEY_BYTES])).unwrap();
        assert_eq!(print(&first), print(&second));
    }

    #[test]
    fn a_key_that_is_missed_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let error = open(&path, None).unwrap_err().to_string();
        assert!(error.contains("put it back") && !path.exists(), "{error}");
    }

    #[test]
    fn what_is_no_key_or_open_to_all_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in [&b"short"[..], &[b'f'; 62], &[b'z'; 64], &[0xff; 64]] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = open(&path, None).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
        }
        fs::write(&path, "0".repeat(64)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = open(&path, None).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        assert!(open(&folder.path().join("none/key"), Some([0; KEY_BYTES])).is_err());
    }
}
