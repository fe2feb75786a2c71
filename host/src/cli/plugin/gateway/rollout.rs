//! `plugin canary` and `plugin shadow`: try a version on live events. Not here: how it reads (`rollout_show`).

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::cli::plugin::gateway::activate;
use crate::cli::plugin::gateway::rollout_show;
use crate::cli::plugin::report;

/// Between two looks of `--watch`.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the gateway is, and what both commands have.
#[derive(Debug, Args)]
struct Where {
    /// The plugin.
    name: String,
    /// The version to try: its digest, or how it begins; without it, what is under way is shown.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Tell how it goes until it is over.
    #[arg(long)]
    watch: bool,
    /// End it; the active version stays.
    #[arg(long, conflicts_with = "version")]
    stop: bool,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

/// Flags of `plugin canary`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct CanaryArgs {
    #[command(flatten)]
    at: Where,
    /// Percent of the events that the version gets, chosen by their id: 0.1 to 100.
    #[arg(long, value_name = "N", default_value_t = 10.0, requires = "version")]
    percent: f64,
    /// Make the version of the canary the active one.
    #[arg(long, conflicts_with_all = ["version", "stop"])]
    promote: bool,
    /// Roll back if it fails on more percent of its events where the active version does not. [default: 1]
    #[arg(long, value_name = "PERCENT", requires = "version")]
    max_errors: Option<f64>,
    /// Roll back if its CPU time is more than so many times the active version's. [default: 2]
    #[arg(long, value_name = "FACTOR", requires = "version")]
    max_time: Option<f64>,
    /// Roll back if more percent of its results are others than the active version's. [default: any may be]
    #[arg(long, value_name = "PERCENT", requires = "version")]
    max_changed: Option<f64>,
    /// What connections that follow `active` are granted with it, if it uses it: clock, kv, random.
    #[arg(long, value_name = "GRANTS")]
    accept: Option<String>,
}

/// Flags of `plugin shadow`.
#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct ShadowArgs {
    #[command(flatten)]
    at: Where,
    /// Percent of the events that it is run on, chosen by their id: 0.1 to 100.
    #[arg(long, value_name = "N", default_value_t = 100.0, requires = "version")]
    percent: f64,
}

/// What is to be done.
enum Action {
    Start(Value),
    Stop,
    Promote(String),
    Show,
}

pub(in crate::cli::plugin) async fn canary(args: &CanaryArgs, json: bool) -> anyhow::Result<Exit> {
    let accept = args.accept.clone().unwrap_or_default();
    let action = match &args.at.version {
        Some(_) => {
            let accept: Vec<&str> = accept.split(',').filter(|name| !name.is_empty()).collect();
            let mut guards = json!({});
            for (name, given) in [
                ("errors_percent_max", args.max_errors),
                ("time_factor_max", args.max_time),
                ("changed_percent_max", args.max_changed),
            ] {
                if let Some(given) = given {
                    guards[name] = given.into();
                }
            }
            Action::Start(
                json!({"kind": "canary", "percent": args.percent, "guards": guards, "accept": accept}),
            )
        }
        None if args.at.stop => Action::Stop,
        None if args.promote => Action::Promote(accept),
        None => Action::Show,
    };
    run(&args.at, "canary", action, json).await
}

pub(in crate::cli::plugin) async fn shadow(args: &ShadowArgs, json: bool) -> anyhow::Result<Exit> {
    let action = match &args.at.version {
        Some(_) => Action::Start(json!({"kind": "shadow", "percent": args.percent})),
        None if args.at.stop => Action::Stop,
        None => Action::Show,
    };
    run(&args.at, "shadow", action, json).await
}

async fn run(at: &Where, kind: &str, action: Action, json: bool) -> anyhow::Result<Exit> {
    let client = ApiClient::new(&at.url, Some(&at.key))?;
    let path = format!("v1/plugins/{}/rollouts", at.name);
    let rollout = match action {
        Action::Start(request) => start(&client, at, &path, request).await,
        Action::Stop => act(&client, &path, kind, "cancel").await,
        Action::Promote(accept) => act(&client, &path, kind, &format!("promote?accept={accept}")).await,
        Action::Show => newest(&client, &path, kind).await,
    };
    let mut rollout = match rollout {
        Ok(Some(rollout)) => rollout,
        Ok(None) => {
            report::talk(&format!("{} has no {kind}: `--version VERSION` begins one", at.name));
            return Ok(if at.stop { Exit::Failed } else { Exit::Ok });
        }
        // It needs consent, or another one is under way; the answer says which.
        Err(error) => return refused(error, json),
    };
    let id = rollout["id"].as_str().unwrap_or_default().to_owned();
    while at.watch && rollout["state"] == "running" {
        report::talk(&rollout_show::line(&rollout));
        tokio::time::sleep(PAUSE).await;
        rollout = client.get(&format!("{path}/{id}")).await?;
    }
    let rolled_back = at.watch && rollout["state"] == "rolled_back";
    let told = report::data(json, &rollout, &rollout_show::whole(&rollout));
    Ok(if rolled_back { Exit::PluginRejected } else { told })
}

fn refused(error: anyhow::Error, json: bool) -> anyhow::Result<Exit> {
    match error.downcast::<ClientError>()? {
        ClientError::Problem(problem) if problem.status == 409 => {
            if json {
                report::data(true, &problem.body, "");
            } else {
                report::talk(&format!("not done: {problem}"));
            }
            Ok(Exit::PluginRejected)
        }
        error => Err(error.into()),
    }
}

async fn start(
    client: &ApiClient,
    at: &Where,
    path: &str,
    mut request: Value,
) -> anyhow::Result<Option<Value>> {
    let plugin = client.get(&format!("v1/plugins/{}", at.name)).await?;
    request["version"] = activate::choose(&plugin, at.version.as_deref())?.into();
    if request["kind"] == "shadow" {
        request.as_object_mut().map(|request| request.remove("guards"));
    }
    Ok(Some(client.post_bytes(path, "application/json", request.to_string().into()).await?))
}

async fn act(client: &ApiClient, path: &str, kind: &str, what: &str) -> anyhow::Result<Option<Value>> {
    let found = newest(client, path, kind).await?.filter(|rollout| rollout["state"] == "running");
    let Some(rollout) = found else { return Ok(None) };
    let id = rollout["id"].as_str().unwrap_or_default();
    Ok(Some(client.post_bytes(&format!("{path}/{id}/{what}"), "application/json", "".into()).await?))
}

/// The newest of that kind, with its groups; it is the one under way, if one is.
async fn newest(client: &ApiClient, path: &str, kind: &str) -> anyhow::Result<Option<Value>> {
    let listed = client.get(path).await?;
    let items = listed["items"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let found = items.iter().find(|rollout| rollout["kind"] == kind);
    match found.and_then(|rollout| rollout["id"].as_str()) {
        Some(id) => Ok(Some(client.get(&format!("{path}/{id}")).await?)),
        None => Ok(None),
    }
}
