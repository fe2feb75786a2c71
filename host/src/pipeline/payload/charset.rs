//! Character sets of bodies: which one a content type names, and the text in UTF-8. Not here: what the text is
//! (`body_view`).

use std::borrow::Cow;

use encoding_rs::Encoding;
use encoding_rs::REPLACEMENT;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;

/// Characters of an unknown name that are shown.
const SHOWN_CHARS: usize = 64;

/// The character set of a content type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset<'a> {
    /// It names none.
    Unsaid,
    /// This one.
    Known(&'static Encoding),
    /// One that is not known here.
    Unknown(&'a str),
}

/// The parameter `charset` of a content type.
pub(super) fn of(content_type: &str) -> Charset<'_> {
    let named = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    });
    match named {
        None => Charset::Unsaid,
        Some(name) => match Encoding::for_label(name.as_bytes()) {
            Some(known) if known != REPLACEMENT => Charset::Known(known),
            _ => Charset::Unknown(name),
        },
    }
}

/// The character set a text is really in, and the text without its byte order mark, which says more than any header.
pub(super) fn real<'a>(named: &'static Encoding, text: &'a [u8]) -> (&'static Encoding, &'a [u8]) {
    if let Some((marked, length)) = Encoding::for_bom(text) {
        return (marked, text.get(length..).unwrap_or_default());
    }
    // `utf-16` says nothing of the order of bytes, and may be untrue. JSON and forms begin with ASCII characters,
    // and those have a half that is zero.
    let real = match (named == UTF_16LE || named == UTF_16BE, text.first_chunk()) {
        (true, Some([0, _])) => UTF_16BE,
        (true, Some([_, 0])) => UTF_16LE,
        (true, Some(_)) => UTF_8,
        _ => named,
    };
    (real, text)
}

/// A text in UTF-8. What is UTF-8 already is borrowed, and left as it is where it is malformed.
pub(super) fn to_utf8<'a>(encoding: &'static Encoding, text: &'a [u8]) -> Cow<'a, [u8]> {
    if encoding == UTF_8 {
        return Cow::Borrowed(text);
    }
    match encoding.decode_without_bom_handling(text).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Why a text is no JSON, where that is something else than a fault in its JSON.
pub(super) fn why_not_json(text: &[u8], unknown_charset: Option<&str>) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty, or nothing but a byte order mark (BOM)".to_owned());
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Some("it is blank".to_owned());
    }
    if text.starts_with(&[0x1f, 0x8b]) {
        return Some("it looks like gzip, and no header `content-encoding` says so".to_owned());
    }
    if text.iter().take(4).any(|byte| *byte == 0) {
        return Some(
            "it looks like UTF-16 or UTF-32; the content type must name that, as in `; charset=utf-16`"
                .to_owned(),
        );
    }
    let fault = std::str::from_utf8(text).err()?;
    let hint = match unknown_charset {
        Some(name) => {
            let name: String = name.chars().take(SHOWN_CHARS).collect();
            format!("and the content type names a charset that is not known here, `{name}`")
        }
        None => "if that is Latin-1 or another character set, the content type must name it, as in `; charset=iso-8859-1`"
            .to_owned(),
    };
    Some(format!("it is not UTF-8 at byte {}; {hint}", fault.valid_up_to()))
}
