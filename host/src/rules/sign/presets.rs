//! Generic profiles by the name of the product whose receivers read them.

use crate::domain::signing::HmacProfile;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;

/// Every name that [`signing_preset`] knows.
pub const SIGNING_PRESETS: [&str; 6] = ["beton", "crm", "peanuts", "github", "stripe", "slack"];

/// A generic profile by name, if the name is known.
pub fn signing_preset(name: &str) -> Option<HmacProfile> {
    Some(match name {
        "beton" => plain("x-beton-signature", "{signature}", "{body}"),
        "peanuts" => plain("x-peanuts-signature", "{signature}", "{body}"),
        "crm" => HmacProfile {
            timestamp_header: Some("x-webhook-timestamp".into()),
            timestamp_iso: true,
            event_header: Some("x-webhook-event".into()),
            ..plain("x-webhook-signature", "{signature}", "{body}")
        },
        "github" => HmacProfile {
            event_header: Some("x-github-event".into()),
            ..plain("x-hub-signature-256", "sha256={signature}", "{body}")
        },
        "stripe" => plain("stripe-signature", "t={timestamp},v1={signature}", "{timestamp}.{body}"),
        "slack" => HmacProfile {
            timestamp_header: Some("x-slack-request-timestamp".into()),
            ..plain("x-slack-signature", "v0={signature}", "v0:{timestamp}:{body}")
        },
        _ => return None,
    })
}

/// HMAC-SHA256 in hexadecimal in one header.
fn plain(header: &str, value: &str, signed: &str) -> HmacProfile {
    HmacProfile {
        header: header.to_owned(),
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        value: value.to_owned(),
        signed: signed.to_owned(),
        timestamp_header: None,
        timestamp_iso: false,
        event_header: None,
    }
}
