//! Secrets in the place of what stands for them in a document: `{"$keep": true}` for the one that is there already,
//! `{"$secret": "NAME"}` for the value that a secret of the workspace has now. Not here: what the command line puts in
//! itself (`$env`, `$file`), which never comes here.

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::control::Control;
use crate::control::plans::ConfigDocument;
use crate::control::snapshot::Documents;
use crate::domain::id::WorkspaceId;
use crate::domain::secret::Secret;
use crate::domain::visible::visible_line;
use crate::http::api::configuration::documents::credentials;
use crate::http::request::RequestFaults;
use crate::http::request::pointer_to;

/// In the place of a secret that is not there, so that nothing else is found wrong with it.
const UNKNOWN: &str = "unknown";
/// The parts of documents that may have secrets.
const WITH_SECRETS: [&str; 6] = ["auth", "basic", "headers", "response", "signing", "verification"];

/// The members of a document, each as it is written.
pub(super) type DocumentParts = IndexMap<String, Box<RawValue>>;

/// Where secrets come from.
pub(super) struct Places<'p> {
    pub(super) control: &'p Control,
    pub(super) workspace: WorkspaceId,
    /// Of whoever asks.
    pub(super) home: WorkspaceId,
    pub(super) there: &'p Documents,
}

impl Places<'_> {
    /// Puts the secrets into a document, whose name was another one before if `was` says so; answers where `$keep` stood.
    pub(super) fn resolve(
        &self,
        resource: &str,
        parts: &mut DocumentParts,
        was: Option<&str>,
        faults: &mut RequestFaults,
    ) -> Vec<String> {
        let name = parts.get("name").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let name = name.unwrap_or_default();
        if resource == "secret" {
            return self.keep_value(parts, &name, faults);
        }
        let there = self.find(resource, &name).or_else(|| self.find(resource, was?));
        let there = there.map(|document| credentials::of(&document)).unwrap_or_default();
        let mut filling = Filling { places: self, there, kept: Vec::new(), faults };
        for part in WITH_SECRETS {
            // What has no secret in it stays as it is written.
            let Some(raw) = parts.get_mut(part).filter(|raw| credentials::is_marked(raw.get())) else {
                continue;
            };
            let Ok(mut value) = serde_json::from_str::<Value>(raw.get()) else { continue };
            filling.fill(&mut value, &format!("/{part}"));
            if let Ok(resolved) = serde_json::value::to_raw_value(&value) {
                *raw = resolved;
            }
        }
        filling.kept
    }

    fn find(&self, resource: &str, name: &str) -> Option<ConfigDocument> {
        match resource {
            "source" => self.there.sources.named(self.workspace, name).cloned().map(ConfigDocument::Source),
            "destination" => {
                self.there.destinations.named(self.workspace, name).cloned().map(ConfigDocument::Destination)
            }
            _ => None,
        }
    }

    /// A secret's own value, which is there and does not come out: nothing takes its place.
    fn keep_value(&self, parts: &mut DocumentParts, name: &str, faults: &mut RequestFaults) -> Vec<String> {
        let value = parts.get("value").and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        if !value.as_ref().is_some_and(credentials::is_keep) {
            return Vec::new();
        }
        parts.shift_remove("value");
        if self.there.secrets.named(self.workspace, name).is_none() {
            let detail =
                "there is no secret of this name to keep: give its value, or set it by `hookmill secret set`";
            faults.add("/value", detail);
        }
        vec!["/value".to_owned()]
    }

    /// What a command says to act here, if this is not the workspace of whoever asks: by its id, which needs no quotes.
    fn elsewhere(&self) -> String {
        if self.workspace == self.home { String::new() } else { format!(" --workspace {}", self.workspace) }
    }

    /// The value of a secret of the workspace, or why it does not stand here.
    fn taken(&self, name: &str, pointer: &str) -> Result<Secret, String> {
        if !credentials::may_be_named(pointer) {
            return Err(
                "a secret is taken by its name only where it is held against what comes in, or signs: here it would be \
                 sent, and whoever may write could have it sent to himself. Give it itself"
                    .to_owned(),
            );
        }
        match self.control.secret_value(self.workspace, name) {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => {
                let (name, elsewhere) = (visible_line(name), self.elsewhere());
                Err(format!(
                    "there is no secret `{name}` in this workspace: a person sets it by `hookmill secret set \
                     {name}{elsewhere}`, and then this can be planned again"
                ))
            }
            Err(not_opened) => Err(not_opened.to_string()),
        }
    }
}

struct Filling<'f> {
    places: &'f Places<'f>,
    /// The secrets of the document that is there, by place.
    there: Vec<(String, Secret)>,
    kept: Vec<String>,
    faults: &'f mut RequestFaults,
}

impl Filling<'_> {
    fn fill(&mut self, value: &mut Value, pointer: &str) {
        if credentials::is_keep(value) {
            *value = self.keep(pointer).into();
            return;
        }
        if let Some(name) = credentials::named(value) {
            let taken = self.places.taken(name, pointer).map(|secret| secret.expose().to_owned());
            *value = taken.unwrap_or_else(|detail| self.unknown(pointer, detail)).into();
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    self.fill(inner, &pointer_to(pointer, name));
                }
            }
            Value::Array(items) => {
                for (at, inner) in items.iter_mut().enumerate() {
                    self.fill(inner, &format!("{pointer}/{at}"));
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, pointer: &str) -> String {
        let found = self.there.iter().find(|(place, _)| place == pointer);
        match found.map(|(_, secret)| secret.expose().to_owned()) {
            Some(secret) => {
                self.kept.push(pointer.to_owned());
                secret
            }
            None => self.unknown(pointer, "there is no secret here to keep: give it itself".to_owned()),
        }
    }

    fn unknown(&mut self, pointer: &str, detail: String) -> String {
        self.faults.add(pointer, detail);
        UNKNOWN.to_owned()
    }
}
