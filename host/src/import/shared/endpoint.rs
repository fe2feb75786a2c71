//! Where deliveries go: URLs that hookmill takes, how many at a time. Not here: credentials and signatures.

use serde_json::Value;
use serde_json::json;
use url::Host;
use url::Url;

use crate::import::ImportFate;
use crate::import::shared::draft::Draft;
use crate::import::shared::headers::is_secret;
use crate::import::shared::json::shown;

/// Characters of a URL.
const URL_CHARS_MAX: usize = 2048;
/// Requests of a rate.
const RATE_MAX: u64 = 10_000;
const CONCURRENCY_MAX: u64 = 1000;
/// Hosts whose URLs are secrets themselves.
const SECRET_HOSTS: [&str; 5] =
    ["hooks.slack.com", "discord.com", "discordapp.com", "hooks.zapier.com", "webhook.office.com"];

/// A URL as documents have it, and a name in it.
#[derive(Debug)]
pub(in crate::import) struct FoundEndpoint {
    /// The document's `url`.
    pub(in crate::import) url: Value,
    /// The name in the URL, where one stood there; the password did, too.
    pub(in crate::import) username: Option<String>,
    /// The host, for names.
    pub(in crate::import) host: String,
}

/// Reads a URL; `None` where hookmill could not send to it, which is told.
pub(in crate::import) fn endpoint(
    given: &str,
    at: &str,
    whose: &str,
    draft: &mut Draft,
) -> Option<FoundEndpoint> {
    let parsed =
        Url::parse(given.trim()).ok().filter(|url| given.chars().count() <= URL_CHARS_MAX && url.has_host());
    let Some(mut url) =
        parsed.filter(|url| matches!(url.scheme(), "http" | "https") && url.port() != Some(0))
    else {
        // A URL may have a secret in it, so little of it is shown.
        let begin: String = shown(given).chars().take(16).collect();
        let detail =
            format!("`{begin}…` is no URL that can be sent to: give one such as https://example.com/hook");
        draft.note(at, ImportFate::Impossible, detail);
        return None;
    };
    url.set_fragment(None);
    let username =
        (!url.username().is_empty() || url.password().is_some()).then(|| url.username().to_owned());
    // Neither fails where there is a host.
    if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
        return None;
    }
    warn(&url, at, draft);
    let host = url.host_str().unwrap_or_default().to_owned();
    let hidden = url.query_pairs().any(|(name, _)| is_secret(&name))
        || SECRET_HOSTS.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")));
    let url = if hidden { draft.secret(at, whose, "URL") } else { url.as_str().into() };
    Some(FoundEndpoint { url, username, host })
}

/// Says what a server refuses unless it is told otherwise.
fn warn(url: &Url, at: &str, draft: &mut Draft) {
    if url.scheme() == "http" {
        let detail =
            "plain http is refused unless the server is set to `egress.allow_http`: use https, or set that";
        draft.note(at, ImportFate::Approximated, detail);
    }
    let is_private = match url.host() {
        Some(Host::Ipv4(v4)) => {
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()
        }
        Some(Host::Ipv6(v6)) => {
            v6.is_loopback() || v6.is_unspecified() || v6.segments()[0] & 0xfe00 == 0xfc00
        }
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    if is_private {
        let detail = "addresses that are not public are refused unless their network is in the server's `egress.allow`";
        draft.note(at, ImportFate::Approximated, detail);
    }
}

/// The document's `rate` for so many deliveries in so many milliseconds, and how it differs.
pub(in crate::import) fn rate(events: u64, period_ms: u64) -> (Value, ImportFate, String) {
    let per = match period_ms {
        1000 => Some("second"),
        60_000 => Some("minute"),
        3_600_000 => Some("hour"),
        _ => None,
    };
    if let Some(per) = per.filter(|_| (1..=RATE_MAX).contains(&events)) {
        return (json!({"requests": events, "per": per}), ImportFate::Exact, "it is `rate`".to_owned());
    }
    let in_a_minute = (events.saturating_mul(60_000) / period_ms.max(1)).clamp(1, RATE_MAX);
    let detail = format!(
        "it is `rate`, {in_a_minute} a minute for {events} in {period_ms} ms: a rate is by the second, minute or hour, at most {RATE_MAX}"
    );
    (json!({"requests": in_a_minute, "per": "minute"}), ImportFate::Approximated, detail)
}

/// The document's `concurrency` for exactly so many at a time.
pub(in crate::import) fn at_a_time(count: u64) -> Value {
    count.clamp(1, CONCURRENCY_MAX).into()
}
