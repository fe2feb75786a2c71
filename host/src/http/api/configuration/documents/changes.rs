//! What a plan changes, field by field and in words. Secrets are in neither: only that they differ.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plans::PlannedChange;
use crate::control::snapshot::Documents;
use crate::domain::secret::Secret;
use crate::http::api::configuration::documents::written;
use crate::http::request::pointer_to;

/// Fields named in a sentence.
const NAMED_MAX: usize = 5;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChangeAction {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// What it may do to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChangeRisk {
    /// Nothing leaves for a place where nothing went before.
    Safe,
    /// Something begins to be sent to a place, or to flow again.
    Outward,
    /// Something is gone afterwards.
    Destructive,
}

/// A field that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldChangeView {
    /// Where, as a JSON pointer into the document.
    pub(super) pointer: String,
    /// What it is; null: nothing. Secrets are `[secret]`.
    #[schema(required = true)]
    pub(super) before: Value,
    /// What it will be.
    #[schema(required = true)]
    pub(super) after: Value,
}

/// A change of one document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigChangeView {
    /// Which of the documents, from 0; null for what is deleted.
    #[schema(required = true)]
    pub(super) document: Option<usize>,
    /// What is done.
    pub(super) action: ChangeAction,
    /// `workspace`, `secret`, `plugin`, `event_type`, `table`, `source`, `destination` or `connection`.
    pub(super) resource: &'static str,
    /// Its name.
    pub(super) name: String,
    /// In words.
    pub(super) says: String,
    /// What it may do to others.
    pub(super) risk: ChangeRisk,
    /// What changes of what is there.
    pub(super) fields: Vec<FieldChangeView>,
}

/// The changes of a plan, in the order in which they are done.
pub(super) fn of(plan: &ConfigPlan, before: &Documents) -> Vec<ConfigChangeView> {
    let changes = plan.changes.iter().filter(|change| change.differs());
    let changes = changes.map(|change| show(change, before, &plan.documents));
    changes.chain(plan.deletes.iter().map(show_delete)).collect()
}

/// All of it in one line.
pub(super) fn in_words(changes: &[ConfigChangeView], documents: usize) -> String {
    let count = |action| changes.iter().filter(|change| change.action == action).count();
    match (count(ChangeAction::Create), count(ChangeAction::Update), count(ChangeAction::Delete)) {
        (0, 0, 0) => "no changes".to_owned(),
        (made, changed, deleted) if deleted > 0 => {
            let left = documents.saturating_sub(made + changed);
            format!("{made} to make, {changed} to change, {deleted} to delete, {left} as wanted")
        }
        (made, changed, _) => {
            format!(
                "{made} to make, {changed} to change, {} as wanted",
                documents.saturating_sub(made + changed)
            )
        }
    }
}

fn show(change: &PlannedChange, before: &Documents, after: &Documents) -> ConfigChangeView {
    let fields =
        change.before.as_ref().map(|old| fields(old, before, &change.after, after)).unwrap_or_default();
    let action = if change.before.is_none() { ChangeAction::Create } else { ChangeAction::Update };
    let (resource, name) = (written::resource(&change.after), change.after.name().to_owned());
    let what = resource.replace('_', " ");
    let says = match action {
        ChangeAction::Create => format!("make the {what} `{name}`"),
        _ => format!("change {} of the {what} `{name}`", names(&fields)),
    };
    let risk = risk(change, &fields);
    ConfigChangeView { document: Some(change.place), action, resource, name, says, risk, fields }
}

fn show_delete(gone: &ConfigDocument) -> ConfigChangeView {
    let (resource, name) = (written::resource(gone), gone.name().to_owned());
    let what = resource.replace('_', " ");
    let says = format!("delete the {what} `{name}`, which is in the set no more");
    let (action, risk) = (ChangeAction::Delete, ChangeRisk::Destructive);
    ConfigChangeView { document: None, action, resource, name, says, risk, fields: Vec::new() }
}

fn names(fields: &[FieldChangeView]) -> String {
    let mut names: Vec<&str> =
        fields.iter().take(NAMED_MAX).map(|field| field.pointer.trim_start_matches('/')).collect();
    let more = format!("{} more", fields.len().saturating_sub(NAMED_MAX));
    if fields.len() > NAMED_MAX {
        names.push(&more);
    }
    names.join(", ")
}

fn risk(change: &PlannedChange, fields: &[FieldChangeView]) -> ChangeRisk {
    let is_new = change.before.is_none();
    let flows = |field: &FieldChangeView| field.pointer == "/state" && field.after == "active";
    let moves = |field: &FieldChangeView| matches!(field.pointer.as_str(), "/url" | "/destination");
    let outward = match &change.after {
        ConfigDocument::Source(_)
        | ConfigDocument::Table(_)
        | ConfigDocument::EventType(_)
        | ConfigDocument::Workspace(_)
        | ConfigDocument::Secret(_) => false,
        // Other code runs on what comes in.
        ConfigDocument::Plugin(_) => fields.iter().any(|field| field.pointer == "/version"),
        ConfigDocument::Destination(found) => {
            found.endpoint.http().is_some()
                && (is_new || fields.iter().any(|field| moves(field) || flows(field)))
        }
        ConfigDocument::Connection(_) => is_new || fields.iter().any(|field| moves(field) || flows(field)),
    };
    if outward { ChangeRisk::Outward } else { ChangeRisk::Safe }
}

/// What differs between two documents of one name.
fn fields(
    old: &ConfigDocument,
    before: &Documents,
    new: &ConfigDocument,
    after: &Documents,
) -> Vec<FieldChangeView> {
    let (old, new) = (written::write(old, before), written::write(new, after));
    let mut found = Vec::new();
    differences(&Value::Object(old.form), &Value::Object(new.form), "", &mut found);
    if old.fingerprint != new.fingerprint {
        let hidden = || Value::from("[secret]");
        found.push(FieldChangeView { pointer: "/value".to_owned(), before: hidden(), after: hidden() });
    }
    for pointer in changed_secrets(&old.secrets, &new.secrets) {
        if !found.iter().any(|field: &FieldChangeView| pointer.starts_with(&field.pointer)) {
            let hidden = || Value::from("[secret]");
            found.push(FieldChangeView { pointer, before: hidden(), after: hidden() });
        }
    }
    found
}

fn changed_secrets(old: &[(String, Secret)], new: &[(String, Secret)]) -> Vec<String> {
    let is_there = |(pointer, secret): &(String, Secret)| {
        old.iter().any(|(place, other)| place == pointer && other.expose() == secret.expose())
    };
    new.iter().filter(|one| !is_there(one)).map(|(pointer, _)| pointer.clone()).collect()
}

/// Goes into objects of the same names; a list is one value.
fn differences(old: &Value, new: &Value, pointer: &str, found: &mut Vec<FieldChangeView>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old {
                let pointer = pointer_to(pointer, name);
                differences(value, new.get(name).unwrap_or(&Value::Null), &pointer, found);
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                differences(&Value::Null, value, &pointer_to(pointer, name), found);
            }
        }
        // The order of names counts in what a mapping makes.
        (old, new) if serde_json::to_string(old).ok() == serde_json::to_string(new).ok() => {}
        (old, new) => {
            found.push(FieldChangeView {
                pointer: pointer.to_owned(),
                before: old.clone(),
                after: new.clone(),
            });
        }
    }
}
