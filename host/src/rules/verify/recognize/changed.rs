//! What a body may have been before it was copied: tools add line ends, and write JSON anew. Not here: trying it.

use serde::de::IgnoredAny;

/// A body as it may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangedBody {
    pub(super) body: Vec<u8>,
    /// How it differs from what was given.
    pub(super) how: &'static str,
}

/// All that differ from it.
pub(super) fn bodies(body: &[u8]) -> Vec<ChangedBody> {
    let cut = body.strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest).to_vec());
    let changed = [
        (cut, "without the line end at its end"),
        (Some([body, b"\n"].concat()), "with a line end at its end"),
        (rewritten(body, false), "as JSON without blanks between its parts"),
        (rewritten(body, true), "as JSON with a blank after each `,` and `:` and no others"),
    ];
    let changed = changed.into_iter().filter_map(|(made, how)| Some(ChangedBody { body: made?, how }));
    changed.filter(|changed| changed.body != body).collect()
}

/// JSON with other blanks: names, numbers and escapes stay as they are written.
fn rewritten(body: &[u8], spaced: bool) -> Option<Vec<u8>> {
    let _valid: IgnoredAny = serde_json::from_slice(body).ok()?;
    let mut made = Vec::with_capacity(body.len());
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in body.iter().copied() {
        if in_text {
            made.push(byte);
            in_text = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b',' | b':' if spaced => made.extend([byte, b' ']),
            _ => {
                in_text = byte == b'"';
                made.push(byte);
            }
        }
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_with_other_blanks() {
        for (body, compact, spaced) in [
            (
                "{ \"a\" : 1.0,\n\"b\\\" ,\" : [ 1, 2 ] }\n",
                r#"{"a":1.0,"b\" ,":[1,2]}"#,
                r#"{"a": 1.0, "b\" ,": [1, 2]}"#,
            ),
            (r#""a\\" "#, r#""a\\""#, r#""a\\""#),
        ] {
            assert_eq!(rewritten(body.as_bytes(), false).unwrap(), compact.as_bytes());
            assert_eq!(rewritten(body.as_bytes(), true).unwrap(), spaced.as_bytes());
        }
        assert!(rewritten(b"a=1", false).is_none());
    }

    #[test]
    fn only_what_differs_is_tried() {
        let how =
            |body: &str| bodies(body.as_bytes()).into_iter().map(|changed| changed.how).collect::<Vec<_>>();
        assert_eq!(how("a=1"), ["with a line end at its end"]);
        assert_eq!(how("a=1\r\n"), ["without the line end at its end", "with a line end at its end"]);
        assert_eq!(how("[1]"), ["with a line end at its end"]);
        assert_eq!(how("[1,2]").len(), 2);
    }
}
