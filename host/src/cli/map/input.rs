//! Where documents and payloads come from: a file, stdin, or the argument itself.
//! Not here: what they mean.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;

/// A document: a file's name, `-` for stdin, or JSON that begins with `{`.
#[derive(Clone, Debug)]
pub(super) enum MapInput {
    /// In a file.
    File(PathBuf),
    /// On stdin.
    Stdin,
    /// In the argument.
    Text(String),
}

impl From<&str> for MapInput {
    fn from(text: &str) -> Self {
        match text.trim_start() {
            "-" => Self::Stdin,
            json if json.starts_with('{') => Self::Text(text.to_owned()),
            _ => Self::File(PathBuf::from(text)),
        }
    }
}

impl MapInput {
    /// The bytes.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::File(path) => std::fs::read(path).with_context(|| format!("read {}", path.display())),
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Stdin => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes).context("read stdin")?;
                Ok(bytes)
            }
        }
    }

    /// For messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text(_) => "the argument".to_owned(),
            Self::Stdin => "stdin".to_owned(),
        }
    }
}
