//! Steps as JSON. What is inside filters, mappings and configurations is kept as it was written.

use serde_json::value::RawValue;

use crate::domain::config::OnError;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::http::api::parts;
use crate::http::form::Field;
use crate::http::form::Item;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::view::view;

const PLUGIN: &[Field] = &[
    field("name", Shape::Text, "The plugin's name.").required(),
    field("version", Shape::Text, "`active`, or a digest such as `sha256:…`; `active` if not given."),
    field("config", Shape::Any, "Its configuration; {} if not given."),
    field(
        "grants",
        Shape::List(&Shape::Choice(&["clock", "kv", "random"])),
        "What it may use here beyond its events; a version that imports more is not run.",
    ),
];

const STEP: &[Field] = &[
    field("filter", Shape::Any, "Which events go on."),
    field("mapping", Shape::Any, "What is made of an event."),
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
        grants: Vec<Grant>,
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
    let grants = read_grants(plugin, "grants");
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
            let (name, config, grants) = (name.clone(), parts::raw(config), grants.iter().collect());
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
    }
}
