//! A project in Python: componentize-py puts it into an interpreter and takes a snapshot of that.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::cli::plugin::build::compiler;
use crate::cli::plugin::build::grants;
use crate::cli::plugin::build::kit;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::toolchain;

/// The component.
pub(super) fn build(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let tool = tool(folder)?;
    let kit = kit::write(folder, Language::Python)?;
    let file = compiler::target(folder)?.join("componentize-py.wasm");
    let mut command = Command::new(tool);
    command.current_dir(folder).arg("--wit-path").arg(kit.join("wit")).args(["--world", grants::WORLD]);
    // Whatever the interpreter imports of a system is replaced by traps: a plugin gets none of it.
    command.args(["componentize", "--stub-wasi", "--python-path"]).arg(folder);
    command.arg("--python-path").arg(&kit).arg("hookmill_entry").arg("--output").arg(&file);
    compiler::made(command, &file)
}

/// `componentize-py` of the project's own environment, else that of the search path.
fn tool(folder: &Path) -> anyhow::Result<PathBuf> {
    let own = folder.join(".venv/bin/componentize-py");
    match own.exists().then_some(own).or_else(|| toolchain::program("componentize-py")) {
        Some(tool) => Ok(tool),
        None => bail!(
            "componentize-py is not installed; in {}:\n  \
             python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
            folder.display()
        ),
    }
}
