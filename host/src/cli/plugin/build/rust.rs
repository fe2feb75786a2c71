//! A project in Rust: Cargo makes a core module, which becomes a component.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

use crate::cli::plugin::build::component;
use crate::cli::plugin::build::project::Project;
use crate::cli::plugin::toolchain::Toolchain;

/// The component, and where it belongs. Cargo's own words go to stderr.
pub(super) fn build(folder: &Path) -> anyhow::Result<(Vec<u8>, PathBuf)> {
    let project = Project::read(folder)?;
    let module = compile(&project, folder)?;
    let bytes = fs::read(&module).with_context(|| format!("read {}", module.display()))?;
    let component = component::of(&bytes, "is there a function with #[plugin]?")?;
    Ok((component, project.target.join(format!("{}.wasm", project.name))))
}

/// The core module that Cargo makes.
fn compile(project: &Project, folder: &Path) -> anyhow::Result<PathBuf> {
    let toolchain = Toolchain::find(folder)?;
    let mut child = toolchain
        .cargo_build(folder)
        .arg("--message-format=json-render-diagnostics")
        .env("HOOKMILL_EXAMPLES", project.examples())
        .stdout(Stdio::piped())
        .spawn()
        .context("run cargo")?;
    let stdout = child.stdout.take().context("listen to cargo")?;
    let mut module = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("listen to cargo")?;
        module = artifact(&line, &project.manifest).or(module);
    }
    if !child.wait().context("wait for cargo")?.success() {
        bail!("the project does not build");
    }
    module.context("cargo built no .wasm file")
}

/// The `.wasm` file of this package, when the line of Cargo's is about it.
fn artifact(line: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_it = message["reason"] == "compiler-artifact"
        && message["manifest_path"].as_str().map(Path::new) == Some(manifest);
    let files = message["filenames"].as_array().filter(|_| is_it)?;
    files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_module_of_this_package_is_found_among_what_cargo_says() {
        let manifest = Path::new("/p/Cargo.toml");
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(artifact(line, manifest), expected.map(PathBuf::from), "{line}");
        };
        let said = |manifest: &str, file: &str| {
            json!({"reason": "compiler-artifact", "manifest_path": manifest, "filenames": [file]}).to_string()
        };
        check(&said("/p/Cargo.toml", "/t/mine.wasm"), Some("/t/mine.wasm"));
        check(&said("/p/Cargo.toml", "/t/mine.rlib"), None);
        check(&said("/other/Cargo.toml", "/t/other.wasm"), None);
        check(r#"{"reason":"build-finished","success":true}"#, None);
        check("not json", None);
    }
}
