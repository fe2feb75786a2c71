//! The flags of `listen`, and what is wrong with them. Not here: what they lead to.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use reqwest::Url;

use crate::cli::compare::when;
use crate::cli::listen::signature;
use crate::config;
use crate::domain::id::EventId;
use crate::domain::id::compose;
use crate::domain::time::Timestamp;
use crate::domain::units::parse_duration;
use crate::rules::route;

/// For `--help`.
pub(crate) const HELP: &str = "\
Events go out one at a time, in the order they came in, under the event's id as webhook-id; whatever is answered, the next
one follows. With --resume one that was on the wire when this ended goes out again, under the same id.

Exit codes: 0 stopped, or as many as --count says, 1 failed (stderr says why), 2 usage";

/// Flags of `listen`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    /// The source, by id or name: its events go out as they came in.
    #[arg(long, required_unless_present = "connection", conflicts_with = "connection")]
    pub(super) source: Option<String>,
    /// A connection, by id or name: what it would send of its sources' events, its steps run without storing or sending
    /// anything. Of its destination, headers that are no credentials and the signing profile.
    #[arg(long)]
    pub(super) connection: Option<String>,
    /// Where to: a URL, host:port/path, or a port of this machine.
    #[arg(long, value_name = "URL", value_parser = local_url)]
    pub(super) forward: Url,
    /// Only events whose type matches one of these patterns with `*`, separated by commas.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',', value_parser = pattern)]
    pub(super) event_types: Vec<String>,
    /// Begin with what came in since then: so long ago, as 10m, or a time as 2026-04-29T14:31:08Z.
    #[arg(long, value_name = "WHEN")]
    pub(super) since: Option<String>,
    /// Remember in this file how far it is, and go on from there: what came in meanwhile goes out first.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// Where nobody answers, try again until somebody does instead of going on to the next event.
    #[arg(long)]
    pub(super) until_answered: bool,
    /// How to sign: standard_webhooks, svix, github, stripe, slack, beton, crm, peanuts; or none, which leaves the
    /// sender's own signature as it came [default: standard_webhooks; with --connection as its destination]
    #[arg(long, value_name = "PROFILE", value_parser = signature::profile)]
    pub(super) signing: Option<signature::ListenProfile>,
    /// The secret to sign with [default: a new one, which is printed]
    #[arg(long, conflicts_with = "secret_env", value_parser = NonEmptyStringValueParser::new())]
    pub(super) secret: Option<String>,
    /// Take the secret from this environment variable.
    #[arg(long, value_name = "VARIABLE")]
    pub(super) secret_env: Option<String>,
    /// Append what stood behind the source's URL in the request, as /tenant/42. Its sender chooses that.
    #[arg(long, conflicts_with = "connection")]
    pub(super) with_path: bool,
    /// How long to wait for an answer.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub(super) timeout: Duration,
    /// Stop after so many events were forwarded.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,
    /// Print one line of JSON for each event.
    #[arg(long)]
    pub(super) json: bool,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    pub(super) url: String,
    /// A key that may read.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    pub(super) key: String,
}

impl ListenArgs {
    /// The id after which events begin by `--since`: ids begin with the time at which an event was stored, which is not
    /// before it came in.
    pub(super) fn since(&self, now: Timestamp) -> anyhow::Result<Option<EventId>> {
        let Some(given) = &self.since else { return Ok(None) };
        let at = when(given, now).context("--since")?;
        Ok(Some(EventId::from_bits(compose(at.as_millis(), 0, 0))))
    }

    /// The secret to sign with, if one was given.
    pub(super) fn secret(&self) -> anyhow::Result<Option<String>> {
        let Some(name) = &self.secret_env else { return Ok(self.secret.clone()) };
        let found = config::from_environment(name);
        found.map(Some).with_context(|| format!("--secret-env: there is no variable {name}"))
    }
}

/// `3000`, `3000/hook`, `localhost:3000/hook`, `http://127.0.0.1:3000/hook`.
fn local_url(text: &str) -> Result<Url, String> {
    let expected =
        "expected a URL such as http://127.0.0.1:3000/hook, localhost:3000/hook or a port as 3000/hook";
    let (head, path) = text.split_once('/').unwrap_or((text, ""));
    let is_number = !head.is_empty() && head.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match head.parse::<u16>() {
        _ if text.contains("://") => text.to_owned(),
        Ok(port) if port > 0 => format!("http://127.0.0.1:{port}/{path}"),
        // As a host it would be an address that nobody means.
        _ if is_number => return Err(format!("`{head}` is not a port; {expected}")),
        _ => format!("http://{text}"),
    };
    let url = Url::parse(&whole).map_err(|error| format!("{error}; {expected}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is not http or https; {expected}", url.scheme()));
    }
    Ok(url)
}

fn pattern(text: &str) -> Result<String, String> {
    route::fault(text).map_or_else(|| Ok(text.to_owned()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(local_url(text).ok().as_ref().map(Url::as_str), expected, "{text}");
        };
        check("3000", Some("http://127.0.0.1:3000/"));
        check("3000/hook?a=b", Some("http://127.0.0.1:3000/hook?a=b"));
        check("localhost:3000/hook", Some("http://localhost:3000/hook"));
        check("[::1]:3000", Some("http://[::1]:3000/"));
        check("https://example.com/a?b=c", Some("https://example.com/a?b=c"));
        check("ftp://example.com", None);
        check("", None);
        check("http://", None);
        check("70000/hook", None);
        check("0", None);
    }
}
