//! What Cargo knows about the project in a folder. Not here: building it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;

/// A plugin's project.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli::plugin) struct Project {
    /// The package's name.
    pub(in crate::cli::plugin) name: String,
    /// Its `Cargo.toml`.
    pub(in crate::cli::plugin) manifest: PathBuf,
    /// Where Cargo builds.
    pub(in crate::cli::plugin) target: PathBuf,
}

impl Project {
    /// Of the package whose `Cargo.toml` is in this folder.
    pub(in crate::cli::plugin) fn read(folder: &Path) -> anyhow::Result<Self> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().with_context(|| {
            format!("{} is not there; go to the project's folder or name it", manifest.display())
        })?;
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&manifest)
            .output()
            .context("run cargo: is Rust installed? https://rustup.rs")?;
        if !output.status.success() {
            bail!("cargo cannot read the project:\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).context("read what cargo says of the project")?;
        Self::from_metadata(&metadata, manifest)
    }

    fn from_metadata(metadata: &Value, manifest: PathBuf) -> anyhow::Result<Self> {
        let packages = metadata["packages"].as_array().map_or(&[] as &[_], Vec::as_slice);
        let is_it = |package: &&Value| package["manifest_path"].as_str().map(Path::new) == Some(&manifest);
        let package = packages
            .iter()
            .find(is_it)
            .with_context(|| format!("{} is not a package", manifest.display()))?;
        let kinds = package["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|target| target["crate_types"].as_array());
        if !kinds.flatten().any(|kind| kind == "cdylib") {
            bail!("{} builds no plugin; add to it:\n[lib]\ncrate-type = [\"cdylib\"]", manifest.display());
        }
        let name = package["name"].as_str().context("the package has no name")?.to_owned();
        let target =
            metadata["target_directory"].as_str().context("cargo names no folder to build in")?.into();
        Ok(Self { name, manifest, target })
    }

    /// The names of its examples, in a line: the SDK builds anew when it changes.
    pub(in crate::cli::plugin) fn examples(&self) -> String {
        let folder = self.manifest.with_file_name("examples");
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().extension() == Some(OsStr::new("json")))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_must_build_a_library_for_others() {
        let metadata = |kind: &str| {
            json!({"target_directory": "/p/target", "packages": [
                {"name": "other", "manifest_path": "/o/Cargo.toml", "targets": []},
                {"name": "mine", "manifest_path": "/p/Cargo.toml", "targets": [{"crate_types": [kind]}]},
            ]})
        };
        let read = |kind: &str, manifest: &str| Project::from_metadata(&metadata(kind), manifest.into());
        let project = read("cdylib", "/p/Cargo.toml").unwrap();
        assert_eq!((project.name.as_str(), project.target), ("mine", "/p/target".into()));
        let error = read("lib", "/p/Cargo.toml").unwrap_err().to_string();
        assert!(error.contains("crate-type = [\"cdylib\"]"), "{error}");
        assert!(read("cdylib", "/x/Cargo.toml").is_err());
    }

    #[test]
    fn a_folder_without_a_project_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Project::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("Cargo.toml is not there"), "{error}");
    }
}
