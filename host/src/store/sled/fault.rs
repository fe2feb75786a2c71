//! What can go wrong inside this backend, before it is put into words for people.
//! Not here: those words (`store::error`).

use std::path::Path;

use crate::store::error::StoreError;

/// The oldest format of values that this binary reads.
pub(super) const FIRST_FORMAT: u8 = 1;
/// The newest one, which it writes. 2: events have the line of their request, the log has notes and answers that broke
/// off.
pub(super) const FORMAT: u8 = 2;

/// Something went wrong below.
#[derive(Debug, thiserror::Error)]
pub(super) enum SledFault {
    /// sled says no: input/output or its own checksums.
    #[error("{0}")]
    Sled(#[from] sled::Error),
    /// The file system says no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A value of a newer format.
    #[error("{what} has format {found}")]
    Newer {
        /// Which kind of value.
        what: &'static str,
        /// Its format.
        found: u8,
    },
    /// A value that cannot be what was written.
    #[error("{what} {why}")]
    Bad {
        /// Which kind of value.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// sled gave up in the middle.
    #[error("the storage engine gave up: {0}")]
    Panicked(String),
    /// The store is closed, or being opened again.
    #[error("it is closed")]
    Closed,
}

impl SledFault {
    /// In words for the person who runs it.
    pub(super) fn explain(&self, dir: &Path) -> StoreError {
        match self {
            Self::Newer { what, found } => StoreError::NewerFormat { what, found: *found, known: FORMAT },
            Self::Io(error) => StoreError::Unavailable { detail: error.to_string() },
            Self::Sled(sled::Error::Io(error)) if !is_about_content(error) => {
                StoreError::Unavailable { detail: error.to_string() }
            }
            Self::Closed => StoreError::Unavailable { detail: self.to_string() },
            Self::Sled(_) | Self::Bad { .. } | Self::Panicked(_) => StoreError::Damaged {
                path: dir.to_owned(),
                detail: self.to_string(),
                way_out: "start `hookmill serve --recover`: it moves these files aside and \
                          goes on with the exported configuration"
                    .to_owned(),
            },
        }
    }
}

/// sled reports pages that make no sense as failed input, too.
fn is_about_content(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::InvalidData;
    use std::io::ErrorKind::InvalidInput;
    use std::io::ErrorKind::UnexpectedEof;
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}
