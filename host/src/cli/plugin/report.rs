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
