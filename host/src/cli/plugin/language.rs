//! The languages a plugin can be written in, and telling which one a project is of. Not here:
//! building it (`build`), the files of a new one (`template`).

use std::path::Path;

use anyhow::bail;
use clap::ValueEnum;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    Js,
    Python,
    C,
}

impl Language {
    /// What the project in this folder is written in.
    pub(super) fn of(folder: &Path) -> anyhow::Result<Self> {
        let found = Self::value_variants().iter().find(|language| folder.join(language.mark()).is_file());
        match found {
            Some(language) => Ok(*language),
            None => bail!(
                "no plugin in {}: no Cargo.toml, plugin.js, plugin.py or plugin.c is there; \
                 go to the project's folder or name it",
                folder.display()
            ),
        }
    }

    /// The file that every project of the language has.
    fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Js => "plugin.js",
            Self::Python => "plugin.py",
            Self::C => "plugin.c",
        }
    }

    /// What to do first in a new project: commands and what they are for.
    pub(super) fn first_steps(self) -> &'static str {
        match self {
            Self::Rust => "  cargo test               # natively\n",
            Self::Js => "  npm install              # the compiler\n",
            Self::Python => {
                "  python3 -m venv .venv && .venv/bin/pip install -r requirements.txt   # the compiler\n"
            }
            Self::C => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_shows_its_language() {
        let check = |file: &str, expected: Language| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(Language::of(folder.path()).unwrap(), expected);
        };
        check("Cargo.toml", Language::Rust);
        check("plugin.js", Language::Js);
        check("plugin.py", Language::Python);
        check("plugin.c", Language::C);
        let error = Language::of(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(error.contains("no Cargo.toml, plugin.js, plugin.py or plugin.c is there"), "{error}");
    }
}
