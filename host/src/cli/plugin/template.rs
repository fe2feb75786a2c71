//! The files of a new project, but for the SDK. Only text; writing it is `new`'s.

/// Path inside the project, and text in which `{{NAME}}` stands for the project's name.
pub(super) const RUST: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("examples/a-confident-lead.json", include_str!("template/a-confident-lead.json")),
    ("examples/a-weak-signal.json", include_str!("template/a-weak-signal.json")),
    ("examples/not-a-signal.json", include_str!("template/not-a-signal.json")),
];

/// Where the SDK goes inside the project.
pub(super) const SDK_FOLDER: &str = ".hookmill/sdk";

/// Fills a template in.
pub(super) fn filled(text: &str, name: &str) -> String {
    text.replace("{{NAME}}", name)
}
