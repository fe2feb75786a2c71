//! How a destination signs, as JSON, and `/v1/destinations/{destination}/secret`.

use serde_json::Value;

use crate::control::resources::SigningDraft;
use crate::domain::secret::Secret;
use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::http::api::destinations;
use crate::http::api::destinations::DestinationView;
use crate::http::api::keys;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::reply;
use crate::http::view::View;
use crate::http::view::view;
use crate::rules::sign::signing_preset;

/// Profiles that are a generic HMAC by name.
const NAMED: [&str; 6] = ["beton", "crm", "github", "peanuts", "slack", "stripe"];

const HMAC: &[Field] = &[
    field("header", Shape::Text, "The header that carries the signature.").required(),
    field(
        "algorithm",
        Shape::Choice(&["hmac-sha1", "hmac-sha256", "hmac-sha512"]),
        "`hmac-sha256` if not given.",
    ),
    field("encoding", Shape::Choice(&["hex", "base64", "base64url"]), "`hex` if not given."),
    field(
        "value",
        Shape::Text,
        "The header's value, with {signature} and {timestamp}; `{signature}` if not given.",
    ),
    field("signed", Shape::Text, "What is signed, with {id}, {timestamp} and {body}; `{body}` if not given."),
    field("timestamp_header", Shape::Text, "A header that carries the time."),
    field("timestamp_iso", Shape::Flag, "Whether the time is ISO text instead of unix seconds."),
    field("event_header", Shape::Text, "A header that carries the event's type."),
];

/// Fields of signing.
pub(super) const SIGNING: &[Field] = &[
    field(
        "profile",
        Shape::Choice(&[
            "standard_webhooks",
            "svix",
            "hmac",
            "none",
            "beton",
            "crm",
            "github",
            "peanuts",
            "slack",
            "stripe",
        ]),
        "Which headers, over what; `standard_webhooks` if not given.",
    ),
    field("secret", Shape::Secret, "The secret; one is made if not given."),
    field("hmac", Shape::Object(HMAC), "The profile `hmac` in full."),
];

const ROTATION: &[Field] =
    &[field("secret", Shape::Secret, "The new secret; one is made if not given."), keys::ROTATION[0]];

view! {
    /// A signing secret, by its end.
    SigningSecretView {
        /// Its last four characters.
        last4: String,
        /// When it stops signing; null for the current one.
        expires_at: Option<Timestamp>,
    }

    /// How deliveries are signed.
    SigningView {
        /// The profile's name.
        profile: &'static str,
        /// The secret; shown when it is new and never again.
        ["Option::is_none"] secret: Option<String>,
        /// Those that sign, newest first.
        secrets: Vec<SigningSecretView>,
        /// The profile `hmac` in full.
        ["Option::is_none"] hmac: Option<Value>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/v1/destinations/{destination}/secret",
            "Makes a new signing secret; the old one goes on signing beside it for a while.",
            |call| Box::pin(rotate(call)),
        )
        .input(Input::OptionalJson(ROTATION))
        .output(200, Output::Json(DestinationView::describe)),
    ]
}

async fn rotate(call: Call) -> Answer {
    let ((secret, grace), faults) = call.form(|object| (object.secret("secret"), keys::grace(object)))?;
    let which = call.path("destination");
    let made = call.control().rotate_signing_secret(call.workspace()?, which, secret, grace, faults).await?;
    Ok(reply::ok(&destinations::show_new(&made)))
}

/// Reads how to sign.
pub(super) fn read(object: &Object<'_>) -> Option<SigningDraft> {
    let signing = object.object("signing")?;
    let profile = read_profile(&signing);
    Some(SigningDraft { profile, secret: signing.secret("secret") })
}

fn read_profile(signing: &Object<'_>) -> Option<SigningProfile> {
    let name = match signing.text("profile") {
        Some(name) => name,
        None if signing.has("hmac") => "hmac".to_owned(),
        None => return None,
    };
    let hmac = signing.object("hmac");
    if name != "hmac" && signing.has("hmac") {
        signing.fault("hmac", "only the profile `hmac` has this");
    }
    match name.as_str() {
        "standard_webhooks" => Some(SigningProfile::StandardWebhooks),
        "svix" => Some(SigningProfile::Svix),
        "none" => Some(SigningProfile::None),
        "hmac" => {
            if !signing.has("hmac") {
                signing.fault("hmac", "the profile `hmac` needs to know the header, and what is signed");
            }
            Some(SigningProfile::Hmac(read_hmac(&hmac?)?))
        }
        preset => {
            let found = signing_preset(preset);
            if found.is_none() {
                let detail =
                    format!("expected any of standard_webhooks, svix, hmac, none, {}", NAMED.join(", "));
                signing.fault("profile", detail);
            }
            found.map(SigningProfile::Hmac)
        }
    }
}

