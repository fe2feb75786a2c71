//! Real GitHub webhooks: the npm package `@octokit/webhooks-examples`, installed by `make tools`.
//! Not here: sending them.

use std::path::Path;
use std::path::PathBuf;

use crate::gateway::root;

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The event's name, such as `pull_request`.
    pub event: String,
    /// The file it is from, without its folder.
    pub file: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// All webhooks of github.com, in the order of their files.
pub fn github() -> Vec<Webhook> {
    let folder = root().join("tests/js/node_modules/@octokit/webhooks-examples/api.github.com");
    let mut events = entries(&folder);
    assert!(!events.is_empty(), "no webhooks in {}: `make tools` installs them", folder.display());
    events.sort();
    let mut webhooks = Vec::new();
    for event in events.iter().filter(|path| path.is_dir()) {
        let mut files = entries(event);
        files.sort();
        for file in files.iter().filter(|path| is_payload(path)) {
            webhooks.push(Webhook {
                event: name(event),
                file: name(file),
                body: std::fs::read(file).expect("a readable file"),
            });
        }
    }
    webhooks
}

fn is_payload(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
