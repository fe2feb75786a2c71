//! Steps as JSON. What is inside filters, mappings and configurations is kept as it was written.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::domain::config::OnError;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::step_grants::StepGrant;
use crate::domain::step_grants::StepGrants;
use crate::http::api::parts;
use crate::http::form::Field;
use crate::http::form::Item;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::view::Described;
use crate::http::view::View;
use crate::http::view::view;

const PLUGIN: &[Field] = &[
    field("name", Shape::Text, "The plugin's name.").required(),
    field("version", Shape::Text, "`active`, or a digest such as `sha256:…`; `active` if not given."),
    field("config", Shape::Any, "Its configuration; {} if not given."),
    field(
        "grants",
        Shape::List(&Shape::Either(&[
            Shape::Choice(&["clock", "kv", "random"]),
            Shape::Object(HTTP),
            Shape::Object(SECRETS),
        ])),
        "What it may use here beyond its events; a version that imports more is not run.",
    ),
];

const HTTP: &[Field] = &[field(
    "http",
    Shape::List(&Shape::Text),
    "Hosts that it may send requests to, such as `api.example.com`, `*.example.com` or `api.example.com:8443`.",
)
.required()];

const SECRETS: &[Field] =
    &[field("secrets", Shape::List(&Shape::Text), "Names of the workspace's secrets that it may read.")
        .required()];

/// Either of the two, for reading.
const NAMED: &[Field] = &[
    field("http", Shape::List(&Shape::Text), "Hosts."),
    field("secrets", Shape::List(&Shape::Text), "Names of secrets."),
];

const STEP: &[Field] = &[
    field(
        "filter",
        Shape::Any,
        "Which events go on. In a clause, `\"as\": \"number\"` takes a text that is a number, such as a form's, for that number.",
    ),
    field(
        "mapping",
        Shape::Any,
        "What is made of an event. What a template of `path` takes from the event is percent-encoded, so that it stays one segment (`url_encode` with `path` lets `/` through). The function `date` takes `from`, `to` and `timezone`: a name such as Europe/Berlin or an offset, UTC when left out; of a time that clocks show twice, the first. `hookmill map --help` lists the functions.",
    ),
    field("plugin", Shape::Object(PLUGIN), "Code of your own."),
    field(
        "on_error",
        Shape::Choice(&["fail", "drop", "pass"]),
        "What follows when the step cannot answer: the delivery fails, nothing is delivered, or the step's input goes on.",
    ),
];

/// A list of steps.
pub(super) const STEPS: Field = field(
    "steps",
    Shape::List(&Shape::Object(STEP)),
    "Run in this order; each has one of `filter`, `mapping`, `plugin`.",
);

view! {
    /// A plugin in a step.
    PluginStepView {
        /// The plugin's name.
        name: String,
        /// `active`, or a digest.
        version: String,
        /// Its configuration.
        config: Box<RawValue>,
        /// What it may use beyond its events.
        grants: Vec<StepGrant>,
    }

    /// A step: one of `filter`, `mapping` and `plugin`.
    StepView {
        /// Which events go on.
        ["Option::is_none"] filter: Option<Box<RawValue>>,
        /// What is made of an event.
        ["Option::is_none"] mapping: Option<Box<RawValue>>,
        /// Code of the user's own.
        ["Option::is_none"] plugin: Option<PluginStepView>,
        /// What follows when it cannot answer.
        on_error: &'static str,
    }
}

impl View for StepGrant {
    fn describe() -> Described {
        let list = |name: &str| {
            let items = serde_json::json!({"type": "array", "items": {"type": "string"}});
            serde_json::json!({"type": "object", "required": [name], "properties": {name: items}})
        };
        Described::plain(serde_json::json!({
            "anyOf": [{"enum": ["clock", "kv", "random"]}, list("http"), list("secrets")],
        }))
    }
}

/// Reads the steps.
pub(super) fn read(object: &Object<'_>) -> Option<Vec<Step>> {
    Some(object.items("steps")?.iter().map(|item| read_step(item).unwrap_or_else(unreadable)).collect())
}

