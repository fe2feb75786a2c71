//! How a destination signs, as JSON. Not here: one secret after another (`rotation`).

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;

use crate::control::resources::SigningDraft;
use crate::domain::secret::Secret;
use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::http::request::RequestFaults;
use crate::http::schema::one_of;
use crate::rules::sign::signing_presets;

/// Profiles beside those that are a generic HMAC by name.
const PROFILES: [&str; 4] = ["standard_webhooks", "svix", "hmac", "none"];

/// The profile `hmac` in full.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HmacBody {
    /// The header that carries the signature.
    #[schema(required = true, nullable = false)]
    header: Option<String>,
    /// `hmac-sha256` if not given.
    #[schema(schema_with = algorithms)]
    algorithm: Option<Algorithm>,
    /// `hex` if not given.
    #[schema(schema_with = encodings)]
    encoding: Option<Encoding>,
    /// The header's value, with {signature} and {timestamp}; `{signature}` if not given.
    #[schema(nullable = false)]
    value: Option<String>,
    /// What is signed, with {id}, {timestamp} and {body}; `{body}` if not given.
    #[schema(nullable = false)]
    signed: Option<String>,
    /// A header that carries the time.
    #[schema(nullable = false)]
    timestamp_header: Option<String>,
    /// Whether the time is ISO text instead of unix seconds.
    #[schema(nullable = false)]
    timestamp_iso: Option<bool>,
    /// A header that carries the event's type.
    #[schema(nullable = false)]
    event_header: Option<String>,
}

fn algorithms() -> RefOr<Schema> {
    one_of("`hmac-sha256` if not given.", &["hmac-sha1", "hmac-sha256", "hmac-sha512"])
}

fn encodings() -> RefOr<Schema> {
    one_of("`hex` if not given.", &["hex", "base64", "base64url"])
}

fn profiles() -> RefOr<Schema> {
    let presets = signing_presets();
    let names: Vec<&str> = PROFILES.into_iter().chain(presets.names()).collect();
    one_of("Which headers, over what; `standard_webhooks` if not given.", &names)
}

/// How deliveries are to be signed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningBody {
    /// Which headers, over what; `standard_webhooks` if not given.
    #[schema(schema_with = profiles)]
    profile: Option<String>,
    /// The secret; one is made if not given.
    #[schema(nullable = false)]
    secret: Option<Secret>,
    /// The profile `hmac` in full.
    #[schema(nullable = false)]
    hmac: Option<HmacBody>,
}

/// A signing secret, by its end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningSecretView {
    /// Its last four characters.
    pub last4: String,
    /// When it stops signing; null for the current one.
    #[schema(required = true)]
    pub expires_at: Option<Timestamp>,
}

/// How deliveries are signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningView {
    /// The profile's name.
    pub profile: String,
    /// The secret; shown when it is new and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
    /// Those that sign, newest first.
    pub secrets: Vec<SigningSecretView>,
    /// The profile `hmac` in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hmac: Option<Value>,
}

impl SigningBody {
    /// As the domain takes it.
    pub(in crate::http::api) fn draft(self, faults: &mut RequestFaults) -> SigningDraft {
        SigningDraft { profile: read_profile(self.profile, self.hmac, faults), secret: self.secret }
    }
}

fn read_profile(
    name: Option<String>,
    hmac: Option<HmacBody>,
    faults: &mut RequestFaults,
) -> Option<SigningProfile> {
    const HMAC: &str = "/signing/hmac";
    let name = match name {
        Some(name) => name,
        None if hmac.is_some() => "hmac".to_owned(),
        None => return None,
    };
    if name != "hmac" && hmac.is_some() {
        faults.add(HMAC, "only the profile `hmac` has this");
    }
    match name.as_str() {
        "standard_webhooks" => Some(SigningProfile::StandardWebhooks),
        "svix" => Some(SigningProfile::Svix),
        "none" => Some(SigningProfile::None),
        "hmac" => {
            if hmac.is_none() && !faults.has_below(HMAC) {
                faults.add(HMAC, "the profile `hmac` needs to know the header, and what is signed");
            }
            Some(SigningProfile::Hmac(hmac?.profile()?))
        }
        preset => signing_presets().find(preset).cloned().map(SigningProfile::Hmac),
    }
}

impl HmacBody {
    fn profile(self) -> Option<HmacProfile> {
        Some(HmacProfile {
            algorithm: self.algorithm.unwrap_or(Algorithm::HmacSha256),
            encoding: self.encoding.unwrap_or_default(),
            value: self.value.unwrap_or_else(|| "{signature}".to_owned()),
            signed: self.signed.unwrap_or_else(|| "{body}".to_owned()),
            timestamp_header: self.timestamp_header,
            timestamp_iso: self.timestamp_iso.unwrap_or(false),
            event_header: self.event_header,
            header: self.header?,
        })
    }
}

/// Shows how a destination signs; `secret` only when it is new.
pub(in crate::http::api) fn show(signing: &Signing, secret: Option<&Secret>) -> SigningView {
    let presets;
    let (profile, hmac) = match &signing.profile {
        SigningProfile::StandardWebhooks => ("standard_webhooks", None),
        SigningProfile::Svix => ("svix", None),
        SigningProfile::None => ("none", None),
        SigningProfile::Hmac(hmac) => {
            presets = signing_presets();
            match presets.name_of(hmac) {
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
        profile: profile.to_owned(),
        secret: secret.map(|secret| secret.expose().to_owned()),
        secrets: secrets.collect(),
        hmac,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::request::Shapes;

    fn check(given: Value, expected: Value) {
        let (body, mut faults) = Shapes::default().read::<SigningBody>(&given.to_string()).unwrap();
        let draft = Some(body.draft(&mut faults));
        let profile = draft.and_then(|draft| draft.profile).filter(|_| faults.is_empty());
        let seen = match profile {
            Some(profile) => {
                let view =
                    serde_json::to_value(show(&Signing { profile, secrets: Vec::new() }, None)).unwrap();
                if view["hmac"].is_null() { view["profile"].clone() } else { view["hmac"].clone() }
            }
            None => pointers(faults).into(),
        };
        assert_eq!(seen, expected, "{given}");
    }

    fn pointers(faults: RequestFaults) -> Vec<String> {
        let rooted = |pointer: String| match pointer.starts_with("/signing") {
            true => pointer,
            false => format!("/signing{pointer}"),
        };
        faults.into_inner().into_iter().map(|fault| rooted(fault.pointer)).collect()
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
            json!(["/signing/hmac/algorithm", "/signing/hmac/header"]),
        );
    }
}
