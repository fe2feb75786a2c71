//! Steps as JSON. What is inside filters, mappings and configurations is kept as it was written.

use std::fmt::Display;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

use crate::domain::config::OnError;
use crate::domain::config::Step;
use crate::domain::config::StepSpec;
use crate::domain::config::VersionChoice;
use crate::domain::grant::Grant;
use crate::domain::step_grants::StepGrant;
use crate::http::api::parts;
use crate::http::request::RequestFaults;
use crate::http::schema::anything_but_null;

/// A plugin as a step runs it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginStepBody {
    /// The plugin's name.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// `active`, or a digest such as `sha256:…`; `active` if not given.
    #[schema(nullable = false)]
    version: Option<Version>,
    /// Its configuration; {} if not given.
    #[schema(schema_with = configuration)]
    config: Option<Box<RawValue>>,
    /// What it may use here beyond its events; a version that imports more is not run.
    #[schema(value_type = Option<Vec<StepGrant>>, nullable = false)]
    grants: Option<Vec<Option<GrantBody>>>,
}

/// A step: exactly one of `filter`, `mapping` and `plugin`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepBody {
    /// Which events go on.
    #[schema(schema_with = filter)]
    filter: Option<Box<RawValue>>,
    /// What is made of an event.
    #[schema(schema_with = mapping)]
    mapping: Option<Box<RawValue>>,
    /// Code of your own.
    #[schema(nullable = false)]
    plugin: Option<PluginStepBody>,
    /// What follows when the step cannot answer: the delivery fails, nothing is delivered, or the step's input goes on.
    #[schema(nullable = false)]
    on_error: Option<OnError>,
}

/// Steps as they are read: an unreadable one keeps its place.
pub(in crate::http::api) type StepsBody = Vec<Option<StepBody>>;

/// A grant as it is read; what its names mean is looked at later.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum GrantBody {
    Plain(Grant),
    Named { http: Option<Vec<Option<String>>>, secrets: Option<Vec<Option<String>>> },
}

fn filter() -> RefOr<Schema> {
    anything_but_null(
        "Which events go on. In a clause, `\"as\": \"number\"` takes a text that is a number, such as a form's, for that number.",
    )
}

fn mapping() -> RefOr<Schema> {
    anything_but_null(
        "What is made of an event. What a template of `path` takes from the event is percent-encoded, so that it stays one segment (`url_encode` with `path` lets `/` through). The function `date` takes `from`, `to` and `timezone`: a name such as Europe/Berlin or an offset, UTC when left out; of a time that clocks show twice, the first. `hookmill map --help` lists the functions.",
    )
}

fn configuration() -> RefOr<Schema> {
    anything_but_null("Its configuration; {} if not given.")
}

/// Which version of a plugin is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version(pub VersionChoice);

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "active" => Ok(Self(VersionChoice::Active)),
            digest => {
                digest.parse().map(|digest| Self(VersionChoice::Pinned(digest))).map_err(D::Error::custom)
            }
        }
    }
}

impl PartialSchema for Version {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("`active`, or `sha256:` and 64 lower-case hex digits."))
            .pattern(Some("^(active|sha256:[0-9a-f]{64})$"))
            .into()
    }
}

impl ToSchema for Version {}

impl Version {
    /// The one that is meant when nothing is said.
    pub(in crate::http::api) fn of(given: Option<Self>) -> VersionChoice {
        given.map_or(VersionChoice::Active, |version| version.0)
    }
}

/// A plugin in a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginStepView {
    /// The plugin's name.
    pub name: String,
    /// `active`, or a digest.
    pub version: String,
    /// Its configuration.
    #[schema(value_type = serde_json::Value)]
    pub config: Box<RawValue>,
    /// What it may use beyond its events.
    pub grants: Vec<StepGrant>,
}

/// A step: one of `filter`, `mapping` and `plugin`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// Which events go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable = false)]
    pub filter: Option<Box<RawValue>>,
    /// What is made of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable = false)]
    pub mapping: Option<Box<RawValue>>,
    /// Code of the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub plugin: Option<PluginStepView>,
    /// What follows when it cannot answer.
    pub on_error: &'static str,
}

