//! A public type has a name that no other has, so that somebody who meets it need not ask which one is meant.

use std::collections::BTreeMap;

use super::report;
use super::sources;

/// What may have one name several times, and why.
const ALLOWED: &[(&str, &str)] = &[];

/// The name of the type that a line makes known beyond its file.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub")?;
    let rest = if let Some(scoped) = rest.strip_prefix('(') { scoped.split_once(')')?.1 } else { rest };
    let rest = rest.trim_start();
    let kinds = ["struct ", "enum ", "trait ", "type ", "union "];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    Some(&rest[..end])
}

#[test]
fn one_public_type_name_has_one_meaning() {
    let sources = sources();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        // As it stands: what is nested in something else is not known beyond it.
        let lines = source.text.lines().take_while(|line| *line != "mod tests {");
        for name in lines.filter_map(declared) {
            places.entry(name).or_default().push(&source.path);
        }
    }
    let allowed = |name: &str| ALLOWED.iter().any(|(allowed, _)| *allowed == name);
    let several = places.iter().filter(|(_, at)| at.len() > 1);
    let faults = several.clone().filter(|(name, _)| !allowed(name));
    let mut faults: Vec<String> = faults.map(|(name, at)| format!("{name}: {}", at.join(", "))).collect();
    let unused = ALLOWED.iter().filter(|(name, _)| !several.clone().any(|(several, _)| several == name));
    faults.extend(unused.map(|(name, _)| format!("{name} is allowed, and has one meaning")));
    report(faults);
}
