//! `plugin limits`: what a plugin may use, shown and changed. Not here: holding it to that.

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::plugin::report;
use crate::domain::units::rounded_size;

/// Flags of `plugin limits`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct LimitsArgs {
    /// The plugin.
    name: String,
    /// Milliseconds of CPU time of one event.
    #[arg(long, value_name = "N")]
    cpu_ms: Option<u64>,
    /// Bytes of memory of one call.
    #[arg(long, value_name = "N")]
    memory_bytes: Option<u64>,
    /// Bytes of all that one event becomes.
    #[arg(long, value_name = "N")]
    output_bytes: Option<u64>,
    /// Calls at a time.
    #[arg(long, value_name = "N")]
    in_flight: Option<u64>,
    /// Take all of them away: what the server lets any plugin use holds again.
    #[arg(long, conflicts_with_all = ["cpu_ms", "memory_bytes", "output_bytes", "in_flight"])]
    reset: bool,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read, and write to change something.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

pub(in crate::cli::plugin) async fn run(args: &LimitsArgs, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&args.url, Some(&args.key))?;
    let path = format!("v1/plugins/{}", args.name);
    let plugin = client.get(&path).await?;
    let plugin = match changed(&plugin["limits"], args) {
        Some(limits) => client.patch(&path, &json!({"limits": limits})).await?,
        None => plugin,
    };
    Ok(report::data(json, &plugin["limits"], &text(&plugin["limits"])))
}

/// What there is with the flags in their places; `None` if no flag is given.
fn changed(now: &Value, args: &LimitsArgs) -> Option<Value> {
    if args.reset {
        return Some(Value::Null);
    }
    let flags = [
        ("cpu_ms", args.cpu_ms),
        ("memory_bytes", args.memory_bytes),
        ("output_bytes", args.output_bytes),
        ("in_flight", args.in_flight),
    ];
    let mut limits = now.as_object().cloned().unwrap_or_default();
    // A limit of null is none, which is said by leaving it out.
    limits.retain(|_, limit| !limit.is_null());
    let given = flags.into_iter().filter_map(|(name, limit)| Some((name, limit?)));
    let given: Vec<_> = given.map(|(name, limit)| (name.to_owned(), json!(limit))).collect();
    (!given.is_empty()).then(|| {
        limits.extend(given);
        limits.into()
    })
}

fn text(limits: &Value) -> String {
    let limit = |name: &str, show: fn(u64) -> String| {
        let shown = limits[name].as_u64().map_or_else(|| "as the server says".to_owned(), show);
        format!("{name:<13} {shown}")
    };
    [
        limit("cpu_ms", |ms| format!("{ms} ms")),
        limit("memory_bytes", rounded_size),
        limit("output_bytes", rounded_size),
        limit("in_flight", |calls| calls.to_string()),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        args: LimitsArgs,
    }

    #[test]
    fn flags_change_what_they_name_and_nothing_else() {
        let now = json!({"cpu_ms": 5, "memory_bytes": null, "output_bytes": 9, "in_flight": null});
        let check = |flags: &[&str], expected: Option<Value>| {
            let args = [&["limits", "p", "--key", "k"], flags].concat();
            assert_eq!(changed(&now, &Flags::parse_from(args).args), expected, "{flags:?}");
        };
        check(&[], None);
        check(&["--cpu-ms", "7"], Some(json!({"cpu_ms": 7, "output_bytes": 9})));
        check(&["--in-flight", "1"], Some(json!({"cpu_ms": 5, "output_bytes": 9, "in_flight": 1})));
        check(&["--reset"], Some(Value::Null));
        let shown = "cpu_ms        5 ms\nmemory_bytes  as the server says\n\
                     output_bytes  9 B\nin_flight     as the server says";
        assert_eq!(text(&now), shown);
    }
}
