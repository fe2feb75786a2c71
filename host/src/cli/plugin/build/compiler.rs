//! Running a compiler, and the folder for what it makes. Not here: which compiler, with which flags.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::bail;

/// The folder for what is built, made if it is not there.
pub(super) fn target(folder: &Path) -> anyhow::Result<PathBuf> {
    let target = folder.join("target");
    fs::create_dir_all(&target).with_context(|| format!("make {}", target.display()))?;
    Ok(target)
}

/// Runs a compiler, whose words go to stderr, and reads the file it makes.
pub(super) fn made(mut compiler: Command, file: &Path) -> anyhow::Result<Vec<u8>> {
    // The program's own stdout is for its result.
    let ended = compiler.stdout(std::io::stderr()).status();
    let ended = ended.with_context(|| format!("run {}", compiler.get_program().display()))?;
    if !ended.success() {
        bail!("the project does not build: {} ended with {ended}", compiler.get_program().display());
    }
    let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    fs::remove_file(file).with_context(|| format!("remove {}", file.display()))?;
    Ok(bytes)
}
