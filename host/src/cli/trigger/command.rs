//! The command itself: flags in, the parts put together, an exit code out.
//! Not here: the parts.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::text::one_line;
use crate::cli::text::print;
use crate::cli::text::talk;
use crate::cli::trigger::sample::Sample;
use crate::cli::trigger::sign::Provider;
use crate::domain::time::Clock;

/// Flags of `trigger`.
#[derive(Debug, clap::Args)]
pub(crate) struct TriggerArgs {
    /// The source's id, or its name if it is one of the first workspace.
    source: String,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Sign and look like this provider [default: unsigned JSON].
    #[arg(long, value_enum)]
    preset: Option<Provider>,
    /// The secret of the source's verification.
    #[arg(long, value_name = "SECRET", requires = "preset")]
    secret: Option<String>,
    /// A key of the source (hm_in_…).
    #[arg(long)]
    key: Option<String>,
    /// The event's name, such as push or invoice.paid.
    #[arg(long)]
    event: Option<String>,
    /// Send this file instead of a sample; - is stdin.
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// A further header, `name: value`. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    headers: Vec<String>,
    /// How many to send.
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// Print the answers as lines of JSON.
    #[arg(long)]
    json: bool,
}

/// Sends, and prints what the gateway answered.
pub(crate) fn run(args: &TriggerArgs) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(send_all(args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(true) => Exit::Ok,
        Ok(false) => Exit::Failed,
        Err(error) => {
            talk!("hookmill: {error:#}");
            Exit::Failed
        }
    }
}

/// Whether all of them were taken.
async fn send_all(args: &TriggerArgs) -> anyhow::Result<bool> {
    let payload = args.payload.as_ref().map(read).transpose()?;
    let more = args.headers.iter().map(|line| header(line)).collect::<anyhow::Result<Vec<_>>>()?;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let mut all_taken = true;
    for _ in 0..args.count {
        let event = Sample::new(args.preset, args.event.as_deref(), payload.as_deref(), fresh_id());
        let mut headers = event.headers.clone();
        if let (Some(provider), Some(secret)) = (args.preset, &args.secret) {
            headers.extend(provider.sign(secret, &event.id, Clock::System.now().as_secs(), &event.body)?);
        }
        headers.extend(more.iter().cloned());
        all_taken &= send(args, &client, headers, event.body).await?;
    }
    Ok(all_taken)
}

async fn send(
    args: &TriggerArgs,
    client: &reqwest::Client,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> anyhow::Result<bool> {
    let url = format!("{}/in/{}", args.url.trim_end_matches('/'), args.source);
    let mut request = client.post(&url).body(body);
    if let Some(key) = &args.key {
        request = request.bearer_auth(key);
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.send().await.with_context(|| format!("no answer from {url}"))?;
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let line = if args.json {
        let answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
        json!({"status": status.as_u16(), "answer": answer}).to_string()
    } else {
        format!("{} {}", status.as_u16(), one_line(&text))
    };
    print(&format!("{line}\n"));
    Ok(status.is_success())
}

fn read(file: &PathBuf) -> anyhow::Result<Vec<u8>> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("read stdin")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("read {}", file.display()))
}

fn header(line: &str) -> anyhow::Result<(String, String)> {
    match line.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => bail!("--header: expected `name: value`, not `{line}`"),
    }
}

/// A delivery id of a provider, in the form of a UUID.
fn fresh_id() -> String {
    let bits = fastrand::u128(..);
    let hex = format!("{bits:032x}");
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
