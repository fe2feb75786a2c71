//! A document as it is written: the body that would make it, with `resource`, no ids, and `{"$keep": true}` in the place
//! of each secret. Not here: reading one (`read`), comparing two (`changes`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::control::plans::ConfigDocument;
use crate::control::resources::PUBLISHED;
use crate::control::snapshot::Documents;
use crate::domain::config::Connection;
use crate::domain::config::Origin;
use crate::domain::config::Source;
use crate::domain::destination::Destination;
use crate::domain::destination::ReceiverKind;
use crate::domain::secret::Secret;
use crate::http::api::access::workspaces;
use crate::http::api::code::plugins;
use crate::http::api::configuration::destination_views::BatchView;
use crate::http::api::configuration::destination_views::RateView;
use crate::http::api::configuration::documents::credentials;
use crate::http::api::configuration::event_types;
use crate::http::api::configuration::retry;
use crate::http::api::configuration::signing;
use crate::http::api::configuration::steps;
use crate::http::api::tables::columns;
use crate::rules::verify::presets;

/// What says of which kind a document is.
pub(super) const RESOURCE: &str = "resource";

/// A document in full: what is as by default is in it, too.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// What it says.
    pub(super) form: Map<String, Value>,
    /// Its secrets, each with its place in the form.
    pub(super) secrets: Vec<(String, Secret)>,
    /// Of a secret: what changes with its value, which never comes out.
    pub(super) fingerprint: Option<String>,
}

/// As one is called that is of this kind.
pub(super) fn resource(document: &ConfigDocument) -> &'static str {
    match document {
        ConfigDocument::Source(_) => "source",
        ConfigDocument::Destination(_) => "destination",
        ConfigDocument::Connection(_) => "connection",
        ConfigDocument::Table(_) => "table",
        ConfigDocument::EventType(_) => "event_type",
        ConfigDocument::Workspace(_) => "workspace",
        ConfigDocument::Secret(_) => "secret",
        ConfigDocument::Plugin(_) => "plugin",
    }
}

/// Writes one. Names of others are those of `documents`.
pub(super) fn write(document: &ConfigDocument, documents: &Documents) -> Written {
    let form = match document {
        ConfigDocument::Source(source) => source_form(source),
        ConfigDocument::Destination(destination) => destination_form(destination, documents),
        ConfigDocument::Connection(connection) => connection_form(connection, documents),
        ConfigDocument::Table(table) => json!(columns::show_table(table)),
        ConfigDocument::EventType(event_type) => json!(event_types::form(event_type)),
        ConfigDocument::Workspace(found) => workspaces::form(found),
        ConfigDocument::Plugin(plugin) => plugins::form(plugin),
        ConfigDocument::Secret(secret) => json!({"name": secret.name, "value": credentials::keep()}),
    };
    let mut written = Map::from_iter([(RESOURCE.to_owned(), resource(document).into())]);
    if let Value::Object(members) = form {
        written.extend(members);
    }
    let fingerprint = match document {
        ConfigDocument::Secret(secret) => Some(secret.fingerprint.clone()),
        _ => None,
    };
    Written { form: written, secrets: credentials::of(document), fingerprint }
}

impl Written {
    /// Without what is as by default.
    pub(super) fn short(mut self, default: &Self) -> Self {
        let has_groups = self.form.get("event_groups").is_some_and(|groups| *groups != json!([]));
        let stays = |name: &str, value: &Value| {
            let is_said = has_groups && name == "event_types";
            matches!(name, RESOURCE | "name")
                || self.fingerprint.is_some()
                || name == "verification" && !value.is_null()
                || is_said
        };
        self.form.retain(|name, value| stays(name, value) || default.form.get(name) != Some(value));
        self
    }

    /// With its secrets as they are.
    pub(super) fn plain(mut self) -> Self {
        let mut form = Value::Object(self.form);
        for (pointer, secret) in &self.secrets {
            match form.pointer_mut(pointer) {
                Some(place) => *place = secret.expose().into(),
                None => credentials::put(&mut form, pointer, secret),
            }
        }
        self.form = if let Value::Object(form) = form { form } else { Map::new() };
        self
    }
}

fn source_form(source: &Source) -> Value {
    json!({
        "name": source.name,
        "state": source.state,
        "require_key": source.key_required,
        "protect": source.protect,
        "key_header": source.key_header,
        "basic": source.basic.as_ref().map(|basic| json!({"username": basic.username, "password": credentials::keep()})),
        "verification": source.verification.as_ref().map(verification_form),
        "event_type": source.event_type,
        "idempotency": source.idempotency.as_ref().map(|rule| &rule.from),
        "methods": source.methods,
        "body_bytes_max": source.body_bytes_max,
        "enforce_schemas": source.enforce_schemas,
        "response": source.response.as_ref().map(|response| json!({
            "status": response.status,
            "headers": headers_form(&response.headers.0),
            "body": response.body,
        })),
    })
}