/// Stands in the place of a step that is noted as unreadable, so that the others keep theirs.
fn unreadable() -> Step {
    Step { kind: StepSpec::Filter(r#"{"path":"$","exists":true}"#.to_owned()), on_error: OnError::Fail }
}

fn read_step(item: &Item<'_>) -> Option<Step> {
    let step = item.object(STEP)?;
    let choices = [("fail", OnError::Fail), ("drop", OnError::Drop), ("pass", OnError::Pass)];
    let on_error = step.choice("on_error", &choices).unwrap_or_default();
    let kinds = ["filter", "mapping", "plugin"].into_iter().filter(|kind| step.has(kind)).count();
    if kinds != 1 {
        item.fault("a step has exactly one of `filter`, `mapping` and `plugin`");
        return None;
    }
    let kind = if let Some(filter) = step.raw("filter") {
        StepSpec::Filter(filter.get().to_owned())
    } else if let Some(mapping) = step.raw("mapping") {
        StepSpec::Mapping(mapping.get().to_owned())
    } else {
        read_plugin(&step.object("plugin")?)?
    };
    Some(Step { kind, on_error })
}

fn read_plugin(plugin: &Object<'_>) -> Option<StepSpec> {
    let version = version(plugin);
    let config = plugin.raw("config").map_or("{}", RawValue::get).to_owned();
    let grants = read_step_grants(plugin);
    Some(StepSpec::Plugin { name: plugin.text("name")?, version, config, grants })
}

/// Reads a list of grants.
pub(super) fn read_grants(object: &Object<'_>, field: &str) -> Grants {
    let items = object.items(field).unwrap_or_default();
    let read = |item: &Item<'_>| {
        let name = item.text()?;
        name.parse::<Grant>().map_err(|error| item.fault(format!("{error}, not `{name}`"))).ok()
    };
    items.iter().filter_map(read).collect()
}

/// Reads the grants of a step, those that come with hosts or names among them.
fn read_step_grants(plugin: &Object<'_>) -> StepGrants {
    let items = plugin.items("grants").unwrap_or_default();
    items.iter().filter_map(read_grant).collect()
}

fn read_grant(item: &Item<'_>) -> Option<StepGrant> {
    if item.raw.get().starts_with('{') {
        return read_named(item);
    }
    let name = item.text()?;
    match name.parse::<Grant>() {
        Ok(grant) if grant.is_plain() => return Some(StepGrant::Plain(grant)),
        Ok(Grant::Http) => item.fault("`http` comes with its hosts: write {\"http\": [\"api.example.com\"]}"),
        Ok(_) => item.fault("`secrets` comes with their names: write {\"secrets\": [\"a_name\"]}"),
        Err(error) => item.fault(format!("{error}, not `{name}`")),
    }
    None
}

fn read_named(item: &Item<'_>) -> Option<StepGrant> {
    let object = item.object(NAMED)?;
    match (object.has("http"), object.has("secrets")) {
        (true, false) => Some(StepGrant::Http { http: read_list(&object, "http")? }),
        (false, true) => Some(StepGrant::Secrets { secrets: read_list(&object, "secrets")? }),
        _ => {
            item.fault("expected either `http` with hosts or `secrets` with names");
            None
        }
    }
}

fn read_list<T>(object: &Object<'_>, name: &str) -> Option<Vec<T>>
where
    T: FromStr,
    T::Err: Display,
{
    let items = object.items(name)?;
    if items.is_empty() {
        object.fault(name, "name at least one; leave the entry out to grant none");
    }
    let read =
        |item: &Item<'_>| item.text()?.parse().map_err(|error: T::Err| item.fault(error.to_string())).ok();
    Some(items.iter().filter_map(read).collect())
}

/// Reads which version of a plugin is meant.
pub(super) fn version(plugin: &Object<'_>) -> VersionChoice {
    match plugin.text("version").as_deref() {
        None | Some("active") => VersionChoice::Active,
        Some(digest) => match digest.parse() {
            Ok(digest) => VersionChoice::Pinned(digest),
            Err(error) => {
                plugin.fault("version", format!("{error}, or `active`"));
                VersionChoice::Active
            }
        },
    }
}

/// Shows the steps.
pub(super) fn show(steps: &[Step]) -> Vec<StepView> {
    steps.iter().map(show_step).collect()
}

fn show_step(step: &Step) -> StepView {
    let on_error = match step.on_error {
        OnError::Fail => "fail",
        OnError::Drop => "drop",
        OnError::Pass => "pass",
    };
    let mut view = StepView { filter: None, mapping: None, plugin: None, on_error };
    match &step.kind {
        StepSpec::Filter(json) => view.filter = Some(parts::raw(json)),
        StepSpec::Mapping(json) => view.mapping = Some(parts::raw(json)),
        StepSpec::Plugin { name, version, config, grants } => {
            let version = match version {
                VersionChoice::Active => "active".to_owned(),
                VersionChoice::Pinned(digest) => digest.to_string(),
            };
            let (name, config, grants) = (name.clone(), parts::raw(config), grants.entries());
            view.plugin = Some(PluginStepView { name, version, config, grants });
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::form::Form;
    use crate::http::form::Mode;

    const FIELDS: &[Field] = &[STEPS];

    fn check(steps: &str, expected: Result<&str, &[&str]>) {
        let body = format!("{{\"steps\":{steps}}}");
        let (read, faults) = Form::read(body.as_bytes(), FIELDS, Mode::Whole, read).unwrap();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        match expected {
            Ok(shown) => {
                assert_eq!(
                    (serde_json::to_string(&show(&read.unwrap())).unwrap().as_str(), faults.len()),
                    (shown, 0)
                );
            }
            Err(expected) => assert_eq!(pointers, expected, "{steps}"),
        }
    }

    #[test]
    fn steps_come_back_as_they_were() {
        check("[]", Ok("[]"));
        check(
            r#"[{"filter":{"path":"$.a", "gte":1.0}},{"mapping":{"b":1,"a":2},"on_error":"pass"}]"#,
            Ok(
                r#"[{"filter":{"path":"$.a", "gte":1.0},"on_error":"fail"},{"mapping":{"b":1,"a":2},"on_error":"pass"}]"#,
            ),
        );
        check(
            r#"[{"plugin":{"name":"x"}}]"#,
            Ok(r#"[{"plugin":{"name":"x","version":"active","config":{},"grants":[]},"on_error":"fail"}]"#),
        );
        check(
            r#"[{"plugin":{"name":"x","grants":["kv","clock","kv"]}}]"#,
            Ok(
                r#"[{"plugin":{"name":"x","version":"active","config":{},"grants":["clock","kv"]},"on_error":"fail"}]"#,
            ),
        );
    }

    #[test]
    fn hosts_and_secrets_are_named() {
        check(
            r#"[{"plugin":{"name":"x","grants":[{"secrets":["b","a"]},"kv",{"http":["A.example"]}]}}]"#,
            Ok(
                r#"[{"plugin":{"name":"x","version":"active","config":{},"grants":["kv",{"http":["a.example"]},{"secrets":["a","b"]}]},"on_error":"fail"}]"#,
            ),
        );
    }

    #[test]
    fn faults_say_where() {
        check("{}", Err(&["/steps"]));
        check("[1,{}]", Err(&["/steps/0", "/steps/1"]));
        check(r#"[{"filter":{},"mapping":{}}]"#, Err(&["/steps/0"]));
        check(
            r#"[{"filter":{}},{"plugin":{"version":"1"}}]"#,
            Err(&["/steps/1/plugin/name", "/steps/1/plugin/version"]),
        );
        check(r#"[{"filter":{},"on_error":"stop"}]"#, Err(&["/steps/0/on_error"]));
        check(r#"[{"plugin":{"name":"x","grants":["kv","files"]}}]"#, Err(&["/steps/0/plugin/grants/1"]));
        check(
            r#"[{"plugin":{"name":"x","grants":["http","secrets",{"http":[]},{"http":["a/b"]},{"secrets":["1"]},{}]}}]"#,
            Err(&[
                "/steps/0/plugin/grants/0",
                "/steps/0/plugin/grants/1",
                "/steps/0/plugin/grants/2/http",
                "/steps/0/plugin/grants/3/http/0",
                "/steps/0/plugin/grants/4/secrets/0",
                "/steps/0/plugin/grants/5",
            ]),
        );
    }
}
