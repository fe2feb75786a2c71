//! The modules that stand beside the code, as text. Arithmetic and comparison of numbers and the reading of dates are
//! the very sources that run in mappings. Not here: what is written for one mapping.

use crate::shape::eject::writer::CodeWriter;

const FOLDER: &str = "src/helpers";

/// Path inside the project, and text.
pub(super) fn files(writer: &CodeWriter) -> Vec<(String, String)> {
    let mut modules = vec![
        ("compare", include_str!("template/compare.rs.txt").to_owned()),
        ("decimal", decimal()),
        ("field", include_str!("template/field.rs.txt").to_owned()),
        ("input", include_str!("template/input.rs.txt").to_owned()),
        ("merge", include_str!("template/merge.rs.txt").to_owned()),
        ("number", number()),
        ("output", include_str!("template/output.rs.txt").to_owned()),
        ("select", include_str!("template/select.rs.txt").to_owned()),
    ];
    let mut declared: Vec<String> = Vec::new();
    for (needed, name, text, uses) in [
        (writer.codecs, "codec", include_str!("template/codec.rs.txt"), ""),
        (writer.dates, "date", include_str!("template/date.rs.txt"), "pub(crate) use date::{Form, since};"),
        (
            writer.patterns,
            "pattern",
            include_str!("template/pattern.rs.txt"),
            "pub(crate) use pattern::matches;",
        ),
    ] {
        if needed {
            if name == "date" {
                modules.push(("instant", instant()));
            }
            modules.push((name, text.to_owned()));
            declared.extend(Some(uses.to_owned()).filter(|uses| !uses.is_empty()));
        }
    }
    modules.sort();
    let names = modules.iter().map(|(name, _)| format!("mod {name};"));
    let heads: Vec<String> = names.chain([String::new()]).chain(declared).collect();
    let head = include_str!("template/mod.rs.txt").replace("{{MODULES}}", heads.join("\n").trim_end());
    let files = modules.into_iter().map(|(name, text)| (format!("{FOLDER}/{name}.rs"), text));
    files.chain([(format!("{FOLDER}/mod.rs"), head)]).collect()
}

/// Without its tests.
fn code(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or(source).trim_end()
}

fn decimal() -> String {
    let text = code(include_str!("../number/decimal.rs"));
    let text = text.replace(
        "crate::shape::tape::number_end(text.as_bytes(), 0) != Some(text.len())",
        "!super::number::is_number(text)",
    );
    format!("{text}\n")
}

fn instant() -> String {
    code(include_str!("../apply/instant.rs")).replace("crate::shape::fault::bounded(text)", "text") + "\n"
}

fn number() -> String {
    let text = code(include_str!("../number/compare.rs"));
    format!("{text}\n{}", include_str!("template/number.rs.txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_stands_alone() {
        let all = CodeWriter { codecs: true, dates: true, patterns: true, ..CodeWriter::default() };
        let files = files(&all);
        assert_eq!(files.len(), 13);
        for (path, text) in files {
            assert!(text.starts_with("//!"), "{path} does not say what lives in it");
            for foreign in ["crate::shape", "{{", "#[cfg(test)]"] {
                assert!(!text.contains(foreign), "{path} has {foreign}");
            }
        }
    }
}
