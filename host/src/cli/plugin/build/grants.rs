//! What a project in JavaScript or Python may be given. The interpreter in a component imports all of a world, used or not,
//! so each project gets a world of its own: the contract, and the grants whose modules its sources name. Not here: C, where
//! the linker leaves out what is unused.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::plugin::language::Language;
use crate::domain::grant::Grant;

/// The world of a project.
pub(super) const WORLD: &str = "project";

/// Folders that hold nothing of the author's.
const FOREIGN: [&str; 3] = ["node_modules", "target", "__pycache__"];

/// The grants that the sources in a project name, in the order of their names.
pub(super) fn named(project: &Path, language: Language) -> anyhow::Result<Vec<Grant>> {
    let mut grants = Vec::new();
    each_source(project, language, &mut |_, text| {
        let new = Grant::ALL.into_iter().filter(|grant| text.contains(&module(*grant, language)));
        let new: Vec<Grant> = new.filter(|grant| !grants.contains(grant)).collect();
        grants.extend(new);
    })?;
    grants.sort_by_key(|grant| grant.name());
    Ok(grants)
}

/// Shows each of the author's own sources: its path and its text.
pub(super) fn each_source(
    folder: &Path,
    language: Language,
    look: &mut dyn FnMut(&Path, &str),
) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        if name.starts_with('.') || FOREIGN.contains(&&*name) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            each_source(&path, language, look)?;
        } else if is_source(&path, language) {
            let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            look(&path, &String::from_utf8_lossy(&text));
        }
    }
    Ok(())
}

fn is_source(path: &Path, language: Language) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    match language {
        Language::Js => matches!(extension, "js" | "mjs"),
        Language::Python => extension == "py",
        Language::Rust | Language::C => false,
    }
}

/// How sources name the module of a grant.
fn module(grant: Grant, language: Language) -> String {
    match language {
        Language::Python => format!("hookmill_{}", grant.name()),
        _ => format!(".hookmill/{}.js", grant.name()),
    }
}

/// The project's world, in the package of the contract.
pub(super) fn world(grants: &[Grant]) -> String {
    let imports: String = grants.iter().map(|grant| format!("  import {};\n", grant.name())).collect();
    format!("package hookmill:plugin@1.0.0;\n\nworld {WORLD} {{\n  include plugin;\n{imports}}}\n")
}

/// The module that hands the host's side of the grants to the SDK.
pub(super) fn handed_over(grants: &[Grant], language: Language) -> String {
    let names = grants.iter().map(|grant| grant.name());
    match language {
        Language::Python => {
            let imports: String =
                names.clone().map(|name| format!("from wit_world.imports import {name}\n")).collect();
            let pairs: Vec<String> = names.map(|name| format!("\"{name}\": {name}")).collect();
            format!("{imports}GRANTS = {{{}}}\n", pairs.join(", "))
        }
        _ => {
            let imports: String = names
                .clone()
                .map(|name| format!("import * as {name} from \"hookmill:plugin/{name}@1.0.0\";\n"))
                .collect();
            format!("{imports}export default {{ {} }};\n", names.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a project with this file.
    fn found(language: Language, path: &str, text: &str) -> Vec<Grant> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        named(folder.path(), language).unwrap()
    }

    #[test]
    fn sources_name_the_grants() {
        let check = |language: Language, path: &str, text: &str, expected: &[Grant]| {
            assert_eq!(found(language, path, text), expected, "{path}: {text}");
        };
        let both = "import * as kv from './.hookmill/kv.js';\nimport { fetch } from \"./.hookmill/http.js\";";
        check(Language::Js, "plugin.js", both, &[Grant::Http, Grant::Kv]);
        check(Language::Js, "lib/seen.mjs", "import { get } from '../.hookmill/kv.js'", &[Grant::Kv]);
        check(Language::Js, "plugin.js", "import { log } from './.hookmill/hookmill.js'; // kv.js", &[]);
        check(Language::Js, "node_modules/a/index.js", both, &[]);
        check(Language::Js, ".hookmill/kv.js", both, &[]);
        check(
            Language::Python,
            "plugin.py",
            "import hookmill_kv as kv, hookmill_clock\n",
            &[Grant::Clock, Grant::Kv],
        );
        check(Language::Python, "plugin.py", "from hookmill import log\nkv = {}\n", &[]);
        check(Language::Python, "notes.txt", "hookmill_kv", &[]);
    }

    #[test]
    fn the_world_has_what_is_named_and_no_more() {
        assert!(
            world(&[Grant::Http, Grant::Kv]).contains("include plugin;\n  import http;\n  import kv;\n}")
        );
        assert!(!world(&[]).contains("import"));
    }

    #[test]
    fn the_host_s_side_is_handed_over() {
        let grants = [Grant::Clock, Grant::Kv];
        assert!(handed_over(&grants, Language::Js).ends_with("export default { clock, kv };\n"));
        assert!(
            handed_over(&grants, Language::Python).ends_with("GRANTS = {\"clock\": clock, \"kv\": kv}\n")
        );
        assert_eq!(handed_over(&[], Language::Python), "GRANTS = {}\n");
    }
}
