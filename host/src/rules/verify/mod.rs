//! May this request in? Schemes are data; this checks one, always over the raw bytes and in
//! constant time. Pure: the time is an argument. Not here: keys and passwords (`pipeline`).

mod body_member;
mod coding;
mod digest;
mod form;
mod key;
mod key_text;
mod place;
mod prepared;
mod presets;
mod public_key;
mod recognize;
mod signed;
#[cfg(test)]
mod tests;

pub use prepared::PreparedVerification;
pub use presets::Challenge;
pub use presets::Preset;
pub use presets::Presets;
pub use presets::ProviderAnswer;
pub use presets::presets;
pub use recognize::Recognition;
pub use recognize::SAMPLE_BYTES_MAX;
pub use recognize::recognize;

use crate::domain::event::Headers;
use crate::domain::time::Timestamp;

/// Characters of a URL that are shown.
const SHOWN_CHARS: usize = 500;

/// A request as its signature sees it.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// Upper case.
    pub method: &'a str,
    /// As the sender used it.
    pub url: &'a str,
    /// The path of the URL.
    pub path: &'a str,
    /// Its query, without `?`.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a Headers,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// Why a request is not vouched for. Never tells anything about the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The header is not there.
    #[error("there is no signature: the header `{header}` is missing")]
    MissingSignature {
        /// Which one was looked for.
        header: String,
    },
    /// The header is there and holds no signature.
    #[error("the header `{header}` does not have the expected form: {wanted}")]
    MalformedSignature {
        /// Which one.
        header: String,
        /// What it should look like.
        wanted: String,
    },
    /// The time of signing is not there, or unreadable.
    #[error("the time of signing is missing or unreadable: {wanted}")]
    MissingTimestamp {
        /// Where it should be and how it should look.
        wanted: String,
    },
    /// The time of signing is too far from now.
    #[error(
        "the time of signing, {seen}, is more than {tolerance_s} s from now, {now}: an old request sent again, or a wrong clock"
    )]
    TimestampOutOfTolerance {
        /// The time of signing.
        seen: Timestamp,
        /// The present instant.
        now: Timestamp,
        /// Seconds allowed.
        tolerance_s: u64,
    },
    /// The scheme signs the message's id and it is not there.
    #[error("the header `{header}` with the message's id is missing")]
    MissingId {
        /// Which one.
        header: String,
    },
    /// The body is vouched for by a digest in the URL, and that is missing.
    #[error("the body is not signed: the query parameter `{parameter}` with its SHA-256 is missing")]
    MissingBodyDigest {
        /// Which parameter was looked for.
        parameter: String,
    },
    /// No secret made this signature.
    #[error("the signature does not match: another secret, or the body was changed on the way{}", about(.url.as_deref()))]
    BadSignature {
        /// The URL it was checked over, if it is one over a URL.
        url: Option<String>,
    },
    /// The source's secret cannot be used with its scheme.
    #[error("the source's secret cannot be used: {detail}")]
    BadSecret {
        /// What form it should have.
        detail: String,
    },
}

/// The usual reason why a signature over a URL does not match.
fn about(url: Option<&str>) -> String {
    let of = |url: &str| {
        let shown: String = url.chars().take(SHOWN_CHARS).collect();
        format!(
            "; or the provider was given another URL: this was checked as one for `{shown}`, which begins with the setting `server.public_url`"
        )
    };
    url.map_or_else(String::new, of)
}

impl VerifyError {
    /// The stable name in the record of rejections and the metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingSignature { .. } => "missing_signature",
            Self::MalformedSignature { .. } => "malformed_signature",
            Self::MissingTimestamp { .. } => "missing_timestamp",
            Self::TimestampOutOfTolerance { .. } => "timestamp_out_of_tolerance",
            Self::MissingId { .. } => "missing_id",
            Self::MissingBodyDigest { .. } => "missing_body_digest",
            Self::BadSignature { .. } => "bad_signature",
            Self::BadSecret { .. } => "bad_secret",
        }
    }
}
