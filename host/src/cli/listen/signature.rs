//! What is forwarded is signed as a delivery would be, with a secret of its own: those of destinations are never shown.
//! Not here: how each profile signs (`rules::sign`).

use anyhow::Context as _;
use serde_json::Value;

use crate::control::random_bytes;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::domain::time::Timestamp;
use crate::rules::sign::PreparedSigning;
use crate::rules::sign::SignatureHeader;
use crate::rules::sign::generate_secret;
use crate::rules::sign::signing_presets;

/// A profile and its name.
#[derive(Clone, Debug)]
pub(super) struct ListenProfile {
    name: String,
    profile: SigningProfile,
}

impl Default for ListenProfile {
    fn default() -> Self {
        Self { name: "standard_webhooks".to_owned(), profile: SigningProfile::StandardWebhooks }
    }
}

/// A profile by its name.
pub(super) fn profile(name: &str) -> Result<ListenProfile, String> {
    let presets = signing_presets();
    let profile = match name {
        "standard_webhooks" => SigningProfile::StandardWebhooks,
        "svix" => SigningProfile::Svix,
        "none" => SigningProfile::None,
        _ => match presets.find(name) {
            Some(preset) => SigningProfile::Hmac(preset.clone()),
            None => {
                let names: Vec<&str> =
                    ["standard_webhooks", "svix", "none"].into_iter().chain(presets.names()).collect();
                return Err(format!("expected one of {}", names.join(", ")));
            }
        },
    };
    Ok(ListenProfile { name: name.to_owned(), profile })
}

impl ListenProfile {
    /// That of a destination, as the API shows it.
    pub(super) fn of_destination(signing: &Value) -> anyhow::Result<Self> {
        let name = signing["profile"].as_str().unwrap_or_default();
        if name == "hmac" {
            let profile = serde_json::from_value(signing["hmac"].clone());
            let profile = profile.context("read the destination's signing profile")?;
            return Ok(Self { name: name.to_owned(), profile: SigningProfile::Hmac(profile) });
        }
        profile(name).map_err(|expected| {
            anyhow::anyhow!("the destination's signing profile `{name}` is not known here: {expected}; --signing chooses another")
        })
    }
}

/// Signs what is forwarded.
#[derive(Debug)]
pub(super) struct ListenSignature {
    /// `None` where nothing is added.
    prepared: Option<PreparedSigning>,
    /// For people: how it is signed, and with which secret if that is new.
    pub(super) words: String,
}

impl ListenSignature {
    /// With the secret that was given, else with a new one.
    pub(super) fn new(with: &ListenProfile, given: Option<String>) -> anyhow::Result<Self> {
        let ListenProfile { name, profile } = with;
        if *profile == SigningProfile::None {
            return Ok(Self { prepared: None, words: "not signed: headers stay as they are".to_owned() });
        }
        let (secret, words) = match given {
            Some(secret) => (secret, format!("signed ({name}) with the secret that was given")),
            None => {
                let secret = generate_secret(random_bytes());
                let words = format!("signed ({name}) with {secret}, made for this run; --secret sets one");
                (secret, words)
            }
        };
        let secret = SigningSecret { secret: StoredSecret(Secret::new(secret)), expires_at: None };
        let signing = Signing { profile: profile.clone(), secrets: vec![secret] };
        let prepared = PreparedSigning::prepare(&signing).with_context(|| format!("sign by {name}"))?;
        Ok(Self { prepared: Some(prepared), words })
    }

    /// The headers of a signature.
    pub(super) fn headers(
        &self,
        id: &str,
        now: Timestamp,
        event_type: &str,
        body: &[u8],
    ) -> Vec<SignatureHeader> {
        self.prepared.as_ref().map_or_else(Vec::new, |prepared| prepared.sign(id, now, event_type, body))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn profiles_by_name_and_as_a_destination_has_them() {
        let named = |name: &str| profile(name).map(|found| found.profile);
        assert_eq!(named("standard_webhooks"), Ok(SigningProfile::StandardWebhooks));
        assert!(matches!(named("github"), Ok(SigningProfile::Hmac(_))));
        assert!(named("hmac").unwrap_err().contains("standard_webhooks, svix, none, beton"));
        let own = json!({"profile": "hmac", "hmac": {"header": "x-sign", "algorithm": "hmac-sha512", "encoding": "hex",
            "value": "{signature}", "signed": "{body}", "timestamp_header": null, "timestamp_iso": false, "event_header": null}});
        let own = ListenProfile::of_destination(&own).unwrap();
        let headers = ListenSignature::new(&own, Some("s".to_owned())).unwrap();
        let headers = headers.headers("evt_1", Timestamp::default(), "push", b"{}");
        assert_eq!(headers[1].0, "x-sign");
        assert!(ListenProfile::of_destination(&json!({"profile": "later"})).is_err());
    }

    #[test]
    fn nothing_is_added_where_nothing_signs() {
        let signature = ListenSignature::new(&profile("none").unwrap(), None).unwrap();
        assert!(signature.headers("evt_1", Timestamp::default(), "", b"").is_empty());
    }

    #[test]
    fn a_bad_secret_is_told() {
        let error = ListenSignature::new(&ListenProfile::default(), Some("short".to_owned())).unwrap_err();
        assert!(format!("{error:#}").contains("whsec_"), "{error:#}");
    }
}
