//! What a plugin says about itself. The fields are those of `wit/README.md`.

use serde_json::{Map, Value, json};

use crate::config;
use crate::config::NoConfig;
use crate::plugin::Plugin;

/// What the manifest says; written by `#[plugin]`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::Plugin;
///
/// /// Lets everything through.
/// #[plugin(name = "pass-all", headers = ["x-shop"])]
/// fn transform(event: &Event) -> Result<Verdict> {
///     Ok(forward(event))
/// }
/// # fn main() {
/// assert_eq!(transform::ABOUT.description, "Lets everything through.");
/// assert_eq!(transform::ABOUT.headers, ["x-shop"]);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// 1 to 64 of `a-z`, `0-9`, `-`, `_`; begins with a letter. The package's, unless given.
    pub name: &'static str,
    /// The package's, unless given.
    pub version: &'static str,
    /// The function's doc comment, unless given; when that is empty the one of the configuration.
    pub description: &'static str,
    /// Names of the headers that events shall carry, lower case.
    pub headers: &'static [&'static str],
    /// Hosts that it should be granted, for whoever sets it up.
    pub http: &'static [&'static str],
    /// Names of secrets that it should be granted.
    pub secrets: &'static [&'static str],
    /// Whether it has a function for several events, which may then share an instance.
    pub batch: bool,
    /// The folder of the examples where the plugin was compiled.
    pub examples_dir: &'static str,
    /// Name and text of each file of that folder.
    pub examples: &'static [(&'static str, &'static str)],
}

/// The manifest of a plugin as JSON.
pub(crate) fn of<P: Plugin>() -> Value {
    let about = P::ABOUT;
    let schema = config::schema::<P::Config>();
    let mut manifest = Map::new();
    manifest.insert("name".into(), about.name.into());
    manifest.insert("version".into(), about.version.into());
    let description = match about.description {
        "" => schema["description"].as_str().unwrap_or_default(),
        given => given,
    };
    manifest.insert("description".into(), description.into());
    if std::any::TypeId::of::<P::Config>() != std::any::TypeId::of::<NoConfig>() {
        manifest.insert("config_schema".into(), schema);
    }
    manifest.insert("headers".into(), json!(about.headers));
    let wants = [("http", about.http), ("secrets", about.secrets)];
    let wants: Map<String, Value> = wants
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(grant, names)| (grant.to_string(), json!(names)))
        .collect();
    if !wants.is_empty() {
        manifest.insert("wants".into(), wants.into());
    }
    if about.batch {
        manifest.insert("batch".into(), true.into());
    }
    let examples = about.examples.iter().map(|(file, text)| example(file, text));
    manifest.insert("examples".into(), examples.collect());
    Value::Object(manifest)
}

/// `#[plugin]` has checked that these are JSON objects. Without a name of its own an example is
/// called like its file.
fn example(file: &str, text: &str) -> Value {
    let mut example = serde_json::from_str(text).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut example {
        let named = || file.trim_end_matches(".json").replace(['-', '_'], " ");
        fields.entry("name").or_insert_with(|| named().into());
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use crate::testing::manifest;

    /// Of the configuration.
    #[derive(Deserialize, JsonSchema)]
    struct Config {
        limit: u32,
    }

    fn many(events: &[Event], config: &Config) -> Vec<Result<Verdict>> {
        events.iter().map(|event| both(event, config)).collect()
    }

    #[plugin(
        name = "both",
        version = "2.1.0",
        headers = ["x-a"],
        http = ["a.example"],
        secrets = ["token"],
        batch = many
    )]
    fn both(_: &Event, config: &Config) -> Result<Verdict> {
        Ok(forward(config.limit.to_string()))
    }

    /// Of the function,
    /// in two lines.
    #[plugin]
    fn bare(event: &Event) -> Result<Verdict> {
        Ok(forward(event))
    }

    #[test]
    fn the_manifest_has_the_fields_of_the_contract() {
        let seen = manifest::<both>();
        assert_eq!(seen["name"], "both");
        assert_eq!(seen["version"], "2.1.0");
        assert_eq!(seen["description"], "Of the configuration.");
        assert_eq!(seen["headers"], json!(["x-a"]));
        assert_eq!(seen["wants"], json!({ "http": ["a.example"], "secrets": ["token"] }));
        assert_eq!(seen["batch"], true);
        assert_eq!(seen["examples"], json!([]));
        assert_eq!(seen["config_schema"]["properties"]["limit"]["type"], "integer");
        assert_eq!(seen["config_schema"]["required"], json!(["limit"]));

        let seen = manifest::<bare>();
        assert_eq!(seen["name"], "hookmill-plugin-sdk");
        assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(seen["description"], "Of the function, in two lines.");
        assert_eq!((seen.get("config_schema"), seen.get("wants"), seen.get("batch")), (None, None, None));
    }

    #[test]
    fn an_example_is_called_like_its_file_unless_it_has_a_name() {
        let check =
            |text: &str, expected: &str| assert_eq!(example("a-weak_one.json", text)["name"], expected);
        check("{}", "a weak one");
        check(r#"{"name": "weak"}"#, "weak");
    }
}
