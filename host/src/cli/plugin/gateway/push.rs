//! `plugin push`: uploads a plugin to a gateway.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::plugin::local::examine;
use crate::cli::plugin::local::examine::Examiner;
use crate::cli::plugin::report;
use crate::cli::text::one_line;

/// Flags of `plugin push`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct PushArgs {
    /// A .wasm file or the folder of a project [default: the project here, built].
    file: Option<PathBuf>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
    /// The plugin's name in the gateway [default: the manifest's].
    #[arg(long)]
    name: Option<String>,
    /// Make it the version that connections run which follow `active`.
    #[arg(long)]
    activate: bool,
    /// What connections that follow `active` are granted with it, if it uses it: clock, kv, random.
    #[arg(long, value_name = "GRANTS", requires = "activate")]
    accept: Option<String>,
}

pub(in crate::cli::plugin) async fn run(args: &PushArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let bytes = examine::bytes(args.file.as_deref())?;
    let name = match &args.name {
        Some(name) => name.clone(),
        // The name is the plugin's own word: it has to run to say it.
        None => match Examiner::new()?.admit(bytes.clone()).await {
            Ok(admitted) => admitted.name,
            Err(refusal) => return Ok(report::refused(json, &refusal)),
        },
    };
    let activate = match (&args.accept, args.activate) {
        (Some(accept), true) => format!("?activate=true&accept={accept}"),
        (None, true) => "?activate=true".to_owned(),
        (_, false) => String::new(),
    };
    let path = format!("v1/plugins/{name}/versions{activate}");
    match client.post_bytes(&path, "application/wasm", bytes.into()).await {
        Ok(answer) => Ok(report::data(json, &answer, &text(&name, &answer))),
        Err(ClientError::Problem(problem)) if is_refusal(problem.status) => {
            if json {
                report::data(true, &problem.body, "");
            } else {
                report::talk(&format!("turned down: {problem}"));
            }
            Ok(Exit::PluginRejected)
        }
        Err(error) => Err(error.into()),
    }
}

/// The statuses that are about the plugin itself, and not about the key or the gateway.
fn is_refusal(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422)
}

fn text(name: &str, answer: &Value) -> String {
    let imports: Vec<&str> =
        answer["imports"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let imports = if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") };
    let active = match answer["active"].as_bool() {
        Some(true) => "active",
        _ => "not active: push again with --activate",
    };
    let digest = answer["digest"].as_str().unwrap_or_default();
    let batch = match answer["batch"].as_bool() {
        Some(true) => "\nevents that wait for it share an instance, and are made again together",
        _ => "",
    };
    let warnings = answer["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let warnings: String = warnings.map(|warning| format!("\nwarning: {}", one_line(warning))).collect();
    format!("{name} {digest}\nuses {imports}; {active}{batch}{warnings}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_upload_is_told_in_two_lines() {
        let check = |answer: Value, expected: &str| assert_eq!(text("n", &answer), expected);
        check(
            json!({"digest": "sha256:0", "imports": ["log"], "active": true}),
            "n sha256:0\nuses log; active",
        );
        check(
            json!({"digest": "sha256:0", "imports": [], "active": false, "batch": false}),
            "n sha256:0\nuses nothing; not active: push again with --activate",
        );
        check(
            json!({"digest": "sha256:0", "imports": ["log"], "active": true, "batch": true}),
            "n sha256:0\nuses log; active\nevents that wait for it share an instance, and are made again together",
        );
        check(
            json!({"digest": "sha256:0", "imports": ["log"], "active": true, "warnings": ["a", "b"]}),
            "n sha256:0\nuses log; active\nwarning: a\nwarning: b",
        );
    }

    #[test]
    fn only_what_is_about_the_plugin_turns_it_down() {
        for (status, expected) in
            [(422, true), (413, true), (400, true), (401, false), (404, false), (500, false)]
        {
            assert_eq!(is_refusal(status), expected, "{status}");
        }
    }
}
