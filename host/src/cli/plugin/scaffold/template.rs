//! The files of a new project, but for the SDK. Only text; writing it is `new`'s.

use crate::cli::plugin::language::Language;

/// Path inside the project, and text in which `{{NAME}}` stands for the project's name.
type Files = &'static [(&'static str, &'static str)];

const RUST: Files = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
];

const JS: Files = &[
    ("package.json", include_str!("template/js/package.json.txt")),
    (".gitignore", include_str!("template/js/gitignore.txt")),
    ("README.md", include_str!("template/js/README.md.txt")),
    ("plugin.js", include_str!("template/js/plugin.js.txt")),
];

const PYTHON: Files = &[
    ("requirements.txt", include_str!("template/python/requirements.txt")),
    (".gitignore", include_str!("template/python/gitignore.txt")),
    ("README.md", include_str!("template/python/README.md.txt")),
    ("plugin.py", include_str!("template/python/plugin.py.txt")),
];

const C: Files = &[
    ("manifest.json", include_str!("template/c/manifest.json.txt")),
    (".gitignore", include_str!("template/c/gitignore.txt")),
    ("README.md", include_str!("template/c/README.md.txt")),
    ("plugin.c", include_str!("template/c/plugin.c.txt")),
];

/// The same for every language: their plugins do the same.
const EXAMPLES: Files = &[
    ("examples/a-confident-lead.json", include_str!("template/a-confident-lead.json")),
    ("examples/a-weak-signal.json", include_str!("template/a-weak-signal.json")),
    ("examples/not-a-signal.json", include_str!("template/not-a-signal.json")),
];

/// Where the SDK for Rust goes inside the project.
pub(in crate::cli::plugin) const SDK_FOLDER: &str = ".hookmill/sdk";

/// The files of a project.
pub(in crate::cli::plugin) fn files(
    language: Language,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = match language {
        Language::Rust => RUST,
        Language::Js => JS,
        Language::Python => PYTHON,
        Language::C => C,
    };
    own.iter().chain(EXAMPLES).copied()
}

/// Fills a template in.
pub(in crate::cli::plugin) fn filled(text: &str, name: &str) -> String {
    text.replace("{{NAME}}", name)
}
