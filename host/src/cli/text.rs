//! How commands speak. Whatever they say may have words of others in it (an event's type, a body, an error of a
//! server, the name of a file), so everything goes through here: data by `print`, talk by `talk!`. Not here: what is
//! said.

use std::borrow::Cow;
use std::io::Write as _;

use crate::cli::Exit;
use crate::domain::visible::visible;
use crate::domain::visible::visible_line;

/// Writes data to stdout; a reader that has gone is no reason to fail. What a terminal would obey is written out,
/// also where stdout is none: it ends up on one.
pub(crate) fn print(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(visible(text).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(_) => Exit::Failed,
    }
}

/// Says something to the person, on stderr.
#[expect(clippy::print_stderr, reason = "talk goes to stderr, also before the log is set up")]
pub(crate) fn say(text: &str) {
    eprintln!("{}", visible(text));
}

/// Says something to the person in the place of what was said there last.
#[expect(clippy::print_stderr, reason = "talk goes to stderr")]
pub(crate) fn say_again(text: &str, last: bool) {
    let end = if last { "\n" } else { "" };
    eprint!("\r\x1b[K{}{end}", visible_line(text));
}

/// Words of others that are one line of ours, or a part of one.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    visible_line(text)
}

/// Words of others that may be many lines: each of theirs is indented, so that none looks like one of ours.
pub(crate) fn block(text: &str) -> String {
    text.lines().map(|theirs| format!("  {}", visible_line(theirs))).collect::<Vec<_>>().join("\n")
}

/// Says something to the person, on stderr; takes what `format!` takes.
macro_rules! talk {
    ($($words:tt)*) => { $crate::cli::text::say(&format!($($words)*)) };
}
pub(crate) use talk;

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn lines_of_others_stay_below_ours() {
        assert_eq!(block("{\"a\":1}"), "  {\"a\":1}");
        assert_eq!(block("x\nreceived /forged\r\n\x1b[2J"), "  x\n  received /forged\n  \\u001b[2J");
    }
}
