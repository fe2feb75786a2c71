//! The texts that people paste as a public key: PEM with its lines as they were, on one line, or with `\\n` written
//! out; base 64 or hexadecimal without a frame; a certificate. Not here: what the bytes are (`public_key`).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);

/// The tag of a sequence, of an explicit version and of a list of octets in DER.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The bytes a text stands for: DER, or a bare key. The error says what was seen instead.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let text = text.trim();
    let Some(begin) = text.strip_prefix("-----BEGIN ") else {
        let coded: String = text.strip_prefix("whpk_").unwrap_or(text).split_whitespace().collect();
        let bytes = hex::decode(&coded).ok();
        let bytes = bytes.or_else(|| BASE64.decode(&coded).ok()).or_else(|| BASE64URL.decode(&coded).ok());
        return bytes
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| "it is neither PEM nor base 64 nor hexadecimal".to_owned());
    };
    let (label, rest) = begin.split_once("-----").ok_or("the first line of the PEM is not whole")?;
    let (inside, _) = rest.split_once("-----END").ok_or("the PEM has no line `-----END …-----`")?;
    if label.contains("PRIVATE KEY") {
        return Err("it is a private key, which must stay with its owner".to_owned());
    }
    let coded: String = inside.split_whitespace().collect();
    let der = BASE64.decode(coded).map_err(|_| "what is inside the PEM is not base 64".to_owned())?;
    match label {
        "CERTIFICATE" => key_of_certificate(&der).ok_or_else(|| "the certificate cannot be read".to_owned()),
        _ => Ok(der),
    }
}

/// The part of a certificate that holds the public key: after an optional version, the sixth member of its first
/// member. Nothing of the certificate is checked; it is only what the key came in.
fn key_of_certificate(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // Number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (tag, _, after) = element(rest)?;
    (tag == SEQUENCE).then(|| rest[..rest.len() - after.len()].to_vec())
}

/// The first element: its tag, what is in it, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        short if short < 0x80 => (usize::from(short), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}
