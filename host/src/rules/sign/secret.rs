//! Secrets of Standard Webhooks: made, and read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::rules::sign::SigningFault;

/// What symmetric Standard Webhooks secrets begin with.
const SECRET_PREFIX: &str = "whsec_";

/// The standard recommends 24 to 64 bytes; its own example has 18.
const KEY_BYTES_MIN: usize = 16;
const KEY_BYTES_MAX: usize = 128;

/// A new secret of 32 random bytes.
pub fn generate_secret(random: [u8; 32]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(random))
}

/// The key of a Standard Webhooks secret: 16 to 128 bytes.
pub fn standard_key(secret: &str) -> Result<Vec<u8>, SigningFault> {
    let coded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD.decode(coded).map_err(|_| SigningFault::BadSecret)?;
    if (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) { Ok(key) } else { Err(SigningFault::BadSecret) }
}
