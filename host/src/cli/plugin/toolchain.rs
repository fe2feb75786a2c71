//! Finds what compiles for WebAssembly: the target of a rustup tool chain, or Debian's compiler with
//! the sources of the standard library; and programs of the search path. Not here: running a build.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

pub(super) const TARGET: &str = "wasm32-unknown-unknown";

const NONE: &str = "no compiler for wasm32-unknown-unknown here. Install one of these:
  with rustup:         rustup target add wasm32-unknown-unknown
  on Debian, Ubuntu:   apt install rustc-web cargo-web rust-web-src lld-19   (or rustc, cargo, rust-src and lld)";
const NO_LINKER: &str =
    "/usr/bin/rustc can compile for wasm32-unknown-unknown, but there is no wasm-ld to link with:
  on Debian, Ubuntu:   apt install lld-19   (or lld)";

/// A way to compile for WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The `cargo` of the search path has the target.
    Installed,
    /// Debian's: the standard library is built along with the plugin.
    Debian {
        /// `wasm-ld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// For the project in this folder, which may name its own tool chain. The error says what to
    /// install.
    pub(super) fn find(project: &Path) -> anyhow::Result<Self> {
        if prints_folder(
            Command::new("rustc").current_dir(project),
            &["--print", "target-libdir", "--target", TARGET],
            "",
        ) {
            return Ok(Self::Installed);
        }
        let sources = "lib/rustlib/src/rust/library";
        let has_debian = Path::new("/usr/bin/cargo").exists()
            && prints_folder(&mut Command::new("/usr/bin/rustc"), &["--print", "sysroot"], sources);
        if !has_debian {
            anyhow::bail!(NONE);
        }
        match newest("wasm-ld") {
            Some(linker) => Ok(Self::Debian { linker }),
            None => anyhow::bail!(NO_LINKER),
        }
    }

    /// `cargo build` for the target, optimised; in the folder of the project.
    pub(super) fn cargo_build(&self, project: &Path) -> Command {
        let mut command = match self {
            Self::Installed => Command::new("cargo"),
            Self::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        command.current_dir(project).args(["build", "--release", "--target", TARGET]);
        if let Self::Debian { linker } = self {
            // Cargo asks for the flag's permission and the compiler must be the one of the sources.
            let mut path = OsString::from("/usr/bin:");
            path.push(search_path());
            command
                .env("PATH", path)
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .env_remove("RUSTUP_TOOLCHAIN")
                .arg("-Zbuild-std=std,panic_abort");
        }
        command
    }
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// Whether the command prints a folder that is there, or has `inside` in it.
fn prints_folder(command: &mut Command, args: &[&str], inside: &str) -> bool {
    let Ok(output) = command.args(args).output() else { return false };
    let printed = String::from_utf8_lossy(&output.stdout);
    output.status.success() && !printed.trim().is_empty() && Path::new(printed.trim()).join(inside).is_dir()
}

/// A program of the search path.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The program of the search path by this name, or else the newest `name-N`.
pub(super) fn newest(name: &str) -> Option<PathBuf> {
    versions(name).into_iter().next()
}

/// The programs of the search path by this name and by `name-N`, the newest first.
pub(super) fn versions(name: &str) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&search_path()).collect();
    versions_in(&folders, name)
}

fn versions_in(folders: &[PathBuf], program: &str) -> Vec<PathBuf> {
    let names = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let ranked = names.filter_map(|entry| {
        let name = entry.file_name();
        let rest = name.to_str()?.strip_prefix(program)?;
        let rank = match rest.strip_prefix('-') {
            Some(version) => version.parse().ok()?,
            None if rest.is_empty() => u32::MAX,
            None => return None,
        };
        Some((rank, entry.path()))
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    ranked.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_linker_is_taken() {
        let check = |names: &[&str], expected: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(folder.path().join(name), "").unwrap();
            }
            let found = versions_in(&[folder.path().join("none"), folder.path().to_owned()], "wasm-ld");
            assert_eq!(found.into_iter().next(), expected.map(|name| folder.path().join(name)));
        };
        check(&[], None);
        check(&["ld", "wasm-ld-x", "wasm-ldd"], None);
        check(&["wasm-ld-9", "wasm-ld-19"], Some("wasm-ld-19"));
        check(&["wasm-ld-19", "wasm-ld"], Some("wasm-ld"));
    }

    #[test]
    fn debian_builds_the_standard_library_too() {
        let debian = Toolchain::Debian { linker: "/usr/bin/wasm-ld-19".into() };
        let command = debian.cargo_build(Path::new("/tmp"));
        assert_eq!(command.get_program(), "/usr/bin/cargo");
        assert!(command.get_args().any(|arg| arg == "-Zbuild-std=std,panic_abort"));
        let linker =
            command.get_envs().find(|(name, _)| *name == "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER");
        assert_eq!(linker.and_then(|(_, value)| value), Some("/usr/bin/wasm-ld-19".as_ref()));
        let installed = Toolchain::Installed.cargo_build(Path::new("/tmp"));
        assert!(installed.get_args().all(|arg| !arg.to_string_lossy().starts_with("-Z")));
    }
}
