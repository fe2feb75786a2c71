//! `plugin build`: the project as one component.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use anyhow::bail;
use clap::Args;
use serde_json::Value;
use serde_json::json;
use wit_component::ComponentEncoder;

use crate::cli::Exit;
use crate::cli::plugin::project::Project;
use crate::cli::plugin::report;
use crate::cli::plugin::toolchain::Toolchain;

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

/// Builds the project in this folder. Cargo's own words go to stderr.
pub(super) fn build(folder: &Path) -> anyhow::Result<Built> {
    let project = Project::read(folder)?;
    let module = compile(&project, folder)?;
    let bytes = fs::read(&module).with_context(|| format!("read {}", module.display()))?;
    let component = component(&bytes)?;
    let path = project.target.join(format!("{}.wasm", project.name));
    let new = path.with_extension("wasm.new");
    fs::write(&new, &component)
        .and_then(|()| fs::rename(&new, &path))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(Built { path, size: component.len() as u64 })
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

/// The module in the form of the component model.
fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(|encoder| {
        let mut encoder = encoder;
        encoder.encode()
    });
    encoded.map_err(|error| {
        anyhow::anyhow!("the module is no plugin: {error:#}; is there a function with #[plugin]?")
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_is_no_module_is_refused() {
        let error = component(b"\0asm\x01\0\0\0\xff").unwrap_err().to_string();
        assert!(error.contains("the module is no plugin"), "{error}");
    }
}
