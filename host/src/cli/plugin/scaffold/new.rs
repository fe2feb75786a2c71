//! `plugin new`: a project that builds and tests as it is, in an empty folder anywhere.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::plugin::build;
use crate::cli::plugin::language::Language;
use crate::cli::plugin::report;
use crate::cli::plugin::scaffold::template;
use crate::cli::plugin::scaffold::vendor;

/// Flags of `plugin new`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct NewArgs {
    /// The plugin's name: a-z, 0-9, - and _, a letter first.
    #[arg(required_unless_present = "sdk_only")]
    name: Option<String>,
    /// The language of the project.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder to make [default: the name].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Only write the SDK of this program into the project that is there.
    #[arg(long, conflicts_with = "name")]
    sdk_only: bool,
}

pub(in crate::cli::plugin) fn run(args: &NewArgs, json: bool) -> anyhow::Result<Exit> {
    let Some(name) = &args.name else {
        let project = args.dir.clone().unwrap_or_else(|| ".".into());
        return renew_sdk(&project, json);
    };
    check_name(name)?;
    let folder = args.dir.clone().unwrap_or_else(|| name.into());
    create(name, args.lang, &folder)?;
    let (shown, first) = (folder.display(), args.lang.first_steps());
    report::talk(&format!(
        "made {shown}; next:\n  cd {shown}\n{first}  hookmill plugin test     # in the sandbox"
    ));
    Ok(report::data(json, &json!({"name": name, "dir": folder}), &shown.to_string()))
}

/// A project in Rust with these files in the place of the template's: path inside it, and text.
pub(crate) fn create_from(name: &str, folder: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    check_name(name)?;
    check_empty(folder)?;
    files.iter().try_for_each(|(path, text)| write(&folder.join(path), text))?;
    write_sdk(folder)
}

/// The template of a project's `Cargo.toml` in Rust, filled in, with more lines of dependencies.
pub(crate) fn cargo_manifest(name: &str, dependencies: &[&str]) -> String {
    let is_manifest = |(path, _): &(&str, &str)| *path == "Cargo.toml";
    let text = template::files(Language::Rust).find(is_manifest).map(|(_, text)| text).unwrap_or_default();
    let more = format!("\n{}\n\n[profile.release]", dependencies.join("\n"));
    template::filled(text, name).replace("\n\n[profile.release]", &more)
}

fn check_empty(folder: &Path) -> anyhow::Result<()> {
    let is_used = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_used {
        bail!("{} is not empty; give another folder with --dir", folder.display());
    }
    Ok(())
}

fn create(name: &str, language: Language, folder: &Path) -> anyhow::Result<()> {
    check_empty(folder)?;
    for (path, text) in template::files(language) {
        write(&folder.join(path), &template::filled(text, name))?;
    }
    match language {
        Language::Rust => write_sdk(folder),
        // Written again by every build; here for editors.
        other => build::write_kit(folder, other).map(drop),
    }
}

fn renew_sdk(project: &Path, json: bool) -> anyhow::Result<Exit> {
    let sdk = project.join(template::SDK_FOLDER);
    if !sdk.is_dir() {
        bail!("{} is not there: is this a project that `plugin new` made?", sdk.display());
    }
    fs::remove_dir_all(&sdk).with_context(|| format!("clear {}", sdk.display()))?;
    write_sdk(project)?;
    Ok(report::data(json, &json!({"sdk": sdk}), &sdk.display().to_string()))
}

fn write_sdk(project: &Path) -> anyhow::Result<()> {
    let sdk = project.join(template::SDK_FOLDER);
    vendor::FILES.iter().try_for_each(|(path, text)| write(&sdk.join(path), text))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

/// The contract's rule for names, and Cargo's: some words are no package.
fn check_name(name: &str) -> anyhow::Result<()> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins || name.len() > 64 || !name.bytes().all(allowed) {
        bail!("`{name}` cannot be a plugin's name: 1 to 64 of a-z, 0-9, - and _, a letter first");
    }
    if ["test", "core", "std", "alloc", "proc_macro", "proc-macro", "serde", "schemars"].contains(&name) {
        bail!("`{name}` is the name of a crate that the project needs; take another");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        let check = |name: &str, good: bool| assert_eq!(check_name(name).is_ok(), good, "{name}");
        check("filter-leads", true);
        check("v2_x", true);
        check("", false);
        check("Leads", false);
        check("2fast", false);
        check("../up", false);
        check("serde", false);
        check(&"a".repeat(65), false);
    }

    #[test]
    fn a_project_is_complete_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("my-plugin");
        create("my-plugin", Language::Rust, &project).unwrap();
        let manifest: toml::Table = fs::read_to_string(project.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-plugin"));
        let sdk = manifest["dependencies"]["hookmill-plugin-sdk"]["path"].as_str().unwrap();
        assert!(project.join(sdk).join("macros/Cargo.toml").is_file());
        let again = create("my-plugin", Language::Rust, &project).unwrap_err();
        assert!(again.to_string().contains("is not empty"), "{again}");
    }

    #[test]
    fn projects_of_all_languages_are_filled_in() {
        for language in Language::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            create("my-plugin", *language, folder.path()).unwrap();
            assert_eq!(Language::of(folder.path()).unwrap(), *language);
            for (path, _) in template::files(*language) {
                let text = fs::read_to_string(folder.path().join(path)).unwrap();
                assert!(!text.contains("{{"), "{path}");
                if path.ends_with(".json") {
                    serde_json::from_str::<serde_json::Value>(&text).unwrap();
                }
            }
        }
    }

    #[test]
    fn only_the_sdk_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(renew_sdk(folder.path(), false).is_err());
        create("x", Language::Rust, folder.path()).unwrap();
        let stale = folder.path().join(template::SDK_FOLDER).join("src/gone.rs");
        fs::write(&stale, "").unwrap();
        fs::write(folder.path().join("src/lib.rs"), "mine").unwrap();
        renew_sdk(folder.path(), true).unwrap();
        assert!(!stale.exists());
        assert_eq!(fs::read_to_string(folder.path().join("src/lib.rs")).unwrap(), "mine");
    }
}
