//! Text of others, made fit to be shown on a terminal or in a log: what would move the cursor, recolour, rename the
//! window, turn the direction of writing or hide itself is written out. Not here: markup, JSON, headers, which have
//! rules of their own.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with everything that a terminal obeys written as `\u001b`; line breaks and tabs stay. That is JSON's own
/// way to write a character: JSON stays JSON and means the same.
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, |letter| matches!(letter, '\n' | '\t'))
}

/// The same for one line: line breaks and tabs are written out, too, so that nobody can add lines to it.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    written_out(text, |_| false)
}

fn written_out(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let obeyed = |letter: char| is_obeyed(letter) && !stays(letter);
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if !obeyed(letter) {
            shown.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // To write into a string cannot fail.
            let _infallible = write!(shown, "\\u{unit:04x}");
        }
    }
    Cow::Owned(shown)
}

/// Control characters of both sets, marks and overrides of the writing direction, separators of lines and paragraphs,
/// and the invisible letters of Unicode's tags and annotations.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        let check = |text: &str, expected: &str| assert_eq!(visible(text), expected);
        check("größe 👨‍👩‍👧 שלום", "größe 👨‍👩‍👧 שלום");
        check("a\n\tb", "a\n\tb");
        check("\x1b]0;owned\x07\x1b[2J", "\\u001b]0;owned\\u0007\\u001b[2J");
        check("all good\rBAD", "all good\\u000dBAD");
        check("\u{9b}31m\u{7f}\u{8}", "\\u009b31m\\u007f\\u0008");
        check("\u{202e}gpj.exe\u{2069}", "\\u202egpj.exe\\u2069");
        check("\u{2028}\u{e0041}", "\\u2028\\udb40\\udc41");
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(
            visible_line("a\nevent.received  event=evt_forged\tb"),
            "a\\u000aevent.received  event=evt_forged\\u0009b"
        );
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({"a\u{9b}": "\x1b[31m \u{202e} \u{e0041} \n"});
        let shown = visible(&value.to_string()).into_owned();
        assert!(!shown.chars().any(is_obeyed), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
