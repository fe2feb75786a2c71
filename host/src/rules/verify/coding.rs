//! Text to bytes. A tag is decoded on the stack: it is the hot path.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

use crate::domain::verification::Encoding;
use crate::rules::mac::Tag;

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);

/// Characters the longest tag may have: 64 bytes in hexadecimal.
const TAG_CHARS_MAX: usize = 128;

/// The bytes of a tag; `None` if the text is not so encoded or too long for one.
pub(super) fn tag(encoding: Encoding, text: &str) -> Option<Tag> {
    let mut buffer = [0; TAG_CHARS_MAX];
    if text.len() > TAG_CHARS_MAX {
        return None;
    }
    let len = match encoding {
        Encoding::Hex => {
            let len = text.len() / 2;
            hex::decode_to_slice(text, &mut buffer[..len]).ok().map(|()| len)
        }
        Encoding::Base64 => BASE64.decode_slice(text, &mut buffer).ok(),
        Encoding::Base64url => BASE64URL.decode_slice(text, &mut buffer).ok(),
    };
    // Longer than any tag is equal to none.
    len.filter(|len| *len <= TAG_CHARS_MAX / 2).map(|len| Tag::from(&buffer[..len]))
}

/// The bytes of a text of any length.
pub(super) fn bytes(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => BASE64.decode(text).ok(),
        Encoding::Base64url => BASE64URL.decode(text).ok(),
    }
}
