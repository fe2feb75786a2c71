//! `plugin test`: the examples, or one event from a file, in the real sandbox, with what they cost. Not here: captured
//! tests (`trial_captured`).

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::segment;
use crate::cli::plugin::local::examine;
use crate::cli::plugin::local::examine::Examiner;
use crate::cli::plugin::local::example;
use crate::cli::plugin::local::example::ExampleEvent;
use crate::cli::plugin::local::trial_captured;
use crate::cli::plugin::local::trial_captured::Trial;
use crate::cli::plugin::report;
use crate::cli::text::one_line;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Verdict;
use crate::domain::units::rounded_size;
use crate::rules::payload_schema::PayloadSchema;
use crate::sandbox::Case;
use crate::sandbox::Cost;
use crate::sandbox::Fitting;
use crate::sandbox::Instances;
use crate::sandbox::Judge;
use crate::sandbox::Plugin;
use crate::sandbox::of_output;

/// Flags of `plugin test`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct TestArgs {
    /// A .wasm file or the folder of a project [default: the project here, built].
    file: Option<PathBuf>,
    /// Run this payload instead of the examples, and show what comes of it.
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// The type of that event.
    #[arg(long = "type", value_name = "TYPE", default_value = "", requires = "payload")]
    event_type: String,
    /// A header of that event, `name: value`. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "HEADER", requires = "payload")]
    headers: Vec<String>,
    /// The configuration for it, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}", requires = "payload")]
    config: String,
    /// Run the tests that a gateway has captured for the plugin, too.
    #[arg(long, conflicts_with = "payload", requires = "key")]
    captured: bool,
    /// What is forwarded must fit this JSON Schema.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["payload", "destination"])]
    schema: Option<PathBuf>,
    /// What is forwarded must fit the payload schema of this destination of a gateway.
    #[arg(long, value_name = "NAME", conflicts_with = "payload", requires = "key")]
    destination: Option<String>,
    /// The plugin's name in that gateway [default: the manifest's].
    #[arg(long, requires = "captured")]
    name: Option<String>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: Option<String>,
}

pub(in crate::cli::plugin) async fn run(args: &TestArgs, json: bool) -> anyhow::Result<Exit> {
    let bytes = examine::bytes(args.file.as_deref())?;
    let examiner = Examiner::new()?;
    let (plugin, admitted) = match examiner.plugin(bytes).await? {
        Ok(examined) => examined,
        Err(refusal) => return Ok(report::refused(json, &refusal)),
    };
    let cases = match &args.payload {
        Some(file) => vec![captured(args, file, &admitted.headers_wanted)?],
        None => example::of(&serde_json::from_str(&admitted.manifest_json)?),
    };
    if cases.is_empty() {
        report::talk("no examples: write some to examples/*.json, or give an event with --payload");
    }
    let mut runs = Vec::new();
    for case in cases {
        runs.push(Run::of(&plugin, case).await);
    }
    let trial = match args.payload {
        Some(_) => Trial::default(),
        None => {
            let (captured, schema) = (fetched(args, &admitted.name).await?, schema(args).await?);
            Trial::of(&plugin, captured, &admitted.manifest_json, schema).await?
        }
    };
    let mut lines: Vec<String> = runs.iter().map(|run| run.text(args.payload.is_some())).collect();
    lines.extend(Some(trial.text()).filter(|text| !text.is_empty()));
    let value: Value = runs.iter().map(Run::json).collect();
    if !lines.is_empty() {
        let ok = !trial.has_failed();
        let whole = json!({"ok": ok, "name": admitted.name, "put_back": admitted.instances == Instances::PutBack, "runs": value,
            "trial": trial.json()});
        report::data(json, &whole, &lines.join("\n"));
    }
    let is_refused = args.payload.is_some() && runs.iter().any(|run| run.answer.is_err());
    Ok(match (trial.has_failed(), is_refused) {
        (true, _) => Exit::PluginRejected,
        (_, true) => Exit::Failed,
        _ => Exit::Ok,
    })
}

/// The captured tests, if they are asked for.
async fn fetched(args: &TestArgs, name: &str) -> anyhow::Result<Vec<Case>> {
    if !args.captured {
        return Ok(Vec::new());
    }
    let client = ApiClient::new(&args.url, args.key.as_deref())?;
    trial_captured::fetch(&client, args.name.as_deref().unwrap_or(name)).await
}

/// What is forwarded has to fit, if that is asked for.
async fn schema(args: &TestArgs) -> anyhow::Result<Option<Fitting>> {
    let (text, from) = match (&args.schema, &args.destination) {
        (Some(file), _) => {
            let from = file.display().to_string();
            (std::fs::read_to_string(file).with_context(|| format!("read {from}"))?, from)
        }
        (None, Some(name)) => {
            let client = ApiClient::new(&args.url, args.key.as_deref())?;
            let destination = client.get(&format!("v1/destinations/{}", segment(name))).await?;
            if destination["payload_schema"].is_null() {
                bail!("the destination {name} has no `payload_schema`");
            }
            (destination["payload_schema"].to_string(), format!("the payload schema of {name}"))
        }
        (None, None) => return Ok(None),
    };
    let schema = PayloadSchema::compile(&text).map_err(|why| anyhow::anyhow!("{from}: {why}"))?;
    Ok(Some(Fitting::new(&from, Ok(Judge::here(schema)))))
}

