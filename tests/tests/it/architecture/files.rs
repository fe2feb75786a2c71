//! No two files use each other, however far round, and no folder has more files than one can take in. A front (`mod.rs`)
//! only hands on what its files make known: whoever uses a name of it uses the file it comes from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Source;
use super::report;
use super::sources;

/// Files at one level of a folder.
const FILES_MAX: usize = 12;

/// Folders with more, and why.
const CROWDED: &[(&str, &str)] = &[];

/// Files that may use each other, and why.
const CIRCLES: &[(&str, &str)] = &[];

type Module = Vec<String>;

/// The module that a file is.
fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The words of a path at the beginning of a text, `a::b::C`.
fn path_of(text: &str) -> Module {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    let words = text[..end.unwrap_or(text.len())].split("::");
    words.map(str::to_owned).filter(|word| !word.is_empty()).collect()
}

/// What a line hands on, if it is a `pub use`: name and path within the module.
fn handed_on(line: &str) -> Option<Module> {
    let rest = line.strip_prefix("pub")?;
    let rest = if let Some(scoped) = rest.strip_prefix('(') { scoped.split_once(')')?.1 } else { rest };
    Some(path_of(rest.trim_start().strip_prefix("use ")?))
}

struct Graph<'s> {
    files: BTreeMap<Module, &'s Source>,
    /// By module and name: where the name comes from.
    exports: BTreeMap<(Module, String), Module>,
}

impl<'s> Graph<'s> {
    fn of(sources: &'s [Source]) -> Self {
        let files = sources.iter().filter(|source| !source.is_test() && source.path != "main.rs");
        let files: BTreeMap<Module, &Source> = files.map(|source| (module(&source.path), source)).collect();
        let mut exports = BTreeMap::new();
        for (module, source) in &files {
            for path in source.code().filter_map(|(_, line)| handed_on(line)) {
                let (Some(name), Some(first)) = (path.last().cloned(), path.first()) else { continue };
                let from = match first.as_str() {
                    "crate" => path[1..].to_vec(),
                    _ => module.iter().chain(&path).cloned().collect(),
                };
                exports.insert((module.clone(), name), from);
            }
        }
        Self { files, exports }
    }

    /// The file that a path leads to.
    fn file(&self, path: &[String]) -> Option<Module> {
        for end in (1..=path.len()).rev() {
            let (module, rest) = (path[..end].to_vec(), &path[end..]);
            if !self.files.contains_key(&module) {
                continue;
            }
            let exported = rest.first().and_then(|name| self.exports.get(&(module.clone(), name.clone())));
            return match exported.filter(|from| from.as_slice() != path) {
                Some(from) => self.file(&[from.as_slice(), &rest[1..]].concat()),
                None => Some(module),
            };
        }
        None
    }

    /// The files that one uses.
    fn used_by(&self, module: &Module, source: &Source) -> BTreeSet<Module> {
        let mut used = BTreeSet::new();
        let lines = source.code().map(|(_, line)| line).filter(|line| handed_on(line).is_none());
        for line in lines {
            for (at, word) in line.match_indices("crate::") {
                used.extend(self.file(&path_of(&line[at + word.len()..])));
            }
        }
        used.remove(module);
        used
    }
}

/// All that can be reached from each file.
fn reached(uses: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        for used in uses.get(next).into_iter().flatten() {
            if found.insert(used.clone()) {
                open.push(used);
            }
        }
    }
    found
}

#[test]
fn no_circle_of_files() {
    let sources = sources();
    let graph = Graph::of(&sources);
    let uses: BTreeMap<Module, BTreeSet<Module>> =
        graph.files.iter().map(|(module, source)| (module.clone(), graph.used_by(module, source))).collect();
    let edges: usize = uses.values().map(BTreeSet::len).sum();
    assert!(edges > 1000, "only {edges} uses were found");
    let mut faults = Vec::new();
    for (module, source) in &graph.files {
        let allowed = CIRCLES.iter().any(|(path, _)| source.path.starts_with(path));
        if !allowed && reached(&uses, module).contains(module) {
            let round = uses[module].iter().filter(|used| reached(&uses, used).contains(module));
            let round: Vec<String> = round.map(|used| used.join("/")).collect();
            faults.push(format!("{} uses itself by way of {}", source.path, round.join(", ")));
        }
    }
    report(faults);
}

#[test]
fn no_folder_is_crowded() {
    let sources = sources();
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *files.entry(folder).or_default() += 1;
    }
    files.remove("");
    let crowded = |folder: &str| CROWDED.iter().any(|(crowded, _)| *crowded == folder);
    let mut faults = Vec::new();
    for (folder, files) in &files {
        match (*files > FILES_MAX, crowded(folder)) {
            (true, false) => faults.push(format!("{folder} has {files} files; {FILES_MAX} at most")),
            (false, true) => faults.push(format!("{folder} may have many files, and has {files}")),
            _ => {}
        }
    }
    report(faults);
}
