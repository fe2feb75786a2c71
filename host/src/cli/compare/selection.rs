//! Which gateway, which connection, which of its events.

use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;

use crate::cli::client::ApiClient;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::domain::units::parse_duration;

/// Flags that all comparisons have.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// The connection whose stored events are compared, by id or name.
    #[arg(long, value_name = "CONNECTION")]
    connection: String,
    /// The newest so many events.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    last: u64,
    /// Only events received since then: so long ago, as 2h or 7d, or a time as 2026-04-29T14:31:08Z.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only events received before then.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only events whose type matches this pattern with `*`.
    #[arg(long, value_name = "PATTERN")]
    event_type: Option<String>,
    /// Where the gateway is.
    #[arg(long, env = "HOOKMILL_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A key that may write.
    #[arg(long, env = "HOOKMILL_KEY", hide_env_values = true)]
    key: String,
}

impl Selection {
    /// The gateway.
    pub(crate) fn client(&self) -> anyhow::Result<ApiClient> {
        Ok(ApiClient::new(&self.url, Some(&self.key))?)
    }

    /// The connection, as given.
    pub(crate) fn connection(&self) -> &str {
        &self.connection
    }

    /// The request, without what is tried.
    pub(crate) fn request(&self) -> anyhow::Result<Value> {
        let now = Clock::System.now();
        let mut request = json!({"connection": self.connection, "last": self.last});
        for (name, given) in [("since", &self.since), ("until", &self.until)] {
            if let Some(given) = given {
                let at = when(given, now).with_context(|| format!("--{name}"))?;
                request[name] = at.to_string().into();
            }
        }
        if let Some(pattern) = &self.event_type {
            request["event_type"] = pattern.as_str().into();
        }
        Ok(request)
    }
}

/// A time, or so long before `now`.
pub(crate) fn when(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let ago = parse_duration(text);
    let ago = ago.map_err(|_| {
        anyhow::anyhow!(
            "expected so long ago, such as 2h, or a time such as 2026-04-29T14:31:08Z, not `{text}`"
        )
    })?;
    Ok(now.minus(ago))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_how_long_ago() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(when(text, now).ok().map(Timestamp::as_millis), expected, "{text}");
        };
        check("1970-01-01T00:00:01Z", Some(1000));
        check("2h", Some(1_790_000_000_000 - 7_200_000));
        check("yesterday", None);
        check("", None);
    }
}
