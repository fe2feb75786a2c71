//! Compiled code that several sandboxes of one user share, so that each module is compiled once for all of them: for an
//! author who tries a plugin again and again, and for many gateways on one machine. Off unless somebody names a folder.
//!
//! What is in the folder is executed. So it is used only if it belongs to this user and nobody else may write to it,
//! and each file is taken only with a mark by a key that lies in the folder and that nobody else may read: a file that
//! was put there, renamed or damaged is none. Not here: the sandbox's own files (`files`), compiling.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use hmac::Hmac;
use hmac::Mac as _;
use sha2::Digest as _;
use sha2::Sha256;

/// The file with the key of the marks.
const KEY: &str = "key";
const KEY_BYTES: usize = 32;
/// Bytes of a mark, in front of the code.
const MARK_BYTES: usize = 32;
/// Bytes of the folder: some dozens of interpreters.
const BYTES_MAX: u64 = 2 << 30;
/// Other users, who may neither read nor write.
const OTHERS: u32 = 0o077;

/// One such folder. All methods block.
#[derive(Clone, Debug)]
pub(crate) struct SharedCode {
    dir: PathBuf,
    key: [u8; KEY_BYTES],
}

impl SharedCode {
    /// Opens or makes the folder. The error says why it is not used.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        is_own(&fs::metadata(dir)?)?;
        let path = dir.join(KEY);
        if !path.exists() {
            let mut made = [0; KEY_BYTES];
            getrandom::fill(&mut made).map_err(|error| io::Error::other(error.to_string()))?;
            put(dir, &path, &[&made])?;
        }
        let mut file = File::open(&path)?;
        is_own(&file.metadata()?)?;
        let mut key = [0; KEY_BYTES];
        file.read_exact(&mut key)?;
        Ok(Self { dir: dir.to_owned(), key })
    }

    /// What the engine with this fingerprint makes of a module's bytes has this name.
    pub(crate) fn name(module: &[u8], fingerprint: &str) -> String {
        format!("{}.{fingerprint}", hex::encode(Sha256::digest(module)))
    }

    /// The code by this name, if it is there as it was put there.
    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.dir.join(name)).ok()?;
        let code = bytes.split_off(MARK_BYTES.min(bytes.len()));
        self.mark(name, &code).verify_slice(&bytes).ok().map(|()| code)
    }

    /// Keeps code by its name. That it could not be kept hurts nobody.
    pub(crate) fn put(&self, name: &str, code: &[u8]) {
        let mark = self.mark(name, code).finalize().into_bytes();
        if let Err(error) = put(&self.dir, &self.dir.join(name), &[&mark, code]) {
            tracing::warn!(%error, folder = %self.dir.display(), "compiled code cannot be shared");
        }
        // What cannot be listed or removed is tried again with the next.
        let _unbounded = self.make_room(BYTES_MAX);
    }

    /// Removes what was put there first until what is left is no more than this.
    fn make_room(&self, bytes_max: u64) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten().filter(|entry| entry.file_name() != KEY) {
            let about = entry.metadata()?;
            kept.push((about.modified()?, about.len(), entry.path()));
        }
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in kept {
            if bytes <= bytes_max {
                break;
            }
            fs::remove_file(path)?;
            bytes -= length;
        }
        Ok(())
    }

    fn mark(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        let mut mark = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mark.update(&(name.len() as u64).to_be_bytes());
        mark.update(name.as_bytes());
        mark.update(code);
        mark
    }
}

/// Whether only this process's user has to do with it.
fn is_own(file: &fs::Metadata) -> io::Result<()> {
    #[expect(unsafe_code, reason = "a system call without pointers that cannot fail")]
    let me = unsafe { libc::geteuid() };
    if file.uid() != me || file.mode() & OTHERS != 0 {
        let what = "it must belong to the user hookmill runs as, and nobody else may have access (mode 700)";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    Ok(())
}

/// Writes a file whole or not at all. Of several who do it at a time one wins.
fn put(dir: &Path, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let new = dir.join(format!("new-{}-{:016x}", std::process::id(), fastrand::u64(..)));
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part)));
    // A key that is there stays: what others marked with it counts.
    let named = written.and_then(|()| match path.ends_with(KEY) {
        true => fs::hard_link(&new, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        }),
        false => fs::rename(&new, path),
    });
    let _gone = fs::remove_file(&new);
    named
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("code");
        (folder, dir)
    }

    #[test]
    fn what_one_keeps_another_finds() {
        let (_folder, dir) = folder();
        let (one, two) = (SharedCode::open(&dir).unwrap(), SharedCode::open(&dir).unwrap());
        let name = SharedCode::name(b"module", "f1");
        assert_eq!(two.get(&name), None);
        one.put(&name, b"code");
        assert_eq!(two.get(&name).as_deref(), Some(&b"code"[..]));
        assert_ne!(name, SharedCode::name(b"module", "f2"), "another engine");
    }

    #[test]
    fn what_was_not_put_there_by_a_sandbox_is_nothing() {
        let (_folder, dir) = folder();
        let shared = SharedCode::open(&dir).unwrap();
        shared.put("one", b"code");
        fs::copy(dir.join("one"), dir.join("two")).unwrap();
        assert_eq!(shared.get("two"), None, "renamed");
        let mut bytes = fs::read(dir.join("one")).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(dir.join("one"), bytes).unwrap();
        assert_eq!(shared.get("one"), None, "damaged");
        fs::write(dir.join("three"), b"short").unwrap();
        assert_eq!(shared.get("three"), None, "made by somebody else");
    }

    #[test]
    fn the_folder_does_not_grow_without_end() {
        let (_folder, dir) = folder();
        let shared = SharedCode::open(&dir).unwrap();
        for name in ["one", "two", "three"] {
            shared.put(name, &[0; 1000]);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        shared.make_room(2500).unwrap();
        let there: Vec<bool> =
            ["one", "two", "three"].iter().map(|name| shared.get(name).is_some()).collect();
        assert_eq!(there, [false, true, true]);
    }

    #[test]
    fn a_folder_that_others_may_enter_is_not_used() {
        let (_folder, dir) = folder();
        SharedCode::open(&dir).unwrap();
        for (path, mode) in [(dir.join(KEY), 0o644), (dir.clone(), 0o770)] {
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(SharedCode::open(&dir).is_err(), "{mode:o}");
            fs::set_permissions(&path, before).unwrap();
        }
        assert!(SharedCode::open(&dir).is_ok());
    }
}
