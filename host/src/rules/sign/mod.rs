//! Signs a delivery over the exact bytes sent. Pure: time and randomness are arguments. Not here:
//! checking what others signed (`verify`).
//!
//! Standard Webhooks 1.0: the signed content is `{id}.{timestamp}.{body}`, the key what is left
//! of the secret after `whsec_`, base 64 decoded; the header is `v1,` and base 64 of the
//! HMAC-SHA256, one per live secret, separated by spaces. The names of other profiles are data: `rules/signing_presets.json`.

mod prepared;
mod presets;
mod secret;
mod template;
#[cfg(test)]
mod tests;

pub use prepared::PreparedSigning;
pub use prepared::SignatureHeader;
pub use presets::SigningPresets;
pub use presets::signing_preset;
pub use presets::signing_presets;
pub use secret::generate_secret;
pub use secret::standard_key;

/// Why a destination cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningFault {
    /// The secret is not base 64 after its prefix, or too short or too long.
    #[error(
        "the secret must be `whsec_` and base 64 of 16 to 128 bytes (24 to 64 are recommended); leave it out to have one made"
    )]
    BadSecret,
    /// The secret of a generic HMAC is empty: everybody could sign with it.
    #[error("the secret must not be empty; leave it out to have one made")]
    EmptySecret,
    /// The profile wants a secret.
    #[error("this signing profile needs a secret")]
    NoSecret,
    /// The profile's algorithm is none of the HMACs.
    #[error("signing takes hmac-sha1, hmac-sha256 or hmac-sha512")]
    NotHmac,
}
