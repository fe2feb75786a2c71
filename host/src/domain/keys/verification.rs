//! How a source proves that a request is from its provider, as data: a scheme says where the
//! signature is and what was signed. Not here: checking one (`rules::verify`), the presets
//! (`rules/verification_presets.json`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::secret::StoredSecret;

/// A source's verification: a scheme and the secrets that may have signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verification {
    /// The preset it was made from, if any.
    pub preset: Option<String>,
    /// What to check.
    pub scheme: Scheme,
    /// Any of them may have signed (rotation).
    pub secrets: Vec<StoredSecret>,
    /// What the provider repeats in the URL when it asks whether somebody is there. It signs nothing.
    #[serde(default)]
    pub verify_token: Option<StoredSecret>,
}

/// A verification scheme. Always over the bytes as they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// How the signature is made.
    pub algorithm: Algorithm,
    /// How its bytes are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// Where it is.
    pub signature: SignaturePlace,
    /// What was signed, with `{method} {url} {url_decoded} {path} {query} {timestamp} {id} {body}
    /// {body_sha256_hex} {header:x} {sorted_form}`; everything else stands for itself.
    #[serde(default = "Scheme::default_signed")]
    pub signed: String,
    /// Where the time of signing is.
    #[serde(default)]
    pub timestamp: Option<TimestampPlace>,
    /// Where the message's id is, for `{id}`: a header.
    #[serde(default)]
    pub id_header: Option<String>,
    /// The query parameter with the body's SHA-256 in hexadecimal, where the URL is signed and the
    /// body is not. Bodies other than forms need it then.
    #[serde(default)]
    pub body_digest_param: Option<String>,
    /// How the secret's text becomes a key.
    #[serde(default)]
    pub secret: SecretEncoding,
    /// The status that a request with a bad signature gets.
    #[serde(default = "Scheme::default_fail_status")]
    #[schema(minimum = 400, maximum = 499)]
    pub fail_status: u16,
}

impl Scheme {
    fn default_signed() -> String {
        "{body}".into()
    }

    /// What it is unless something else is said.
    pub const fn default_fail_status() -> u16 {
        401
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519; the secret is the public key.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, signatures in DER or as two numbers; the secret is the public key.
    EcdsaP256,
    /// RSA PKCS#1 v1.5 with SHA-256; the secret is the public key in PEM.
    RsaSha256,
    /// No signature: the header must equal the secret.
    Token,
}

/// Who has the key of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// Sender and receiver: an HMAC.
    Both,
    /// The sender; the receiver has the public half.
    Sender,
    /// Whoever has the token, which is sent itself.
    Bearer,
}

impl Algorithm {
    /// Who has its key.
    pub const fn key_holder(self) -> KeyHolder {
        match self {
            Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha512 => KeyHolder::Both,
            Self::Ed25519 | Self::EcdsaP256 | Self::RsaSha256 => KeyHolder::Sender,
            Self::Token => KeyHolder::Bearer,
        }
    }
}

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal, either case.
    #[default]
    Hex,
    /// Base 64 with padding or without.
    Base64,
    /// URL-safe base 64 with padding or without.
    Base64url,
}

/// Where the signature is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignaturePlace {
    /// The headers that may carry it, in lower case; all that are there count.
    #[schema(min_items = 1)]
    pub headers: Vec<String>,
    /// What stands before it, such as `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// The header is a list of pairs; see there.
    #[serde(default)]
    pub pairs: Option<Pairs>,
    /// What separates several signatures in the header, such as a space.
    #[serde(default)]
    pub separator: Option<String>,
}

/// A header such as `t=1,v1=aa,v1=bb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Between pairs, such as `,`.
    pub separator: String,
    /// Between key and value, such as `=`.
    pub equals: String,
    /// The key of a signature; every pair with it is tried.
    pub signature: String,
    /// The key of the timestamp, if it is there.
    #[serde(default)]
    pub timestamp: Option<String>,
}

/// Where the time of signing is and how old it may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimestampPlace {
    /// The headers that may carry it, in lower case; empty when it is among the pairs.
    #[serde(default)]
    pub headers: Vec<String>,
    /// A top-level path in the JSON body (`$.webhookTimestamp`) instead.
    #[serde(default)]
    pub body_path: Option<String>,
    /// Its unit.
    #[serde(default)]
    pub unit: TimeUnit,
    /// Seconds it may differ from now, either way.
    #[serde(default = "TimestampPlace::default_tolerance")]
    pub tolerance_s: u64,
}

impl TimestampPlace {
    /// What it is unless something else is said.
    pub const fn default_tolerance() -> u64 {
        300
    }
}

/// The unit of a timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds or milliseconds, by size.
    #[default]
    Auto,
    /// Unix seconds.
    S,
    /// Unix milliseconds.
    Ms,
    /// RFC 3339 text.
    Rfc3339,
}

/// How a secret's text becomes a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretEncoding {
    /// The UTF-8 bytes as they stand.
    #[default]
    Utf8,
    /// Hexadecimal.
    Hex,
    /// Base 64.
    Base64,
    /// Base 64 after this prefix, which may be missing (`whsec_`).
    Base64AfterPrefix(String),
}
