//! What is wrong with a setting, in words for the operator. Not here: finding it (`load`).

use std::fmt;
use std::path::PathBuf;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    /// In the settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In an environment variable of that name.
    Env(String),
    /// By a flag of the command line, such as `--listen`.
    Flag(String),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A setting that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {what}")]
pub struct BadKey {
    /// The key, such as `server.grace`; empty if the whole file is at fault.
    pub key: String,
    /// Where it was given.
    pub origin: SettingOrigin,
    /// What was seen and how to mend it. Never a secret's value.
    pub what: String,
}
