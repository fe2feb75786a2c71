//! What can go wrong around guests, apart from a guest's own faults: the sandbox itself, and why
//! an upload is refused. Not here: faults of a run, which are `domain::plugin::Fault`.

use std::fmt;
use std::path::PathBuf;

use crate::domain::plugin::Blame;
use crate::domain::plugin::Digest;
use crate::domain::plugin::Fault;

/// The sandbox could not do its own part.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine or its threads could not be set up.
    #[error("cannot set up the sandbox: {detail}")]
    Setup {
        /// What failed.
        detail: String,
    },
    /// A file of the sandbox could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No module of this digest is stored.
    #[error("no module {digest} is stored")]
    Unknown {
        /// What was asked for.
        digest: Digest,
    },
    /// A stored module is no longer what its name says.
    #[error("the stored module {digest} is damaged: its bytes have the digest {seen}; upload it again")]
    Damaged {
        /// What was asked for.
        digest: Digest,
        /// What the file has.
        seen: Digest,
    },
    /// A stored module can no longer be compiled or linked.
    #[error("the stored module {digest} does not load: {refusal}")]
    Unloadable {
        /// What was asked for.
        digest: Digest,
        /// Why.
        refusal: Refusal,
    },
    /// The sandbox is closing.
    #[error("the sandbox is shutting down")]
    Closed,
}

/// Why an upload is not taken, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The bytes are neither a component nor a core module.
    NotWasm,
    /// It begins like WebAssembly but is cut off or malformed.
    Invalid,
    /// An export of the world is missing.
    MissingExport,
    /// It imports something the gateway does not offer.
    ImportNotOffered,
    /// More bytes than an upload may have.
    TooLarge,
    /// One of the limits of the scan is exceeded; the detail names it.
    TooComplex,
    /// Compiling it took too much time or memory.
    TooCostlyToCompile,
    /// The manifest is not what `wit/README.md` says.
    BadManifest,
    /// One of its own examples has another result.
    ExampleFailed,
    /// It faulted while it was asked for its manifest.
    Faulted,
    /// The gateway could not examine it; the upload may be tried again.
    Host,
}

impl RefusalCode {
    /// The stable name used in the API and the CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotWasm => "not_wasm",
            Self::Invalid => "invalid",
            Self::MissingExport => "missing_export",
            Self::ImportNotOffered => "import_not_offered",
            Self::TooLarge => "too_large",
            Self::TooComplex => "too_complex",
            Self::TooCostlyToCompile => "too_costly_to_compile",
            Self::BadManifest => "bad_manifest",
            Self::ExampleFailed => "example_failed",
            Self::Faulted => "faulted",
            Self::Host => "host",
        }
    }

    /// Whose fault it is.
    pub const fn blame(self) -> Blame {
        match self {
            Self::Host => Blame::Host,
            _ => Blame::Guest,
        }
    }

    /// The code of a name that [`RefusalCode::as_str`] gave.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        const ALL: [RefusalCode; 11] = [
            RefusalCode::NotWasm,
            RefusalCode::Invalid,
            RefusalCode::MissingExport,
            RefusalCode::ImportNotOffered,
            RefusalCode::TooLarge,
            RefusalCode::TooComplex,
            RefusalCode::TooCostlyToCompile,
            RefusalCode::BadManifest,
            RefusalCode::ExampleFailed,
            RefusalCode::Faulted,
            RefusalCode::Host,
        ];
        ALL.into_iter().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an upload is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// For people: what was seen, and how to mend it. Where there are several faults of one kind,
    /// one a line.
    pub detail: String,
    /// The fault, when the code is [`RefusalCode::Faulted`].
    pub fault: Option<Fault>,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), fault: None }
    }

    /// The guest faulted while it was asked for something at upload.
    pub(crate) fn faulted(asked: &str, fault: Fault) -> Self {
        let code = match fault.blame() {
            Blame::Guest => RefusalCode::Faulted,
            Blame::Host => RefusalCode::Host,
        };
        Self { code, detail: format!("{asked}: {fault}"), fault: Some(fault) }
    }
}

impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Unloadable { refusal, .. } => refusal,
            other => Self::new(RefusalCode::Host, other.to_string()),
        }
    }
}
