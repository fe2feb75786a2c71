//! What the measured gateway is told to do: one source, one destination, one connection.
//! Not here: running it (`child`).

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use crate::cli::bench::args::BUILT_IN;
use crate::cli::bench::args::BenchArgs;
use crate::cli::bench::child::Child;

/// Name of the plugin and of the connection.
pub(super) const NAME: &str = "bench";

/// Keeps the signal's form, so that a plugin can stand behind it.
fn mapping() -> Value {
    json!({"version": 1, "output": {
        "signal_type": "$.signal_type", "confidence": "$.confidence", "source": "$.source",
        "hypothesis_id": "$.hypothesis_id",
        "account": {"name": "$.account.name", "domain": "$.account.domain"},
        "events": "$.events",
        "enrichment": {"company_size": "$.enrichment.company_size", "industry": "$.enrichment.industry"},
        "detected_at": "$.detected_at", "note": "$.note",
    }})
}

/// A step that runs the plugin.
pub(super) fn plugin_step(min_confidence: f64) -> Value {
    json!({"plugin": {"name": NAME, "version": "active", "config": {"min_confidence": min_confidence}}})
}

/// Makes it; gives the path that takes events.
pub(super) async fn pipeline(child: &Child, sink: &str, args: &BenchArgs) -> anyhow::Result<String> {
    let api = Api::of(child)?;
    let mut steps = Vec::new();
    if let Some(file) = &args.mapping {
        let mapping = if file.as_os_str() == BUILT_IN {
            mapping()
        } else {
            let text = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", file.display()))?
        };
        steps.push(json!({"mapping": mapping}));
    }
    if let Some(file) = &args.plugin {
        let component = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
        let path = format!("/v1/plugins/{NAME}/versions");
        api.post(&path, "application/wasm", component).await.context("upload the plugin")?;
        steps.push(plugin_step(0.5));
    }
    let source = api.create("/v1/sources", &json!({"name": "bench", "require_key": false})).await?;
    let destination = json!({"name": "bench", "url": sink, "concurrency": args.concurrency,
        "signing": {"profile": "standard_webhooks"}});
    let destination = api.create("/v1/destinations", &destination).await?;
    let connection = json!({"name": NAME, "source": source, "event_types": ["*"], "steps": steps,
        "destination": destination});
    api.create("/v1/connections", &connection).await?;
    Ok(format!("/in/{source}"))
}

/// The gateway's API.
pub(super) struct Api<'a> {
    client: reqwest::Client,
    child: &'a Child,
}

impl<'a> Api<'a> {
    pub(super) fn of(child: &'a Child) -> anyhow::Result<Self> {
        Ok(Self { client: reqwest::Client::builder().no_proxy().build()?, child })
    }

    /// The id of what was made.
    async fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made = self.post(path, "application/json", body.to_string().into_bytes()).await?;
        Ok(made["id"].as_str().context("what is made has an id")?.to_owned())
    }

    /// Sends it; gives the answer.
    pub(super) async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> anyhow::Result<Value> {
        let request = self.client.post(self.url(path)).header("content-type", kind).body(body);
        self.answer(path, request).await
    }

    /// What is there.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(path, self.client.get(self.url(path))).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.child.address())
    }

    async fn answer(&self, path: &str, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.bearer_auth(self.child.key()).send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("{path} answered {status}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }
}
