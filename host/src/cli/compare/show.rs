//! How a comparison reads: a line of counts, a table of groups, what it was compared with.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::text::one_line;

/// Groups shown; the answer's JSON has all.
const GROUPS_MAX: usize = 20;
/// Places shown of a group.
const PLACES_MAX: usize = 6;

const CLASSES: [(&str, &str); 6] = [
    ("same", "same"),
    ("changed", "changed"),
    ("newly_dropped", "newly dropped"),
    ("newly_forwarded", "newly forwarded"),
    ("newly_failing", "newly failing"),
    ("mended", "mended"),
];

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_default()
}

/// Events that differ.
pub(crate) fn differing(comparison: &Value) -> u64 {
    let classes = CLASSES.iter().filter(|(name, _)| *name != "same");
    classes.map(|(name, _)| number(&comparison["counts"][*name])).sum()
}

/// How far it is, in one line.
pub(super) fn progress(comparison: &Value) -> String {
    let state = comparison["state"].as_str().unwrap_or_default();
    let (done, last) = (number(&comparison["done"]), number(&comparison["last"]));
    let differ = differing(comparison);
    format!("{state}: {done} of at most {last} events, {differ} differ, {}/s", number(&comparison["rate"]))
}

/// The whole result.
pub(super) fn summary(comparison: &Value) -> String {
    let mut text = String::new();
    for (name, words) in CLASSES {
        let count = number(&comparison["counts"][name]);
        let respelled = number(&comparison["respelled"]);
        let note = match name {
            "same" if respelled > 0 => format!("  ({respelled} in other bytes that mean the same)"),
            _ => String::new(),
        };
        if count > 0 || name == "same" {
            let _ = writeln!(text, "{count:>9}  {words}{note}");
        }
    }
    let table = groups(comparison);
    if !table.is_empty() {
        text.push('\n');
    }
    text.push_str(&table);
    text.push_str(&compared_with(&comparison["compared_with"]));
    text
}

/// The table of groups; empty if there are none.
pub(crate) fn groups(of: &Value) -> String {
    let mut text = String::new();
    let groups = of["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !groups.is_empty() {
        text.push_str("   events  class            what                                     for example\n");
    }
    for group in groups.iter().take(GROUPS_MAX) {
        let _ = writeln!(text, "{}", row(group));
    }
    let shown: u64 = groups.iter().take(GROUPS_MAX).map(|group| number(&group["count"])).sum();
    let further = differing(of).saturating_sub(shown);
    if further > 0 {
        let _ = writeln!(text, "{further:>9}  in further groups; --json has up to 200");
    }
    text
}

fn row(group: &Value) -> String {
    let class = group["class"].as_str().unwrap_or_default();
    let words = CLASSES.iter().find(|(name, _)| *name == class).map_or(class, |(_, words)| words);
    let example = group["events"][0].as_str().unwrap_or_default();
    format!("{:>9}  {words:<15}  {:<40} {example}", number(&group["count"]), what(group))
}

/// `~ changed`, `+ added`, `- removed`; or why nothing goes out.
fn what(group: &Value) -> String {
    let changes = group["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let place = |change: &Value| {
        let sign = match change["kind"].as_str() {
            Some("added") => '+',
            Some("removed") => '-',
            _ => '~',
        };
        format!("{sign}{}", change["place"].as_str().unwrap_or_default())
    };
    let mut places: Vec<String> = changes.iter().take(PLACES_MAX).map(place).collect();
    if changes.len() > PLACES_MAX || group["more_changes"] == true {
        places.push("…".to_owned());
    }
    places.extend(group["why"].as_str().map(str::to_owned));
    one_line(&places.join(" ")).into_owned()
}

/// Says it only where it is not simply what was sent.
fn compared_with(bases: &Value) -> String {
    let (unproven, rerun) = (number(&bases["unproven"]), number(&bases["rerun"]));
    let mut text = String::new();
    if rerun > 0 {
        let _ = writeln!(
            text,
            "\n{rerun} of these events were compared with what the connection's present steps make of them: it had not taken them, or that is not kept"
        );
    }
    if unproven > 0 {
        let _ =
            writeln!(text, "\n{unproven} of these events could not be made again exactly as they were sent");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_thousand_read_as_two() {
        let comparison = json!({
            "state": "finished", "done": 1000, "last": 1000, "rate": 20000, "respelled": 3,
            "counts": {"same": 400, "changed": 500, "newly_dropped": 100, "newly_forwarded": 0, "newly_failing": 0, "mended": 0},
            "groups": [
                {"class": "changed", "count": 500, "why": null, "events": ["evt_1"], "more_changes": false,
                    "changes": [{"place": "$.a", "kind": "changed"}, {"place": "$.b[*]", "kind": "added"}]},
                {"class": "newly_dropped", "count": 100, "why": "p (step 0): low", "events": ["evt_2"], "changes": []},
            ],
            "compared_with": {"sent": 990, "unproven": 0, "rerun": 10},
        });
        assert_eq!(differing(&comparison), 600);
        assert_eq!(
            summary(&comparison),
            "      400  same  (3 in other bytes that mean the same)
      500  changed
      100  newly dropped

   events  class            what                                     for example
      500  changed          ~$.a +$.b[*]                             evt_1
      100  newly dropped    p (step 0): low                          evt_2

10 of these events were compared with what the connection's present steps make of them: it had not taken them, or that is not kept
"
        );
        assert_eq!(progress(&comparison), "finished: 1000 of at most 1000 events, 600 differ, 20000/s");
    }

    #[test]
    fn nothing_to_tell() {
        let comparison = json!({"counts": {"same": 5}, "groups": [], "compared_with": {}});
        assert_eq!((summary(&comparison).as_str(), differing(&comparison)), ("        5  same\n", 0));
    }
}
