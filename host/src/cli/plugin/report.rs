//! How the commands speak: data to stdout, as text or as one line of JSON; talk to stderr.

use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::text::print;
use crate::cli::text::say;
use crate::sandbox::Refusal;
use crate::sandbox::RefusalCode;

/// Prints a result.
pub(super) fn data(json: bool, value: &Value, text: &str) -> Exit {
    if json { print(&format!("{value}\n")) } else { print(&format!("{text}\n")) }
}

/// Says something to the person.
pub(super) fn talk(text: &str) {
    say(text);
}

/// A plugin that is turned down.
pub(super) fn refused(json: bool, refusal: &Refusal) -> Exit {
    let lines: Vec<&str> = refusal.detail.lines().collect();
    if json {
        print(&format!("{}\n", json!({"ok": false, "code": refusal.code.as_str(), "detail": lines})));
    } else {
        talk(&format!("turned down: {}\n  {}", refusal.code, lines.join("\n  ")));
    }
    match refusal.code {
        RefusalCode::Host => Exit::Failed,
        _ => Exit::PluginRejected,
    }
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        let check = |bytes, expected: &str| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(320_520, "313.0 KiB");
        check(1_258_291, "1.2 MiB");
    }
}
