//! What can go wrong before the first request.

/// The way out could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The file with further authorities cannot be used.
    #[error("cannot use the certificates in {path}: {detail}")]
    ExtraCa {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The user agent is no header value.
    #[error("the user agent `{0}` has characters a header cannot have; use visible ASCII")]
    UserAgent(String),
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

impl EgressError {
    /// The setting that is at fault.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::ExtraCa { .. } => "egress.extra_ca",
            Self::UserAgent(_) => "egress.user_agent",
            Self::Tls(_) => "egress",
        }
    }
}