fn read_hmac(hmac: &Object<'_>) -> Option<HmacProfile> {
    let algorithms = [
        ("hmac-sha1", Algorithm::HmacSha1),
        ("hmac-sha256", Algorithm::HmacSha256),
        ("hmac-sha512", Algorithm::HmacSha512),
    ];
    let encodings =
        [("hex", Encoding::Hex), ("base64", Encoding::Base64), ("base64url", Encoding::Base64url)];
    Some(HmacProfile {
        algorithm: hmac.choice("algorithm", &algorithms).unwrap_or(Algorithm::HmacSha256),
        encoding: hmac.choice("encoding", &encodings).unwrap_or_default(),
        value: hmac.text("value").unwrap_or_else(|| "{signature}".to_owned()),
        signed: hmac.text("signed").unwrap_or_else(|| "{body}".to_owned()),
        timestamp_header: hmac.text("timestamp_header"),
        timestamp_iso: hmac.flag("timestamp_iso").unwrap_or(false),
        event_header: hmac.text("event_header"),
        header: hmac.text("header")?,
    })
}

/// Shows how a destination signs; `secret` only when it is new.
pub(super) fn show(signing: &Signing, secret: Option<&Secret>) -> SigningView {
    let (profile, hmac) = match &signing.profile {
        SigningProfile::StandardWebhooks => ("standard_webhooks", None),
        SigningProfile::Svix => ("svix", None),
        SigningProfile::None => ("none", None),
        SigningProfile::Hmac(hmac) => {
            match NAMED.into_iter().find(|name| signing_preset(name).as_ref() == Some(hmac)) {
                Some(name) => (name, None),
                None => ("hmac", serde_json::to_value(hmac).ok()),
            }
        }
    };
    let secrets = signing.secrets.iter().map(|secret| SigningSecretView {
        last4: secret.secret.0.last4().to_owned(),
        expires_at: secret.expires_at,
    });
    SigningView {
        profile,
        secret: secret.map(|secret| secret.expose().to_owned()),
        secrets: secrets.collect(),
        hmac,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::form::Form;
    use crate::http::form::Mode;

    const FIELDS: &[Field] = &[field("signing", Shape::Object(SIGNING), "")];

    fn check(given: Value, expected: Value) {
        let body = json!({"signing": given}).to_string();
        let (draft, faults) = Form::read(body.as_bytes(), FIELDS, Mode::Whole, read).unwrap();
        let profile = draft.and_then(|draft| draft.profile).filter(|_| faults.is_empty());
        let seen = match profile {
            Some(profile) => {
                let view =
                    serde_json::to_value(show(&Signing { profile, secrets: Vec::new() }, None)).unwrap();
                if view["hmac"].is_null() { view["profile"].clone() } else { view["hmac"].clone() }
            }
            None => faults.iter().map(|fault| fault.pointer.as_str()).collect(),
        };
        assert_eq!(seen, expected, "{given}");
    }

    #[test]
    fn reads_and_shows() {
        check(json!({"profile": "standard_webhooks"}), json!("standard_webhooks"));
        check(json!({"profile": "crm", "secret": "x"}), json!("crm"));
        check(
            json!({"hmac": {"header": "x-sign", "encoding": "base64", "value": "v={signature}"}}),
            json!({"header": "x-sign", "algorithm": "hmac-sha256", "encoding": "base64", "value": "v={signature}",
                "signed": "{body}", "timestamp_header": null, "timestamp_iso": false, "event_header": null}),
        );
    }

    #[test]
    fn faults_say_where() {
        check(json!({"profile": "sha"}), json!(["/signing/profile"]));
        check(json!({"profile": "hmac"}), json!(["/signing/hmac"]));
        check(json!({"profile": "svix", "hmac": {"header": "x"}}), json!(["/signing/hmac"]));
        check(
            json!({"hmac": {"algorithm": "md5"}}),
            json!(["/signing/hmac/header", "/signing/hmac/algorithm"]),
        );
    }

    #[test]
    fn every_named_profile_is_known() {
        for name in NAMED {
            assert!(signing_preset(name).is_some(), "{name}");
        }
    }
}
