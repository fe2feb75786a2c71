//! A project in JavaScript: componentize-js puts it into an engine and takes a snapshot of that.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::cli::plugin::build::compiler;
use crate::cli::plugin::build::grants;
use crate::cli::plugin::build::kit;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::toolchain;

/// All that the engine could import; a plugin gets none of it.
const DISABLED: [&str; 5] = ["stdio", "random", "clocks", "http", "fetch-event"];

/// The component.
pub(super) fn build(folder: &Path) -> anyhow::Result<Vec<u8>> {
    if folder.to_string_lossy().contains(char::is_whitespace) {
        bail!("componentize-js does not work in {}: there is white space in the path", folder.display());
    }
    let tool = tool(folder)?;
    let kit = kit::write(folder, Language::Js)?;
    let file = compiler::target(folder)?.join("componentize-js.wasm");
    let mut command = Command::new(tool);
    command.current_dir(folder).arg(kit.join("entry.js")).arg("--wit").arg(kit.join("wit"));
    command.args(["--world-name", grants::WORLD]).arg("--out").arg(&file).arg("--disable").args(DISABLED);
    compiler::made(command, &file)
}

/// `componentize-js` of the project or of a folder around it, as Node looks for packages; else that of
/// the search path.
fn tool(folder: &Path) -> anyhow::Result<PathBuf> {
    let near = folder.ancestors().map(|folder| folder.join("node_modules/.bin/componentize-js"));
    let found = near.into_iter().find(|tool| tool.exists()).or_else(|| toolchain::program("componentize-js"));
    match found {
        Some(tool) => Ok(tool),
        None if toolchain::program("npm").is_none() => {
            bail!(
                "no npm here, which brings the compiler componentize-js: install Node, from 20 (nodejs.org)"
            )
        }
        None => bail!("componentize-js is not installed; in {}: npm install", folder.display()),
    }
}
