//! `plugin build`: the project as one component, whatever it is written in. One file per language;
//! `kit` writes what they have in common into the project, `grants` finds what it asks for and `outside` what it
//! should have asked for, `component` makes components of modules. Read this file, `rust`, `kit` and `grants`.
//!
//! Not here: finding compilers (`toolchain`), trying what was built (`local`).

mod c;
mod compiler;
mod component;
mod examples;
mod grants;
mod js;
mod kit;
mod outside;
pub(super) mod project;
mod python;
mod rust;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::plugin::build::compiler::target;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::report;
use crate::domain::units::rounded_size;

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
    let text = format!("{}  {}", built.path.display(), rounded_size(built.size));
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
