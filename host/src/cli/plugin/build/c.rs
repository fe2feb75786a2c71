//! A project in C: clang makes a core module, which becomes a component.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::bail;

use crate::cli::plugin::build::compiler;
use crate::cli::plugin::build::component;
use crate::cli::plugin::build::kit;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::toolchain;

const NEEDED: &str = "install a clang for WebAssembly:
  on Debian, Ubuntu:   apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32";

/// Where Debian's packages put the C library.
const LIBC: &str = "/usr/include/wasm32-wasi";

const FLAGS: [&str; 9] = [
    "--target=wasm32-wasi",
    "-mexec-model=reactor",
    "-std=gnu17",
    "-O2",
    "-Wall",
    "-Wextra",
    // Memory for small events from the start: asking the host for more is what costs most.
    "-Wl,--initial-memory=2097152",
    "-Wl,-z,stack-size=131072",
    "-Wl,--strip-debug",
];

/// The component.
pub(super) fn build(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let clang = clang()?;
    let kit = kit::write(folder, Language::C)?;
    let file = compiler::target(folder)?.join("clang.wasm");
    let mut command = Command::new(clang);
    command.current_dir(folder).args(FLAGS).arg("-I").arg(&kit);
    let is_debian = Path::new(LIBC).is_dir();
    if is_debian {
        command.args(["-isystem", LIBC]);
    }
    command.args(sources(folder)?);
    command.args(["hookmill.c", "hookmill_grants.c", "manifest.c"].map(|file| kit.join(file)));
    command.arg("-o").arg(&file);
    let module = compiler::made(command, &file);
    // Elsewhere clang may know a C library of its own, or none.
    let module = if is_debian { module? } else { module.context(NEEDED)? };
    component::of(
        &component::with_world(module)?,
        "a plugin can use only what needs no system: no files, no stdio, no clock",
    )
}

/// The `.c` files of the folder itself.
fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut sources: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new("c")))
        .collect();
    sources.sort();
    Ok(sources)
}

/// A clang that has its own library for WebAssembly: a distribution may have several versions, and
/// that library only for one.
fn clang() -> anyhow::Result<PathBuf> {
    let found = toolchain::versions("clang").into_iter().find(|clang| has_runtime(clang));
    match found.filter(|_| toolchain::newest("wasm-ld").is_some()) {
        Some(clang) => Ok(clang),
        None => bail!("no clang for WebAssembly, or no wasm-ld; {NEEDED}"),
    }
}

fn has_runtime(clang: &Path) -> bool {
    let asked = ["--target=wasm32-wasi", "--rtlib=compiler-rt", "-print-libgcc-file-name"];
    let Ok(output) = Command::new(clang).args(asked).output() else { return false };
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_file()
}
