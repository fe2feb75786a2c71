//! Modules and what was compiled from them, as files: `<digest>.wasm`, `<digest>.<fingerprint of the tier's
//! engine>.cwasm`, for interpreted guests a plan, `….cwasm.plan`, and beside these the SHA-256 of both, `….cwasm.sha256`,
//! without which they are not loaded. A file appears under its name only when all of it is on the disk. Not here:
//! compiling, loading.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::plugin::Digest;
use crate::sandbox::artifacts::compile;
use crate::sandbox::error::SandboxError;

/// The folder of one sandbox. Clones share it. All methods block.
#[derive(Clone, Debug)]
pub(crate) struct ModuleFiles {
    dir: PathBuf,
    next: Arc<AtomicU64>,
}

/// A file that is gone when this is dropped, unless it was kept.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
}

/// What the compiler leaves.
#[derive(Debug)]
pub(crate) struct ArtifactFiles {
    pub(crate) code: Temporary,
    /// There is only something in it for some kinds of guests.
    pub(crate) plan: Temporary,
}

/// The digest of a module's bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

impl ModuleFiles {
    /// Opens or makes the folder, for this process's user alone, and throws away what an earlier
    /// process left half done.
    pub(crate) fn open(dir: PathBuf) -> Result<Self, SandboxError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(failed("make", &dir))?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(failed("protect", &dir))?;
        let files = Self { dir, next: Arc::default() };
        files.remove_where(|name| name.starts_with("new-"))?;
        Ok(files)
    }

    /// Where the module of `digest` is, or would be.
    pub(crate) fn module(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{}.wasm", digest.hex()))
    }

    /// Where the code for `digest` of the engine with this fingerprint is, or would be.
    pub(crate) fn artifact(&self, digest: &Digest, fingerprint: &str) -> PathBuf {
        self.dir.join(format!("{}.{fingerprint}.cwasm", digest.hex()))
    }

    /// For what the compiler is about to leave.
    pub(crate) fn temporary_artifact(&self) -> ArtifactFiles {
        let code = self.temporary();
        ArtifactFiles { plan: Temporary { path: compile::plan_file(code.path()) }, code }
    }

    /// Gives compiled code its name, with its checksum. The checksum last: a part of it counts as nothing.
    pub(crate) fn keep_artifact(&self, made: ArtifactFiles, named: &Path) -> Result<(), SandboxError> {
        let (ArtifactFiles { code, plan }, sum) = (made, self.temporary());
        sum.write(checksum(code.path()).map_err(failed("read", code.path()))?.as_bytes())?;
        match plan.path().exists() {
            true => plan.keep(&compile::plan_file(named))?,
            false => drop(Temporary { path: compile::plan_file(named) }),
        }
        code.keep(named)?;
        sum.keep(&checksum_file(named))
    }

    /// Whether compiled code is there, byte for byte as it was kept. Code that is not would be executed all the same:
    /// the engine looks at its head alone.
    pub(crate) fn is_whole(&self, artifact: &Path) -> bool {
        let noted = fs::read_to_string(checksum_file(artifact));
        noted.is_ok_and(|noted| checksum(artifact).is_ok_and(|seen| seen == noted))
    }

    /// Whether both of its files are there.
    pub(crate) fn seems_whole(&self, artifact: &Path) -> bool {
        artifact.exists() && checksum_file(artifact).exists()
    }

    /// A name that no other file has.
    pub(crate) fn temporary(&self) -> Temporary {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Temporary { path: self.dir.join(format!("new-{}-{number}", std::process::id())) }
    }

    /// The bytes of a stored module, which must still have its digest.
    pub(crate) fn read_module(&self, digest: &Digest) -> Result<Vec<u8>, SandboxError> {
        let path = self.module(digest);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => SandboxError::Unknown { digest: *digest },
            _ => failed("read", &path)(source),
        })?;
        let seen = self::digest(&bytes);
        if seen != *digest {
            return Err(SandboxError::Damaged { digest: *digest, seen });
        }
        Ok(bytes)
    }

    /// Removes a module and all code compiled from it; nothing is fine too.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<(), SandboxError> {
        let hex = digest.hex();
        self.remove_where(|name| name.starts_with(&hex))
    }

    /// Removes the code of a module that is not in `current`: that of other engines.
    pub(crate) fn remove_outdated(&self, digest: &Digest, current: &Path) -> Result<(), SandboxError> {
        let hex = digest.hex();
        let others = [checksum_file(current), compile::plan_file(current)];
        self.remove_where(|name| {
            let (path, is_code) = (self.dir.join(name), name.contains(".cwasm"));
            name.starts_with(&hex) && is_code && path != current && !others.contains(&path)
        })
    }

    fn remove_where(&self, unwanted: impl Fn(&str) -> bool) -> Result<(), SandboxError> {
        let list = fs::read_dir(&self.dir).map_err(failed("list", &self.dir))?;
        for entry in list {
            let entry = entry.map_err(failed("list", &self.dir))?;
            let path = entry.path();
            if entry.file_name().to_str().is_some_and(&unwanted) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("remove", &path)(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl ArtifactFiles {
    /// All of it, the length of the code first.
    pub(crate) fn in_one(&self) -> io::Result<Vec<u8>> {
        let (code, plan) = (fs::read(self.code.path())?, self.plan.path());
        let plan = if plan.exists() { fs::read(plan)? } else { Vec::new() };
        Ok([&(code.len() as u64).to_le_bytes(), &code[..], &plan].concat())
    }

    /// Writes what was [`ArtifactFiles::in_one`]; false if it is none.
    pub(crate) fn take(&self, bytes: &[u8]) -> bool {
        let Some((length, rest)) = bytes.split_first_chunk() else { return false };
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let Some((code, plan)) = length.and_then(|length| rest.split_at_checked(length)) else {
            return false;
        };
        self.code.write(code).is_ok() && (plan.is_empty() || self.plan.write(plan).is_ok())
    }
}

impl Temporary {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), SandboxError> {
        let open = File::options().write(true).create_new(true).mode(0o600).open(&self.path);
        let mut file = open.map_err(failed("create", &self.path))?;
        file.write_all(bytes).map_err(failed("write", &self.path))
    }

    /// Gives it its name for good, on the disk before this returns.
    pub(crate) fn keep(self, name: &Path) -> Result<(), SandboxError> {
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        sync(&self.path).map_err(failed("sync", &self.path))?;
        fs::rename(&self.path, name).map_err(failed("name", name))?;
        let folder = name.parent().unwrap_or(name);
        sync(folder).map_err(failed("sync", folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After `keep` there is nothing under this name. Otherwise the next start tries again.
        let _ = fs::remove_file(&self.path);
    }
}

fn checksum_file(artifact: &Path) -> PathBuf {
    artifact.with_added_extension("sha256")
}

/// The SHA-256 of compiled code and, on a line of its own, of its plan, if there is one; hex.
fn checksum(code: &Path) -> io::Result<String> {
    let plan = compile::plan_file(code);
    let sum = |path: &Path| {
        let mut hasher = Sha256::new();
        io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok::<_, io::Error>(hex::encode(hasher.finalize()))
    };
    match plan.exists() {
        true => Ok(format!("{}\n{}", sum(code)?, sum(&plan)?)),
        false => sum(code),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SandboxError {
    let path = path.to_owned();
    move |source| SandboxError::File { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_whole_files_for_the_owner_alone_and_clears_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let files = ModuleFiles::open(dir.path().join("plugins")).unwrap();
        let id = digest(b"module");
        assert!(matches!(files.read_module(&id), Err(SandboxError::Unknown { .. })));
        let new = files.temporary();
        new.write(b"module").unwrap();
        new.keep(&files.module(&id)).unwrap();
        assert_eq!(files.read_module(&id).unwrap(), b"module");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&files.module(&id)), 0o600);
        assert_eq!(mode(&dir.path().join("plugins")), 0o700);

        let dropped = files.temporary();
        dropped.write(b"x").unwrap();
        let path = dropped.path().to_owned();
        drop(dropped);
        assert!(!path.exists());

        let left = dir.path().join("plugins/new-1-1");
        fs::write(&left, b"half").unwrap();
        let files = ModuleFiles::open(dir.path().join("plugins")).unwrap();
        assert!(!left.exists(), "left by an earlier process");

        let old = dir.path().join("plugins").join(format!("{}.aa.cwasm", id.hex()));
        fs::write(&old, b"code").unwrap();
        fs::write(files.artifact(&id, "bb"), b"code").unwrap();
        files.remove_outdated(&id, &files.artifact(&id, "bb")).unwrap();
        assert!(!old.exists() && files.artifact(&id, "bb").exists() && files.module(&id).exists());
    }

    #[test]
    fn code_and_plan_go_together() {
        let dir = tempfile::tempdir().unwrap();
        let files = ModuleFiles::open(dir.path().join("plugins")).unwrap();
        for plan in [&b"plan"[..], b""] {
            let made = files.temporary_artifact();
            made.code.write(b"code").unwrap();
            if !plan.is_empty() {
                made.plan.write(plan).unwrap();
            }
            let (one, other) = (made.in_one().unwrap(), files.temporary_artifact());
            assert!(!files.temporary_artifact().take(&one[..10]));
            assert!(other.take(&one));
            assert_eq!(fs::read(other.code.path()).unwrap(), b"code");
            assert_eq!(fs::read(other.plan.path()).unwrap_or_default(), plan);
        }
    }

    #[test]
    fn code_counts_only_as_it_was_kept() {
        let dir = tempfile::tempdir().unwrap();
        let files = ModuleFiles::open(dir.path().join("plugins")).unwrap();
        let (id, keep) = (digest(b"module"), |text: &[u8], to: &Path| {
            let made = files.temporary_artifact();
            made.code.write(text).unwrap();
            made.plan.write(b"plan").unwrap();
            files.keep_artifact(made, to).unwrap();
        });
        let artifact = files.artifact(&id, "aa");
        assert!(!files.is_whole(&artifact) && !files.seems_whole(&artifact));
        keep(b"code", &artifact);
        assert!(files.is_whole(&artifact) && files.seems_whole(&artifact));
        fs::write(&artifact, b"cod3").unwrap();
        assert!(!files.is_whole(&artifact), "another byte");
        keep(b"code", &artifact);
        fs::write(compile::plan_file(&artifact), b"plam").unwrap();
        assert!(!files.is_whole(&artifact), "another plan");
        fs::remove_file(compile::plan_file(&artifact)).unwrap();
        assert!(!files.is_whole(&artifact), "no plan");
        keep(b"code", &artifact);
        fs::remove_file(checksum_file(&artifact)).unwrap();
        assert!(!files.is_whole(&artifact), "nobody vouches for it");
        keep(b"code", &files.artifact(&id, "bb"));
        files.remove_outdated(&id, &files.artifact(&id, "bb")).unwrap();
        assert!(!artifact.exists() && files.is_whole(&files.artifact(&id, "bb")));
        fs::write(files.module(&id), b"other").unwrap();
        assert!(matches!(files.read_module(&id), Err(SandboxError::Damaged { .. })));
        files.remove(&id).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("plugins")).unwrap().count(), 0);
    }
}
