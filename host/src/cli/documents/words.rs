//! Plans for people: what would be done and what was, and faults with the file they are in.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cli::client::ClientError;
use crate::cli::documents::files::FileDocument;
use crate::cli::text::one_line;

/// Characters shown of a value.
const VALUE_MAX: usize = 100;

/// Whether it changes nothing.
pub(super) fn is_empty(plan: &Value) -> bool {
    list(&plan["changes"]).is_empty() && plan["set"].is_null()
}

/// What would be done: a line each, and its fields below.
pub(super) fn plan(plan: &Value) -> String {
    let mut text = String::new();
    for change in list(&plan["changes"]) {
        let sign = match word(&change["action"]) {
            "create" => '+',
            "delete" => '-',
            _ => '~',
        };
        let outward = if change["risk"] == "outward" { "  (goes out)" } else { "" };
        let _ = writeln!(text, "{sign} {}{outward}", one_line(word(&change["says"])));
        for field in list(&change["fields"]) {
            let (pointer, before, after) =
                (word(&field["pointer"]), value(&field["before"]), value(&field["after"]));
            let _ = writeln!(text, "    {}: {before} -> {after}", one_line(pointer));
        }
    }
    if let Some(set) = plan["set"].as_str() {
        let _ = writeln!(text, "~ change what belongs to the set `{}`", one_line(set));
    }
    let _ = writeln!(text, "{}", word(&plan["says"]));
    text
}

/// What was done, with what is shown once.
pub(super) fn done(done: &Value) -> String {
    let mut text: String = list(&done["documents"]).iter().map(made).collect();
    let _ = writeln!(text, "applied: {}", word(&done["says"]));
    text
}

/// What came of one document, with what is shown once.
pub(super) fn made(document: &Value) -> String {
    let (resource, name) = (word(&document["resource"]), one_line(word(&document["name"])));
    let mut text = format!("{resource} {name}  {}\n", word(&document["id"]));
    for (label, value) in [
        ("send events to", &document["url"]),
        ("key, shown this once", &document["key"]["secret"]),
        ("signing secret, shown this once", &document["secret"]),
    ] {
        if let Some(value) = value.as_str() {
            let _ = writeln!(text, "    {label}: {value}");
        }
    }
    text
}

/// The gateway's refusal, each fault with the file that has it.
pub(super) fn fault(error: &ClientError, read: &[FileDocument]) -> anyhow::Error {
    let ClientError::Problem(problem) = error else { return anyhow::anyhow!("{error}") };
    let faults = list(&problem.body["errors"]);
    if faults.is_empty() {
        return anyhow::anyhow!("{error}");
    }
    let mut text = format!("{} ({})", word(&problem.body["title"]), problem.status);
    for fault in faults {
        let (place, pointer) = placed(word(&fault["pointer"]), read);
        let _ = write!(
            text,
            "\n  {}{}: {}",
            one_line(&place),
            one_line(&pointer),
            one_line(word(&fault["detail"]))
        );
    }
    anyhow::anyhow!(text)
}

/// The file of a pointer such as `/documents/3/url`, and the rest.
fn placed(pointer: &str, read: &[FileDocument]) -> (String, String) {
    let parts = pointer.strip_prefix("/documents/").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let found = parts.and_then(|(at, rest)| Some((read.get(at.parse::<usize>().ok()?)?, rest)));
    match found {
        Some((found, rest)) => (found.place.clone(), format!(" /{rest}")),
        None => (String::new(), pointer.to_owned()),
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn value(value: &Value) -> String {
    let text = one_line(&value.to_string()).into_owned();
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
