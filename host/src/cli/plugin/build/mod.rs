//! `plugin build`: the project as one component, whatever it is written in. One file per language;
//! `kit` writes what they have in common into the project, `grants` finds what it asks for and `outside` what it
//! should have asked for, `component` makes components
//! of modules.

mod c;
mod component;
mod examples;
mod grants;
mod js;
mod kit;
mod outside;
mod python;
mod rust;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::report;

pub(super) use kit::write as write_kit;

/// Flags of `plugin build`.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// The project's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &BuildArgs, json: bool) -> anyhow::Result<Exit> {
    let built = build(&args.dir)?;
    let text = format!("{}  {}", built.path.display(), report::size(built.size));
    Ok(report::data(json, &json!({"path": built.path, "bytes": built.size}), &text))
}

/// A component that was built.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) path: PathBuf,
    /// Bytes.
    pub(super) size: u64,
}

/// Builds the project in this folder. What the compilers say goes to stderr.
pub(super) fn build(folder: &Path) -> anyhow::Result<Built> {
    let language = Language::of(folder)?;
    let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
    for warning in outside::unmet(&folder, language, &grants::named(&folder, language)?)? {
        report::talk(&format!("warning: {warning}"));
    }
    let (component, path) = match language {
        Language::Rust => rust::build(&folder)?,
        Language::Js => (js::build(&folder)?, output(&folder)?),
        Language::Python => (python::build(&folder)?, output(&folder)?),
        Language::C => (c::build(&folder)?, output(&folder)?),
    };
    let new = path.with_extension("wasm.new");
    fs::write(&new, &component)
        .and_then(|()| fs::rename(&new, &path))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(Built { path, size: component.len() as u64 })
}

/// `target/<folder>.wasm`.
fn output(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = folder.file_name().context("the project's folder has no name")?;
    Ok(target(folder)?.join(name).with_added_extension("wasm"))
}

/// The folder for what is built, made if it is not there.
fn target(folder: &Path) -> anyhow::Result<PathBuf> {
    let target = folder.join("target");
    fs::create_dir_all(&target).with_context(|| format!("make {}", target.display()))?;
    Ok(target)
}

/// Runs a compiler, whose words go to stderr, and reads the file it makes.
fn made(mut compiler: Command, file: &Path) -> anyhow::Result<Vec<u8>> {
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
