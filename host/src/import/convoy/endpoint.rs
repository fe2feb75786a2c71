//! An endpoint of Convoy's. Not here: what goes there (`subscription`).

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::convoy::Importer;
use crate::import::convoy::duration::seconds_of;
use crate::import::convoy::key;
use crate::import::convoy::subscription::retry_of;
use crate::import::shared::auth;
use crate::import::shared::auth::Auth;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::endpoint::endpoint;
use crate::import::shared::endpoint::rate;
use crate::import::shared::headers::header_name;
use crate::import::shared::json::is_set;
use crate::import::shared::json::number;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;
use crate::import::shared::names::DraftKind;

const HEADER: &str = "X-Convoy-Signature";

impl Importer<'_> {
    /// Makes it, unless it has been; its name.
    pub(super) fn endpoint(&mut self, at: &str, given: &Value) -> Option<String> {
        let key = key(given).unwrap_or(at).to_owned();
        if let Some(known) = self.endpoints.get(&key) {
            return known.clone();
        }
        let made = self.make_endpoint(at, given);
        self.endpoints.insert(key, made.clone());
        made
    }

    fn make_endpoint(&mut self, at: &str, given: &Value) -> Option<String> {
        let wanted = text(given, "name").or(text(given, "title")).unwrap_or_default();
        let url = text(given, "url").or(text(given, "target_url")).unwrap_or_default();
        let endpoint = endpoint(url, &format!("{at}/url"), wanted, &mut self.draft)?;
        let name = self.draft.name(DraftKind::Destination, wanted, &endpoint.host);
        let auth = self.auth(at, given, endpoint.username.as_deref(), &name);
        let signing = self.signing(at, given, &name);
        let limit = number(given, "rate_limit").filter(|limit| *limit > 0).map(|limit| {
            let seconds =
                number(given, "rate_limit_duration").or_else(|| seconds_of(given, "rate_limit_duration"));
            let (rate, fate, detail) = rate(limit, seconds.unwrap_or(60).saturating_mul(1000));
            self.draft.note(&format!("{at}/rate_limit"), fate, detail);
            rate
        });
        let timeout = number(given, "http_timeout").or_else(|| seconds_of(given, "http_timeout"));
        let timeout_ms =
            timeout.filter(|seconds| *seconds > 0).map(|seconds| seconds.saturating_mul(1000).min(600_000));
        let status = text(given, "status").unwrap_or("active");
        if status != "active" {
            let detail = format!(
                "it is `{}`, and paused here: what comes in is held until it is resumed",
                shown(status)
            );
            self.draft.note(&format!("{at}/status"), ImportFate::Approximated, detail);
        }
        if is_set(given, "mtls_client_cert") {
            let detail = "there are no client certificates here: the destination is paused; put a proxy that has it in front";
            self.draft.note(&format!("{at}/mtls_client_cert"), ImportFate::Impossible, detail);
        }
        let paused = status != "active" || auth.unknown || is_set(given, "mtls_client_cert");
        let retry = match self.config.get("strategy") {
            Some(strategy) => retry_of(strategy, &format!("{}/strategy", self.config_at), &mut self.draft),
            None => None,
        };
        self.draft.add(
            DraftKind::Destination,
            without_nulls(json!({
                "name": name,
                "state": paused.then_some("paused"),
                "url": endpoint.url,
                "auth": auth.auth,
                "signing": signing,
                "timeout_ms": timeout_ms,
                "retry": retry,
                "rate": limit,
            })),
        );
        self.draft.note(
            at,
            ImportFate::Exact,
            format!("it is the destination `{name}`, save what other notes on it say"),
        );
        Some(name)
    }

    fn auth(&mut self, at: &str, given: &Value, username: Option<&str>, name: &str) -> Auth {
        let at = format!("{at}/authentication");
        if let Some(username) = username {
            return auth::basic(username, &at, name, &mut self.draft);
        }
        let nothing = Value::Null;
        let authentication =
            given.get("authentication").filter(|given| is_set(given, "type")).unwrap_or(&nothing);
        let part = |name: &str| authentication.get(name).unwrap_or(&nothing);
        match text(authentication, "type") {
            None => Auth::none(),
            Some("api_key") => match text(part("api_key"), "header_name").and_then(header_name) {
                Some(header) => auth::key(&header, &at, name, &mut self.draft),
                None => Auth::unknown(&at, "its key has no name that a header can have", &mut self.draft),
            },
            Some("basic_auth") => {
                let username = text(part("basic_auth"), "username").unwrap_or_default();
                auth::basic(username, &at, name, &mut self.draft)
            }
            Some(other) => {
                Auth::unknown(&at, &format!("`{}` is not known here", shown(other)), &mut self.draft)
            }
        }
    }

    /// The project says which header, and the endpoint whether the time is signed, too.
    fn signing(&mut self, at: &str, given: &Value, name: &str) -> Value {
        let signature = self.config.get("signature").unwrap_or(&Value::Null);
        let versions =
            signature.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let newest = versions.last().unwrap_or(&Value::Null);
        let header =
            text(signature, "header").and_then(header_name).unwrap_or_else(|| HEADER.to_ascii_lowercase());
        let algorithm = match text(newest, "hash").unwrap_or("SHA256").to_ascii_uppercase().as_str() {
            "SHA512" => "hmac-sha512",
            "SHA1" => "hmac-sha1",
            "SHA256" => "hmac-sha256",
            other => {
                let detail = format!("it is signed with SHA-256 here, as `{}` is not known", shown(other));
                self.draft.note(at, ImportFate::Approximated, detail);
                "hmac-sha256"
            }
        };
        let encoding = if text(newest, "encoding") == Some("base64") { "base64" } else { "hex" };
        let advanced = is_set(given, "advanced_signatures");
        if advanced && versions.len() > 1 {
            let detail = "it is signed in the newest version alone here, as `v1`";
            self.draft.note(at, ImportFate::Approximated, detail);
        }
        let secret = self.draft.secret(&format!("{at}/secrets"), name, "signing secret");
        let (value, signed) = match advanced {
            true => ("t={timestamp},v1={signature}", "{timestamp},{body}"),
            false => ("{signature}", "{body}"),
        };
        json!({
            "profile": "hmac",
            "secret": secret,
            "hmac": {"header": header, "algorithm": algorithm, "encoding": encoding, "value": value, "signed": signed},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("10s", Some(10)),
            ("1h3m", Some(3780)),
            ("500ms", Some(1)),
            ("", None),
            ("5", None),
            ("5d", None),
            ("ä", None),
        ] {
            assert_eq!(seconds_of(&json!({"d": text}), "d"), expected, "{text}");
        }
    }
}
