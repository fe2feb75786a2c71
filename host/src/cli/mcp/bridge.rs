//! Hands messages of an assistant's on to a gateway's `/mcp`, as its transport wants them, and the answers back. Not here:
//! where the messages come from.

use std::collections::HashMap;

use anyhow::Context as _;
use futures::future::AbortHandle;
use futures::future::Abortable;
use reqwest::RequestBuilder;
use reqwest::Url;
use reqwest::header::ACCEPT;
use serde_json::Value;
use serde_json::json;

/// Of the JSON-RPC error that says that the gateway cannot be asked.
const NO_ANSWER: i64 = -32_000;

/// A message with what came back.
pub(super) struct Answered {
    id: Value,
    is_initialize: bool,
    messages: Vec<Value>,
}

/// What is known of the two ends.
pub(super) struct Bridge {
    client: reqwest::Client,
    url: Url,
    key: String,
    allow_write: bool,
    /// The protocol's version that older clients agree on once; newer ones say theirs each time.
    version: Option<String>,
    /// Requests under way, by their ids.
    open: HashMap<String, AbortHandle>,
}

impl Bridge {
    /// To the gateway at `url`.
    pub(super) fn new(url: &str, key: &str, allow_write: bool) -> anyhow::Result<Self> {
        let url = Url::parse(&format!("{}/mcp", url.trim_end_matches('/')))
            .with_context(|| format!("`{url}` is not an address"))?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.user_agent(concat!("hookmill/", env!("CARGO_PKG_VERSION"))).build()?;
        let key = key.to_owned();
        Ok(Self { client, url, key, allow_write, version: None, open: HashMap::new() })
    }

    /// Hands a message on; a cancelled request is left, which the gateway notices.
    pub(super) fn ask(
        &mut self,
        message: Value,
    ) -> Option<Abortable<impl Future<Output = Answered> + use<>>> {
        if message["method"] == "notifications/cancelled" {
            let left = self.open.remove(&message["params"]["requestId"].to_string());
            left.into_iter().for_each(|request| request.abort());
            return None;
        }
        let (id, is_initialize) = (message["id"].clone(), message["method"] == "initialize");
        let request = self.request(&message);
        let (handle, registration) = AbortHandle::new_pair();
        if !id.is_null() {
            self.open.insert(id.to_string(), handle);
        }
        let asking = async move {
            let messages = match ask(request).await {
                Ok(messages) => messages,
                // Nobody waits for the answer to a notification.
                Err(_) if id.is_null() => Vec::new(),
                Err(error) => vec![refusal(&id, NO_ANSWER, &format!("{error:#}"))],
            };
            Answered { id, is_initialize, messages }
        };
        Some(Abortable::new(asking, registration))
    }

    fn request(&self, message: &Value) -> RequestBuilder {
        let params = &message["params"];
        let own = params["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
        let mut request = self.client.post(self.url.clone()).json(message).bearer_auth(&self.key);
        request = request.header(ACCEPT, "application/json, text/event-stream");
        if !self.allow_write {
            request = request.header("x-mcp-readonly", "true");
        }
        if let Some(version) = own.or(self.version.as_deref()) {
            request = request.header("mcp-protocol-version", version);
        }
        // What stands in the message is said by headers, too, since the version of July 2026.
        for (name, value) in [("mcp-method", &message["method"]), ("mcp-name", &params["name"])] {
            if let Some(value) = value.as_str() {
                request = request.header(name, value);
            }
        }
        request
    }

    /// The messages to hand back, after looking at what the two ends agreed on.
    pub(super) fn take(&mut self, answered: Answered) -> Vec<Value> {
        self.open.remove(&answered.id.to_string());
        if answered.is_initialize {
            let mut versions =
                answered.messages.iter().filter_map(|message| message["result"]["protocolVersion"].as_str());
            self.version = versions.next().map(str::to_owned).or(self.version.take());
        }
        answered.messages
    }
}

/// The messages of the answer, as JSON or as events of a stream.
async fn ask(request: RequestBuilder) -> anyhow::Result<Vec<Value>> {
    let response = request.send().await.context("no answer from the gateway")?;
    let status = response.status();
    let text = response.text().await.context("the gateway's answer broke off")?;
    if text.is_empty() && status.is_success() {
        return Ok(Vec::new());
    }
    let whole = serde_json::from_str::<Value>(&text).ok();
    let events = || text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?).ok());
    let messages: Vec<Value> = whole.clone().map_or_else(|| events().collect(), |message| vec![message]);
    if messages.iter().all(|message| message["jsonrpc"] == "2.0") && !messages.is_empty() {
        return Ok(messages);
    }
    let detail = whole.as_ref().and_then(|problem| problem["detail"].as_str()).unwrap_or(&text);
    anyhow::bail!("the gateway answered {status}: {}", detail.chars().take(300).collect::<String>())
}

/// A JSON-RPC error.
pub(super) fn refusal(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
