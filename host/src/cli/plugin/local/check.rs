//! `plugin check`: what an upload would say.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::plugin::local::examine;
use crate::cli::plugin::local::examine::Examiner;
use crate::cli::plugin::report;
use crate::cli::text::one_line;
use crate::domain::step_grants::StepGrants;
use crate::domain::units::rounded_size;
use crate::sandbox::Admitted;

/// Flags of `plugin check`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct CheckArgs {
    /// A .wasm file or the folder of a project [default: the project here, built].
    file: Option<PathBuf>,
}

pub(in crate::cli::plugin) async fn run(args: &CheckArgs, json: bool) -> anyhow::Result<Exit> {
    let bytes = examine::bytes(args.file.as_deref())?;
    match Examiner::new()?.admit(bytes).await {
        Ok(admitted) => Ok(report::data(json, &examine::as_json(&admitted), &text(&admitted))),
        Err(refusal) => Ok(report::refused(json, &refusal)),
    }
}

fn text(admitted: &Admitted) -> String {
    let manifest: Value = serde_json::from_str(&admitted.manifest_json).unwrap_or(Value::Null);
    let settings = manifest["config_schema"]["properties"].as_object();
    let settings: Vec<&str> = settings.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let examples = manifest["examples"].as_array().map_or(0, Vec::len);
    let rows = [
        ("plugin", format!("{} {}", admitted.name, admitted.version)),
        ("about", manifest["description"].as_str().unwrap_or_default().to_owned()),
        ("size", rounded_size(admitted.size)),
        ("tier", admitted.tier.to_owned()),
        ("instance", examine::instance(admitted)),
        ("digest", admitted.digest.to_string()),
        ("uses", admitted.imports.join(", ")),
        ("wants", wants(&admitted.wants)),
        ("headers", admitted.headers_wanted.join(", ")),
        ("settings", settings.join(", ")),
        ("batch", batch(admitted).to_owned()),
        ("examples", format!("{examples}, all pass")),
    ];
    let warnings = admitted.warnings.iter().map(|warning| ("warning", warning.clone()));
    let given = rows.into_iter().filter(|(_, value)| !value.is_empty()).chain(warnings);
    given.map(|(name, value)| format!("{name:<9}{}", one_line(&value))).collect::<Vec<_>>().join("\n")
}

/// What it means that a plugin asks for batches.
fn batch(admitted: &Admitted) -> &'static str {
    match admitted.batch {
        true => {
            "yes: events that wait share an instance, see what the others left in it, and are made again together"
        }
        false => "",
    }
}

/// As `http api.example.com; secrets token`.
fn wants(wants: &StepGrants) -> String {
    let hosts = wants.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let secrets = wants.secrets().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let named = [("http", hosts), ("secrets", secrets)].into_iter().filter(|(_, list)| !list.is_empty());
    named.map(|(name, list)| format!("{name} {list}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::plugin::Digest;
    use crate::sandbox::Instances;

    #[test]
    fn what_is_there_is_shown_and_nothing_else() {
        let manifest = json!({"config_schema": {"properties": {"a": {}, "b": {}}}, "examples": [{}, {}]});
        let admitted = Admitted {
            digest: Digest::from_bytes([0; 32]),
            imports: vec!["log".into()],
            manifest_json: manifest.to_string(),
            name: "n".into(),
            version: "1".into(),
            headers_wanted: vec![],
            wants: serde_json::from_str(r#"[{"http":["a.b"]},{"secrets":["c","d"]}]"#).unwrap(),
            batch: true,
            warnings: vec!["a".into(), "b".into()],
            abi: 1,
            size: 10,
            tier: "interpreted",
            instances: Instances::PutBack,
        };
        let digest = format!("digest   sha256:{}", "0".repeat(64));
        let expected = [
            "plugin   n 1",
            "size     10 B",
            "tier     interpreted",
            "instance put back after each event",
            &digest,
            "uses     log",
            "wants    http a.b; secrets c, d",
            "settings a, b",
            "batch    yes: events that wait share an instance, see what the others left in it, and are made again together",
            "examples 2, all pass",
            "warning  a",
            "warning  b",
        ];
        assert_eq!(text(&admitted), expected.join("\n"));
        let because = "it uses the grant http".to_owned();
        let made = Admitted { instances: Instances::Made { because }, ..admitted };
        assert!(text(&made).contains("\ninstance made for each event: it uses the grant http\n"));
    }
}
