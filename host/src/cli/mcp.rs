//! `hookmill mcp`: a running gateway's MCP server for assistants that start a program and talk to it on stdin and stdout.
//! Each message is handed on to `/mcp` with the key, and the answer handed back. Not here: what is answered (`http`).

use std::collections::HashMap;
use std::io::BufRead as _;

use anyhow::Context as _;
use futures::StreamExt as _;
use futures::future::AbortHandle;
use futures::future::Abortable;
use futures::stream::FuturesUnordered;
use reqwest::RequestBuilder;
use reqwest::Url;
use reqwest::header::ACCEPT;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;

use crate::cli::Exit;
use crate::cli::text::print;
use crate::cli::text::talk;

/// Messages that are read ahead.
const AHEAD: usize = 16;
/// Of the JSON-RPC error that says that the gateway cannot be asked.
const NO_ANSWER: i64 = -32_000;
/// Of one that is no JSON.
const NO_MESSAGE: i64 = -32_700;

/// Flags of `mcp`.
#[derive(Debug, clap::Args)]
pub(crate) struct McpArgs {
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may read; to plan and apply, write. The assistant does not see it.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true, default_value = "")]
    key: String,
    /// Let the assistant apply plans and send tests; without it, it can only look and plan.
    #[arg(long)]
    allow_write: bool,
}

/// Serves until stdin ends.
pub(crate) fn run(args: &McpArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.context("start").and_then(|runtime| runtime.block_on(serve(args)));
    match outcome {
        Ok(()) => Exit::Ok,
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

async fn serve(args: &McpArgs) -> anyhow::Result<()> {
    let mut bridge = Bridge::new(args)?;
    let mut lines = lines();
    let mut asked = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !asked.is_empty() {
        tokio::select! {
            line = lines.recv(), if is_open => match line {
                None => is_open = false,
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match serde_json::from_str::<Value>(&line) {
                    Ok(message) => asked.extend(bridge.ask(message)),
                    Err(_) => send(&refusal(&Value::Null, NO_MESSAGE, "this line is no JSON")),
                },
            },
            // One that the client has cancelled has no answer.
            ended = asked.next(), if !asked.is_empty() => if let Some(Ok(answered)) = ended {
                bridge.answer(answered);
            },
        }
    }
    Ok(())
}

/// The lines of stdin, read on a thread of their own: reading cannot be waited for otherwise.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn send(message: &Value) {
    print(&format!("{message}\n"));
}

/// A message with what came back.
struct Answered {
    id: Value,
    is_initialize: bool,
    messages: Vec<Value>,
}

/// What is known of the two ends.
struct Bridge {
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
    fn new(args: &McpArgs) -> anyhow::Result<Self> {
        let url = Url::parse(&format!("{}/mcp", args.url.trim_end_matches('/')))
            .with_context(|| format!("`{}` is not an address", args.url))?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.user_agent(concat!("hookmill/", env!("CARGO_PKG_VERSION"))).build()?;
        let (key, allow_write) = (args.key.clone(), args.allow_write);
        Ok(Self { client, url, key, allow_write, version: None, open: HashMap::new() })
    }

    /// Hands a message on; a cancelled request is left, which the gateway notices.
    fn ask(&mut self, message: Value) -> Option<Abortable<impl Future<Output = Answered> + use<>>> {
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

    fn answer(&mut self, answered: Answered) {
        self.open.remove(&answered.id.to_string());
        for message in &answered.messages {
            let version = message["result"]["protocolVersion"].as_str().filter(|_| answered.is_initialize);
            self.version = version.map(str::to_owned).or(self.version.take());
            send(message);
        }
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

fn refusal(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
