//! What the sources of a project in JavaScript or Python ask of the outside without asking for the grant: said at the
//! build, and by the manifest to whoever runs the plugin. A look at the text, so it may be wrong either way; what decides
//! is the run, which refuses the event. Not here: what the grants' own modules are called (`grants`).

use std::path::Path;

use crate::cli::plugin::build::grants;
use crate::cli::plugin::language::Language;
use crate::domain::grant::Grant;

/// Lines that are shown of a project.
const MOST: usize = 10;

/// Beginnings of calls, and the grant that gives what they ask for; none does for what a plugin never has.
const JS: [(&str, Option<Grant>); 9] = [
    ("Date.now(", Some(Grant::Clock)),
    ("new Date()", Some(Grant::Clock)),
    ("performance.now(", Some(Grant::Clock)),
    ("Math.random(", Some(Grant::Random)),
    ("crypto.randomUUID(", Some(Grant::Random)),
    ("crypto.getRandomValues(", Some(Grant::Random)),
    ("setTimeout(", None),
    ("setInterval(", None),
    ("import(", None),
];

const PYTHON: [(&str, Option<Grant>); 13] = [
    ("time.time(", Some(Grant::Clock)),
    ("time.time_ns(", Some(Grant::Clock)),
    ("time.monotonic(", Some(Grant::Clock)),
    ("datetime.now(", Some(Grant::Clock)),
    ("datetime.utcnow(", Some(Grant::Clock)),
    ("date.today(", Some(Grant::Clock)),
    ("random.random(", Some(Grant::Random)),
    ("random.randint(", Some(Grant::Random)),
    ("random.choice(", Some(Grant::Random)),
    ("uuid4(", Some(Grant::Random)),
    ("secrets.token_", Some(Grant::Random)),
    ("os.urandom(", Some(Grant::Random)),
    ("time.sleep(", None),
];

/// A line for each place, given what the project asks for.
pub(super) fn unmet(project: &Path, language: Language, asked: &[Grant]) -> anyhow::Result<Vec<String>> {
    let (calls, comment): (&[_], _) = match language {
        Language::Js => (&JS, "//"),
        Language::Python => (&PYTHON, "#"),
        Language::Rust | Language::C => return Ok(Vec::new()),
    };
    let mut lines = Vec::new();
    grants::each_source(project, language, &mut |path, text| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let code = text.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with(comment));
        for (line, number) in code {
            let found = calls.iter().filter(|(call, _)| is_called(line, call));
            let open = found.filter(|(_, grant)| !grant.is_some_and(|grant| asked.contains(&grant)));
            lines.extend(open.map(|(call, grant)| warning(&name, number, call, *grant)));
        }
    })?;
    lines.truncate(MOST);
    Ok(lines)
}

/// Whether a line has this call, and not one whose name only ends like it.
fn is_called(line: &str, call: &str) -> bool {
    let is_inside = |before: char| before.is_alphanumeric() || before == '_' || before == '$';
    line.match_indices(call).any(|(at, _)| !line[..at].ends_with(is_inside))
}

fn warning(file: &str, line: usize, call: &str, grant: Option<Grant>) -> String {
    let call = call.trim_end_matches(['(', ')', '_']);
    match grant {
        Some(grant) => format!(
            "{file}, line {line}: {call}() needs the grant `{grant}`, which this plugin does not ask for: an event that \
             comes there is refused"
        ),
        None => format!(
            "{file}, line {line}: {call}() is not there for a plugin: an event that comes there is refused"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_without_a_grant_is_found_with_its_place() {
        let check = |language: Language, file: &str, text: &str, asked: &[Grant], expected: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(file), text).unwrap();
            let found = unmet(folder.path(), language, asked).unwrap();
            let starts: Vec<&str> =
                found.iter().filter_map(|line| line.split_once("()").map(|(it, _)| it)).collect();
            assert_eq!(starts, expected, "{found:?}");
        };
        let js = "// Date.now()\nconst a = new Date(0), b = myDate.now();\nconst c = [Date.now(), Math.random()];\n";
        let both = ["plugin.js, line 3: Date.now", "plugin.js, line 3: Math.random"];
        check(Language::Js, "plugin.js", js, &[], &both);
        check(Language::Js, "plugin.js", js, &[Grant::Clock], &both[1..]);
        check(Language::Js, "plugin.js", js, &[Grant::Clock, Grant::Random], &[]);
        check(Language::Js, "plugin.js", "setTimeout(f)", &Grant::ALL, &["plugin.js, line 1: setTimeout"]);
        let python = "# time.time()\nx = datetime.now()\ny = uuid.uuid4(), secrets.token_hex(4)\n";
        let three = [
            "plugin.py, line 2: datetime.now",
            "plugin.py, line 3: uuid4",
            "plugin.py, line 3: secrets.token",
        ];
        check(Language::Python, "plugin.py", python, &[], &three);
        check(Language::Python, "plugin.py", &"time.sleep(1)\n".repeat(50), &[], &sleeps());
    }

    fn sleeps() -> Vec<&'static str> {
        (1..=MOST).map(|line| &*format!("plugin.py, line {line}: time.sleep").leak()).collect()
    }
}
