//! How a canary or a shadow reads: a line while it runs, then the whole.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::compare;
use crate::cli::text::one_line;

/// Examples shown; the answer's JSON has all.
const EXAMPLES_MAX: usize = 5;
/// Hex digits of a digest that tell versions apart.
const DIGITS: usize = 12;

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_default()
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

fn percent(part: &Value, whole: &Value) -> f64 {
    number(part) as f64 * 100.0 / number(whole).max(1) as f64
}

fn short(digest: &Value) -> &str {
    let digest = text(digest);
    digest.get(..("sha256:".len() + DIGITS)).unwrap_or(digest)
}

/// How it goes, in one line.
pub(in crate::cli::plugin) fn line(rollout: &Value) -> String {
    let figures = &rollout["figures"];
    format!(
        "{}: {} events, {} errors ({:.1} %), {} of {} changed, p95 {} µs beside {} µs",
        text(&rollout["state"]),
        number(&figures["events"]),
        number(&figures["errors"]),
        percent(&figures["errors"], &figures["events"]),
        number(&figures["changed"]),
        number(&figures["compared"]),
        number(&figures["version_p95_us"]),
        number(&figures["active_p95_us"]),
    )
}

/// Everything that is known of it.
pub(in crate::cli::plugin) fn whole(rollout: &Value) -> String {
    let figures = &rollout["figures"];
    let mut out = format!(
        "{} of {} {} on {} % of the events: {}\n",
        text(&rollout["kind"]),
        text(&rollout["plugin"]),
        short(&rollout["version"]),
        rollout["percent"],
        text(&rollout["state"]).replace('_', " "),
    );
    if let Some(reason) = rollout["reason"].as_str() {
        let _ = writeln!(out, "because {}", one_line(reason));
    }
    let _ = writeln!(out, "{:>9}  events", number(&figures["events"]));
    let _ = writeln!(
        out,
        "{:>9}  errors ({:.1} %) that {} does not have",
        number(&figures["errors"]),
        percent(&figures["errors"], &figures["events"]),
        short(&rollout["active"]),
    );
    let _ = writeln!(
        out,
        "{:>9}  other results ({:.1} %) of {} compared{}",
        number(&figures["changed"]),
        percent(&figures["changed"], &figures["compared"]),
        number(&figures["compared"]),
        skipped(number(&figures["skipped"])),
    );
    let _ = write!(
        out,
        "{:>9}  µs of CPU or less for 95 in a hundred events; {} µs with {}",
        number(&figures["version_p95_us"]),
        number(&figures["active_p95_us"]),
        short(&rollout["active"]),
    );
    let groups = compare::groups(rollout);
    if !groups.is_empty() {
        let _ = write!(out, "\n\n{}", groups.trim_end());
    }
    out.push_str(&examples(rollout));
    out
}

fn skipped(skipped: u64) -> String {
    if skipped == 0 { String::new() } else { format!("; {skipped} were not, it was too busy") }
}

fn examples(rollout: &Value) -> String {
    let examples = rollout["examples"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let mut out = String::new();
    for example in examples.iter().take(EXAMPLES_MAX) {
        let places = example["changes"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let mut words = vec![text(&example["event"]), text(&example["what"])];
        words.extend(example["detail"].as_str());
        words.extend(places.iter().map(text));
        let _ = write!(out, "\n  {}", one_line(&words.join("  ")));
    }
    if out.is_empty() { out } else { format!("\n\nfor example{out}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_that_was_rolled_back() {
        let rollout = json!({
            "kind": "canary", "plugin": "leads", "state": "rolled_back", "percent": 10.0,
            "version": format!("sha256:{}", "ab".repeat(32)), "active": format!("sha256:{}", "cd".repeat(32)),
            "reason": "it failed on 3 of 150 events", "groups": [],
            "figures": {"events": 150, "errors": 3, "compared": 140, "changed": 7, "skipped": 7,
                "version_p95_us": 80, "active_p95_us": 75},
            "examples": [{"event": "evt_1", "what": "trapped", "detail": "trapped: unreachable", "changes": []},
                {"event": "evt_2", "what": "changed", "detail": null, "changes": ["~$.a", "-$.b"]}],
        });
        assert_eq!(
            whole(&rollout),
            "canary of leads sha256:abababababab on 10.0 % of the events: rolled back
because it failed on 3 of 150 events
      150  events
        3  errors (2.0 %) that sha256:cdcdcdcdcdcd does not have
        7  other results (5.0 %) of 140 compared; 7 were not, it was too busy
       80  µs of CPU or less for 95 in a hundred events; 75 µs with sha256:cdcdcdcdcdcd

for example
  evt_1  trapped  trapped: unreachable
  evt_2  changed  ~$.a  -$.b"
        );
        assert_eq!(
            line(&rollout),
            "rolled_back: 150 events, 3 errors (2.0 %), 7 of 140 changed, p95 80 µs beside 75 µs"
        );
    }

    #[test]
    fn differences_of_one_that_runs_are_grouped() {
        let rollout = json!({
            "kind": "shadow", "plugin": "leads", "state": "running", "percent": 0.5, "version": "v", "active": "a",
            "reason": null, "figures": {"events": 10}, "examples": [],
            "groups": [{"class": "changed", "count": 4, "why": null, "events": ["evt_1"],
                "changes": [{"place": "$.a", "kind": "added"}]}],
        });
        let told = whole(&rollout);
        assert!(told.starts_with("shadow of leads v on 0.5 % of the events: running\n"), "{told}");
        assert!(
            told.contains("        4  changed          +$.a") && !told.contains("\nfor example"),
            "{told}"
        );
    }
}
