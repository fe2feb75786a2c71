//! How a source proves whom a request is from, as Hookdeck, Convoy and n8n write it. Not here: where it stands there.

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::shared::draft::Draft;
use crate::import::shared::headers::header_name;
use crate::import::shared::json::shown;
use crate::import::shared::json::text;

/// Providers by the name they have there, and their preset here.
const PRESETS: [(&str, &str); 34] = [
    ("BUILDKITE", "buildkite"),
    ("CAL_COM", "cal_com"),
    ("CLERK", "svix"),
    ("CURSOR", "cursor"),
    ("CUSTOMERIO", "customer_io"),
    ("DISCORD", "discord"),
    ("DOCUSIGN", "docusign"),
    ("ELEVENLABS", "elevenlabs"),
    ("FACEBOOK", "meta"),
    ("GITHUB", "github"),
    ("GITLAB", "gitlab"),
    ("HUBSPOT", "hubspot"),
    ("INTERCOM", "intercom"),
    ("LINEAR", "linear"),
    ("META", "meta"),
    ("ONFLEET", "onfleet"),
    ("OPENAI", "standard_webhooks"),
    ("PADDLE", "paddle"),
    ("REPLICATE", "standard_webhooks"),
    ("RESEND", "svix"),
    ("SENDGRID", "sendgrid"),
    ("SHOPIFY", "shopify"),
    ("SLACK", "slack"),
    ("SQUARE", "square"),
    ("STANDARD_WEBHOOKS", "standard_webhooks"),
    ("STRIPE", "stripe"),
    ("SVIX", "svix"),
    ("TWILIO", "twilio"),
    ("TWITTER", "x"),
    ("TYPEFORM", "typeform"),
    ("VERCEL", "vercel"),
    ("WEBFLOW", "webflow"),
    ("WOOCOMMERCE", "woocommerce"),
    ("ZOOM", "zoom"),
];

/// What a source is to ask for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) enum Proof {
    /// Nothing but the URL.
    None,
    /// The document's `basic`.
    Basic(Value),
    /// The document's `verification`.
    Verification(Value),
    /// Something that cannot be asked for here, so nothing may come in.
    Unknown,
}

/// A provider by its name.
pub(in crate::import) fn provider(kind: &str, at: &str, whose: &str, draft: &mut Draft) -> Proof {
    let upper = kind.to_ascii_uppercase();
    let Some((_, preset)) = PRESETS.into_iter().find(|(name, _)| *name == upper) else {
        let detail = format!(
            "there is no preset for `{}`: the source is paused; write its `verification` as a scheme, then resume it",
            shown(kind)
        );
        draft.note(at, ImportFate::Impossible, detail);
        return Proof::Unknown;
    };
    let secret = draft.secret(at, whose, "signing secret");
    Proof::Verification(json!({"preset": preset, "secret": secret}))
}

/// An HMAC over the body: `algorithm` or `hash`, `encoding`, `header_key` or `header`.
pub(in crate::import) fn hmac(auth: &Value, at: &str, whose: &str, draft: &mut Draft) -> Proof {
    let lower = |names: [&str; 2], otherwise: &str| {
        let found = names.into_iter().find_map(|name| text(auth, name)).unwrap_or(otherwise);
        found.to_ascii_lowercase().replace('-', "")
    };
    let algorithm = match lower(["algorithm", "hash"], "sha256").as_str() {
        "sha1" => Some("hmac-sha1"),
        "sha256" => Some("hmac-sha256"),
        "sha512" => Some("hmac-sha512"),
        _ => None,
    };
    let encoding = match lower(["encoding", "encoding"], "hex").as_str() {
        "hex" => Some("hex"),
        "base64" => Some("base64"),
        "base64url" => Some("base64url"),
        _ => None,
    };
    let header = text(auth, "header_key").or(text(auth, "header")).and_then(header_name);
    let (Some(algorithm), Some(encoding), Some(header)) = (algorithm, encoding, header) else {
        let detail = "the HMAC has a header, an algorithm or an encoding that is not known here (SHA-1, SHA-256, SHA-512; hex, base64, base64url): the source is paused; write its `verification`, then resume it";
        draft.note(at, ImportFate::Impossible, detail);
        return Proof::Unknown;
    };
    let secret = draft.secret(at, whose, "HMAC secret");
    Proof::Verification(json!({
        "scheme": {"algorithm": algorithm, "encoding": encoding, "signature": {"headers": [header]}},
        "secret": secret,
    }))
}

/// Name and password.
pub(in crate::import) fn basic(auth: &Value, at: &str, whose: &str, draft: &mut Draft) -> Proof {
    let name = text(auth, "username").or(text(auth, "name")).unwrap_or_default();
    if name.contains(':') || name.chars().any(char::is_control) {
        draft.note(
            at,
            ImportFate::Impossible,
            "the name has a colon or control characters: the source is paused",
        );
        return Proof::Unknown;
    }
    // Where the file does not have the name, it is elsewhere, as the password is.
    let username = match name.is_empty() {
        true => draft.secret(at, whose, "basic username"),
        false => name.into(),
    };
    let password = draft.secret(at, whose, "basic password");
    Proof::Basic(json!({"username": username, "password": password}))
}

/// A key that the sender has, in a header of its own: the header must be equal to it.
pub(in crate::import) fn api_key(auth: &Value, at: &str, whose: &str, draft: &mut Draft) -> Proof {
    let names = ["header_key", "header_name", "name"];
    let header = names.into_iter().find_map(|name| text(auth, name)).and_then(header_name);
    let Some(header) = header else {
        draft.note(
            at,
            ImportFate::Impossible,
            "it names no header for its key: the source is paused; write its `verification`, then resume it",
        );
        return Proof::Unknown;
    };
    token(&header, at, whose, draft)
}

/// A header that must be equal to a secret.
pub(in crate::import) fn token(header: &str, at: &str, whose: &str, draft: &mut Draft) -> Proof {
    let secret = draft.secret(at, whose, "API key");
    Proof::Verification(json!({
        "scheme": {"algorithm": "token", "signature": {"headers": [header]}},
        "secret": secret,
    }))
}
