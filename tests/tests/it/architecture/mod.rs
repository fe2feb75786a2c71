//! The sources keep the promises of the map in `host/src/lib.rs`: rooms use only rooms below
//! them, each heavy crate has one room, files stay small. Three rules have files of their own: no circle of files and
//! no crowded room (`files`), what decides lies in the store (`state`), one name has one meaning (`names`).

mod files;
mod names;
mod state;

use std::path::Path;
use std::path::PathBuf;

use hookmill_tests::gateway::root;

/// Rooms from the ground up; those of one row do not use each other.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["rules", "shape", "config", "observe", "import"],
    &["store", "sandbox", "egress"],
    &["control"],
    &["pipeline"],
    &["delivery"],
    &["worker"],
    &["insight"],
    &["http"],
    &["node"],
    &["cli"],
];

/// What stands in code that uses a thing, and the only places that may.
const OWNERS: &[(&str, &[&str])] = &[
    ("wasmtime::", &["sandbox"]),
    ("wasmparser::", &["sandbox"]),
    // `plugin build` makes the component that an upload would be made into.
    ("wit_component::", &["sandbox", "cli/plugin/build"]),
    ("axum::", &["http"]),
    ("rmcp::", &["http/mcp"]),
    ("hyper::client", &["egress"]),
    ("reqwest::", &["egress", "cli"]),
    ("hickory_resolver", &["egress"]),
    ("sled::Db", &["store/sled"]),
    ("sled::Tree", &["store/sled"]),
    ("sled::Config", &["store/sled"]),
    ("jsonpath_rust", &["shape"]),
    ("clap::", &["cli"]),
    // Looking for a compiler means looking along PATH, which is no setting.
    ("env::var", &["config", "cli/plugin/toolchain"]),
    ("tokio::spawn", &["node", "egress"]),
    ("tracing_subscriber", &["observe"]),
    ("prometheus_client", &["observe"]),
    ("SystemTime::now", &["domain/time"]),
];

/// Statics that guard something the process itself has but once: its allocator, its panic hook.
const SHARED: &[&str] = &["main.rs", "store/sled/guard.rs"];

const LINES_MAX: usize = 500;
const LINES_MEDIAN_MAX: usize = 150;

/// A file of the program.
struct Source {
    /// Below `host/src`, such as `pipeline/plan.rs`.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Whether it is only compiled for tests.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// Lines of code, from 1; comments and unit tests left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| *line != "mod tests {");
        let lines = lines.enumerate().map(|(at, line)| (at + 1, line.trim_start()));
        lines.filter(|(_, line)| !line.starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let base = root().join("host/src");
    let mut folders = vec![base.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            // What `plugin new` writes into new projects is not the program's code.
            if path.is_dir() && entry.file_name() != "template" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source {
                    path: below(&base, &path),
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    assert!(found.len() > 50, "only {} files in {}", found.len(), base.display());
    found
}

fn below(base: &Path, path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(base).unwrap().to_path_buf();
    path.to_string_lossy().replace('\\', "/")
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The rooms a line names by `crate::`.
fn rooms_named(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter_map(|(at, word)| {
        let rest = &line[at + word.len()..];
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        (!line[..at].ends_with('$')).then_some(&rest[..end])
    })
}

#[test]
fn rooms_depend_downwards_only() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some(own) = floor(source.room()) else {
            if !matches!(source.room(), "main" | "lib") {
                faults.push(format!("{}: no room of the map", source.path));
            }
            continue;
        };
        // A test may build a whole node.
        for (at, line) in source.code().filter(|_| !source.is_test()) {
            for room in rooms_named(line) {
                let fine = room == source.room() || floor(room).is_some_and(|other| other < own);
                if !fine {
                    faults.push(format!(
                        "{}:{at}: {} may not use `{room}`: {line}",
                        source.path,
                        source.room()
                    ));
                }
            }
        }
    }
    report(faults);
}

#[test]
fn heavy_crates_have_one_owner() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "main" && !source.is_test()) {
        for (at, line) in source.code() {
            for (word, owners) in OWNERS {
                let owned = owners.iter().any(|owner| source.path.starts_with(owner));
                if line.contains(word) && !owned {
                    faults.push(format!("{}:{at}: `{word}` belongs to {owners:?}: {line}", source.path));
                }
            }
        }
    }
    report(faults);
}

#[test]
fn nothing_is_shared_by_the_whole_process() {
    let mut faults = Vec::new();
    for source in
        sources().iter().filter(|source| !source.is_test() && !SHARED.contains(&source.path.as_str()))
    {
        for (at, line) in source.code() {
            let is_static =
                line.split_whitespace().take_while(|word| *word != "=").any(|word| word == "static");
            let changes = ["Lock", "Cell", "Atomic", "Mutex"].iter().any(|kind| line.contains(kind));
            if is_static && changes && line.contains(": ") && !line.contains("&'static") {
                faults.push(format!("{}:{at}: {line}", source.path));
            }
        }
    }
    report(faults);
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let (mut faults, mut lengths) = (Vec::new(), Vec::new());
    for source in sources() {
        let lines = source.text.lines().count();
        lengths.push(lines);
        if lines > LINES_MAX {
            faults.push(format!("{}: {lines} lines", source.path));
        }
        if !source.text.starts_with("//!") {
            faults.push(format!("{}: does not begin with what lives here", source.path));
        }
        for (at, line) in source.code() {
            if line.contains("#[allow") || line.contains("#[ignore") {
                faults.push(format!("{}:{at}: {line}", source.path));
            }
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > LINES_MEDIAN_MAX {
        faults.push(format!("the median file has {median} lines"));
    }
    report(faults);
}