/// The event of the flags, with those headers that the plugin asks for.
fn captured(args: &TestArgs, file: &Path, wanted: &[String]) -> anyhow::Result<ExampleEvent> {
    let payload = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_ok();
    let mut headers = Vec::new();
    for line in &args.headers {
        // What a plugin asks for of the request begins with a colon.
        let mark = if line.starts_with(':') { ":" } else { "" };
        let Some((name, value)) = line[mark.len()..].split_once(':') else {
            bail!("--header: expected `name: value`, not `{line}`");
        };
        let name = format!("{mark}{}", name.trim());
        let name = if mark.is_empty() { name.to_ascii_lowercase() } else { name };
        match wanted.contains(&name) {
            true => headers.push((name, value.trim().to_owned())),
            false => {
                report::talk(&format!("the plugin does not ask for the header {name}, so it does not get it"))
            }
        }
    }
    Ok(ExampleEvent {
        name: file.display().to_string(),
        config: args.config.as_str().into(),
        event: GuestEvent {
            id: "evt_example".into(),
            event_type: args.event_type.as_str().into(),
            source: "example".into(),
            received_at: "2026-01-01T00:00:00Z".into(),
            headers,
            content_type: if is_json { "application/json" } else { "text/plain" }.into(),
            payload: payload.into(),
        },
    })
}

/// What came of a case.
#[derive(Debug)]
struct Run {
    name: String,
    answer: Result<Verdict, Fault>,
    cost: Cost,
}

impl Run {
    async fn of(plugin: &Plugin, case: ExampleEvent) -> Self {
        let (answer, cost) = match plugin.run(case.config, case.event).await {
            Ok(ran) => (Ok(ran.verdict), ran.cost),
            Err(failure) => (Err(failure.fault), failure.cost),
        };
        Self { name: case.name, answer, cost }
    }

    /// A line for the run and one for each that it logged; with `whole`, what it forwards as well.
    fn text(&self, whole: bool) -> String {
        let answer = match &self.answer {
            Ok(Verdict::Forward(outputs)) => format!("forwards {}", outputs.len()),
            Ok(Verdict::Drop(reason)) => one_line(&format!("drops: {reason}")).into_owned(),
            Err(fault) => one_line(&fault.to_string()).into_owned(),
        };
        let memory = rounded_size(self.cost.memory_peak_bytes);
        let mut text = format!("{:>6} µs {memory:>9}  {}: {answer}", self.cost.cpu.as_micros(), self.name);
        for line in &self.cost.log {
            text.push_str(&format!("\n{:20}{:?} {}", "", line.level, one_line(&line.message)));
        }
        if let (true, Ok(Verdict::Forward(outputs))) = (whole, &self.answer) {
            for output in outputs {
                text.push_str(&format!("\n{:#}", of_output(output)));
            }
        }
        text
    }

    fn json(&self) -> Value {
        let mut run = json!({
            "name": self.name,
            "cpu_us": u64::try_from(self.cost.cpu.as_micros()).unwrap_or(u64::MAX),
            "memory_bytes": self.cost.memory_peak_bytes,
            "log": self.cost.log,
        });
        match &self.answer {
            Ok(Verdict::Forward(outputs)) => run["forward"] = outputs.iter().map(of_output).collect(),
            Ok(Verdict::Drop(reason)) => run["drop"] = reason.as_str().into(),
            Err(fault) => run["error"] = json!({"code": fault.code(), "detail": fault.to_string()}),
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plugin::Output;

    #[test]
    fn a_run_is_told_in_a_line() {
        let check = |answer: Result<Verdict, Fault>, whole: bool, expected: &str| {
            let run = Run { name: "n".into(), answer, cost: Cost::default() };
            assert_eq!(run.text(whole), format!("     0 µs       0 B  n: {expected}"));
        };
        let output = Output { event_type: None, headers: vec![], payload: "[1]".into(), ordering_key: None };
        check(Ok(Verdict::Drop("small".into())), true, "drops: small");
        check(Ok(Verdict::Forward(vec![output.clone()])), false, "forwards 1");
        check(Ok(Verdict::Forward(vec![output])), true, "forwards 1\n{\n  \"payload\": [\n    1\n  ]\n}");
        check(Err(Fault::Refused { message: "no".into() }), true, "refused: no");
    }

    #[test]
    fn an_output_reads_like_an_expectation() {
        let output = Output {
            event_type: Some("t".into()),
            headers: vec![("a".into(), "b".into())],
            payload: "plain".into(),
            ordering_key: Some("k".into()),
        };
        let expected =
            json!({"payload_text": "plain", "type": "t", "headers": {"a": "b"}, "ordering_key": "k"});
        assert_eq!(of_output(&output), expected);
    }
}