/// By the preset's name where it says it all.
fn verification_form(verification: &crate::domain::verification::Verification) -> Value {
    let preset =
        verification.preset.as_deref().and_then(|name| Some((name, presets().find(name)?.scheme.clone())));
    let (scheme, tolerance_s) =
        (&verification.scheme, verification.scheme.timestamp.as_ref().map(|at| at.tolerance_s));
    let mut form = Map::new();
    let by_name = preset.filter(|(_, preset)| {
        let mut adjusted = preset.clone();
        adjusted.fail_status = scheme.fail_status;
        if let (Some(place), Some(tolerance_s)) = (&mut adjusted.timestamp, tolerance_s) {
            place.tolerance_s = tolerance_s;
        }
        adjusted == *scheme
    });
    match by_name {
        Some((name, preset)) => {
            form.insert("preset".into(), name.into());
            if preset.timestamp.as_ref().map(|at| at.tolerance_s) != tolerance_s {
                form.insert("tolerance_s".into(), json!(tolerance_s));
            }
            if preset.fail_status != scheme.fail_status {
                form.insert("fail_status".into(), scheme.fail_status.into());
            }
        }
        None => drop(form.insert("scheme".into(), json!(scheme))),
    }
    match verification.secrets.len() {
        0 => {}
        1 => drop(form.insert("secret".into(), credentials::keep())),
        several => drop(form.insert("secrets".into(), vec![credentials::keep(); several].into())),
    }
    if verification.verify_token.is_some() {
        form.insert("verify_token".into(), credentials::keep());
    }
    form.into()
}

fn destination_form(destination: &Destination, documents: &Documents) -> Value {
    let mut form = json!({
        "name": destination.name,
        "kind": destination.endpoint.kind(),
        "state": destination.state,
        "headers": headers_form(&destination.headers.0),
        "signing": without_nulls(json!(signing::show(&destination.signing, None)), &["secrets"]),
        "retry": without_nulls(json!(retry::show(&destination.retry)), &[]),
        "concurrency": destination.concurrency,
        "rate": destination.rate.map(RateView::of),
        "protect": destination.protect,
        "payload_schema": destination.payload_schema.as_deref().map(read),
    });
    if let Some(table) = destination.endpoint.table() {
        form["table"] =
            documents.tables.get(table).map_or_else(|| table.to_string(), |found| found.name.clone()).into();
    }
    if let Some(http) = destination.endpoint.http() {
        form["url"] = http.url.clone().into();
        form["method"] = http.method.clone().into();
        form["timeout_ms"] = http.timeout_ms.into();
        form["answer_type"] = http.answer_type.clone().into();
        form["receiver"] = http.receiver.map(ReceiverKind::name).into();
        form["batch"] = without_nulls(json!(http.batch.as_ref().map(BatchView::of)), &[]);
        form["auth"] = credentials::auth_form(&http.auth);
    }
    form
}

fn connection_form(connection: &Connection, documents: &Documents) -> Value {
    let origin = |origin: &Origin| match origin {
        Origin::Published => PUBLISHED.to_owned(),
        Origin::Source(id) => {
            documents.sources.get(*id).map_or_else(|| documents.origin_text(*id), |found| found.name.clone())
        }
    };
    let mut sources: Vec<String> = connection.origins.iter().map(origin).collect();
    let destination = documents.destinations.get(connection.destination);
    let steps = steps::show(&connection.steps).iter().map(|step| step_form(json!(step))).collect::<Vec<_>>();
    let mut form = json!({"name": connection.name, "state": connection.state, "protect": connection.protect});
    match sources.len() {
        1 => form["source"] = sources.remove(0).into(),
        _ => form["sources"] = sources.into(),
    }
    // Where there are groups, no types means none beside them; else it means all.
    form["event_types"] = connection.event_types.clone().into();
    form["event_groups"] = connection.event_groups.clone().into();
    form["steps"] = steps.into();
    form["destination"] =
        destination.map_or_else(|| connection.destination.to_string(), |found| found.name.clone()).into();
    form["retry"] = connection
        .retry
        .as_ref()
        .map_or(Value::Null, |policy| without_nulls(json!(retry::show(policy)), &[]));
    form
}

/// Without what a step is when it says nothing.
fn step_form(mut step: Value) -> Value {
    let Value::Object(members) = &mut step else { return step };
    members.retain(|name, value| name != "on_error" || value != "fail");
    if let Some(Value::Object(plugin)) = members.get_mut("plugin") {
        plugin.retain(|name, value| match name.as_str() {
            "version" => value != "active",
            "config" => *value != json!({}),
            "grants" => *value != json!([]),
            _ => true,
        });
    }
    step
}

fn headers_form(headers: &[(String, String)]) -> Value {
    let value = |name: &str, value: &String| match credentials::is_hidden(name) {
        true => credentials::keep(),
        false => value.clone().into(),
    };
    Value::Object(headers.iter().map(|(name, given)| (name.clone(), value(name, given))).collect())
}

/// Without nulls and these members, here and one level below.
fn without_nulls(mut value: Value, also: &[&str]) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|name, value| !value.is_null() && !also.contains(&name.as_str()));
        for inner in members.values_mut().filter_map(Value::as_object_mut) {
            inner.retain(|_, value| !value.is_null());
        }
    }
    value
}

/// It was JSON when it was saved.
fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}