/// Reads the steps; what is wrong is told at `pointer` and below.
pub(in crate::http::api) fn read(steps: StepsBody, pointer: &str, faults: &mut RequestFaults) -> Vec<Step> {
    let read = |(at, step): (usize, Option<StepBody>)| read_step(step?, &format!("{pointer}/{at}"), faults);
    steps.into_iter().enumerate().map(read).map(|step| step.unwrap_or_else(unreadable)).collect()
}

/// Stands in the place of a step that is noted as unreadable, so that the others keep theirs.
fn unreadable() -> Step {
    Step { kind: StepSpec::Filter(r#"{"path":"$","exists":true}"#.to_owned()), on_error: OnError::Fail }
}

fn read_step(step: StepBody, pointer: &str, faults: &mut RequestFaults) -> Option<Step> {
    let kind = match (step.filter, step.mapping, step.plugin) {
        (Some(filter), None, None) => StepSpec::Filter(filter.get().to_owned()),
        (None, Some(mapping), None) => StepSpec::Mapping(mapping.get().to_owned()),
        (None, None, Some(plugin)) => read_plugin(plugin, &format!("{pointer}/plugin"), faults)?,
        _ => {
            if !faults.has_below(pointer) {
                faults.add(pointer, "a step has exactly one of `filter`, `mapping` and `plugin`");
            }
            return None;
        }
    };
    Some(Step { kind, on_error: step.on_error.unwrap_or_default() })
}

fn read_plugin(plugin: PluginStepBody, pointer: &str, faults: &mut RequestFaults) -> Option<StepSpec> {
    let version = Version::of(plugin.version);
    let config = plugin.config.as_deref().map_or("{}", RawValue::get).to_owned();
    let grants = plugin.grants.unwrap_or_default().into_iter().enumerate();
    let read = |(at, grant): (usize, Option<GrantBody>)| {
        read_grant(grant?, &format!("{pointer}/grants/{at}"), faults)
    };
    let grants = grants.filter_map(read).collect();
    Some(StepSpec::Plugin { name: plugin.name?, version, config, grants })
}

fn read_grant(grant: GrantBody, pointer: &str, faults: &mut RequestFaults) -> Option<StepGrant> {
    match grant {
        GrantBody::Plain(grant) => Some(StepGrant::Plain(grant)),
        GrantBody::Named { http: Some(http), .. } => {
            Some(StepGrant::Http { http: read_list(http, &format!("{pointer}/http"), faults) })
        }
        GrantBody::Named { secrets: Some(secrets), .. } => {
            Some(StepGrant::Secrets { secrets: read_list(secrets, &format!("{pointer}/secrets"), faults) })
        }
        // Of what could not be read it has been told.
        GrantBody::Named { .. } => None,
    }
}

fn read_list<T>(items: Vec<Option<String>>, pointer: &str, faults: &mut RequestFaults) -> Vec<T>
where
    T: FromStr,
    T::Err: Display,
{
    let read = |(at, item): (usize, Option<String>)| faults.parsed(format!("{pointer}/{at}"), &item?);
    items.into_iter().enumerate().filter_map(read).collect()
}

/// Shows the steps.
pub(in crate::http::api) fn show(steps: &[Step]) -> Vec<StepView> {
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
    use crate::http::request::Shapes;

    /// A body that has steps.
    #[derive(Debug, Default, Deserialize, ToSchema)]
    struct Steps {
        #[schema(value_type = Vec<StepBody>)]
        steps: Option<StepsBody>,
    }

    fn check(steps: &str, expected: Result<&str, &[&str]>) {
        let body = format!("{{\"steps\":{steps}}}");
        let (body, mut faults) = Shapes::default().read::<Steps>(&body).unwrap();
        let read = read(body.steps.unwrap_or_default(), "/steps", &mut faults);
        let faults = faults.into_inner();
        let mut pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        match expected {
            Ok(shown) => {
                assert_eq!((serde_json::to_string(&show(&read)).unwrap().as_str(), faults.len()), (shown, 0));
            }
            Err(expected) => {
                // Those of the schema come first.
                let mut expected = expected.to_vec();
                pointers.sort_unstable();
                expected.sort_unstable();
                assert_eq!(pointers, expected, "{steps}");
            }
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
            Err(&["/steps/1/plugin/version", "/steps/1/plugin/name"]),
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
