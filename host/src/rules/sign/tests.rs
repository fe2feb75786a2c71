//! Published vectors, rotation, and that what is signed here is accepted by `verify`.

use proptest::prelude::*;

use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::domain::time::Timestamp;
use crate::domain::verification::Algorithm;
use crate::domain::verification::Encoding;
use crate::domain::verification::Verification;
use crate::rules::sign::PreparedSigning;
use crate::rules::sign::SignatureHeader;
use crate::rules::sign::SigningFault;
use crate::rules::sign::generate_secret;
use crate::rules::sign::signing_preset;
use crate::rules::sign::signing_presets;
use crate::rules::sign::standard_key;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::SignedRequest;
use crate::rules::verify::presets;

/// What the standard's own example is signed with.
const SECRET: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";

fn signing(
    profile: SigningProfile,
    secrets: &[(&str, Option<u64>)],
) -> Result<PreparedSigning, SigningFault> {
    let secret = |(text, end): &(&str, Option<u64>)| SigningSecret {
        secret: StoredSecret(Secret::new(*text)),
        expires_at: end.map(Timestamp::from_millis),
    };
    PreparedSigning::prepare(&Signing { profile, secrets: secrets.iter().map(secret).collect() })
}

#[track_caller]
fn check(headers: &[SignatureHeader], expected: &[(&str, &str)]) {
    let seen: Vec<_> = headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    assert_eq!(seen, expected);
}

fn preset(name: &str) -> HmacProfile {
    signing_preset(name).unwrap()
}

#[test]
fn the_published_vector() {
    let body = br#"{"event_type":"ping","data":{"success":true}}"#;
    let at = Timestamp::from_millis(1_731_705_121_999);
    for (profile, prefix) in [(SigningProfile::StandardWebhooks, "webhook"), (SigningProfile::Svix, "svix")] {
        let prepared = signing(profile, &[(SECRET, None)]).unwrap();
        check(
            &prepared.sign("msg_loFOjxBNrRLzqYUf", at, "ping", body),
            &[
                (&format!("{prefix}-id"), "msg_loFOjxBNrRLzqYUf"),
                (&format!("{prefix}-timestamp"), "1731705121"),
                (&format!("{prefix}-signature"), "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="),
            ],
        );
    }
}

#[test]
fn an_old_secret_signs_until_it_ends() {
    let (new, old) = (generate_secret([2; 32]), generate_secret([1; 32]));
    let prepared = signing(SigningProfile::StandardWebhooks, &[(&new, None), (&old, Some(2000))]).unwrap();
    for (millis, expected) in [(1999, 2), (2000, 1), (2001, 1)] {
        let headers = prepared.sign("a", Timestamp::from_millis(millis), "", b"x");
        assert_eq!(headers[2].1.split(' ').count(), expected, "{millis}");
    }
    // One header, one signature: that of the newest secret that still signs.
    let hmac = |secrets: &[_]| signing(SigningProfile::Hmac(preset("beton")), secrets).unwrap();
    let headers = |prepared: PreparedSigning| prepared.sign("a", Timestamp::from_millis(2000), "", b"x");
    assert_eq!(headers(hmac(&[("n", None), ("o", Some(2000))])), headers(hmac(&[("n", None)])));
    assert_eq!(headers(hmac(&[("n", Some(2000)), ("o", None)])), headers(hmac(&[("o", None)])));
}

/// The expected values come from another implementation (Python's `hmac`).
#[test]
fn presets_by_name() {
    let github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let plain = &github["sha256=".len()..];
    let stripe = "t=1700000000,v1=76c83fd0acdf22faed320674fe8e04d528cfe8a17905e720a9611e40677c03b7";
    let slack = "v0=ea77f8f5e5fa3d18e87d85ad3d0671d4155ce53da0d046159b838274dc6943c9";
    let id = ("webhook-id", "dlv_1");
    for (name, expected) in [
        ("beton", vec![id, ("x-beton-signature", plain)]),
        ("peanuts", vec![id, ("x-peanuts-signature", plain)]),
        (
            "crm",
            vec![
                id,
                ("x-webhook-event", "push"),
                ("x-webhook-signature", plain),
                ("x-webhook-timestamp", "2023-11-14T22:13:20.000Z"),
            ],
        ),
        ("github", vec![id, ("x-github-event", "push"), ("x-hub-signature-256", github)]),
        ("stripe", vec![id, ("stripe-signature", stripe)]),
        ("slack", vec![id, ("x-slack-signature", slack), ("x-slack-request-timestamp", "1700000000")]),
    ] {
        let profile = SigningProfile::Hmac(preset(name));
        let prepared = signing(profile, &[("It's a Secret to Everybody", None)]).unwrap();
        let at = Timestamp::from_millis(1_700_000_000_000);
        check(&prepared.sign("dlv_1", at, "push", b"Hello, World!"), &expected);
    }
    assert_eq!(signing_preset("none"), None);
}

#[test]
fn every_preset_can_sign_and_is_found_by_its_profile() {
    let presets = signing_presets();
    let names: Vec<&str> = presets.names().collect();
    assert_eq!(names, ["beton", "crm", "peanuts", "github", "stripe", "slack"]);
    for name in names {
        let profile = presets.find(name).unwrap();
        assert_eq!(presets.name_of(profile), Some(name), "no two are the same");
        assert!(signing(SigningProfile::Hmac(profile.clone()), &[("secret", None)]).is_ok(), "{name}");
    }
}

#[test]
fn a_profile_of_ones_own() {
    let profile = HmacProfile {
        algorithm: Algorithm::HmacSha512,
        encoding: Encoding::Base64url,
        value: "{id}/{timestamp}/{body}/{signature}{".into(),
        signed: "{{id}}:{timestamp}:{nothing}:{body}".into(),
        ..preset("beton")
    };
    let prepared = signing(SigningProfile::Hmac(profile), &[("s", None)]).unwrap();
    let headers = prepared.sign("a", Timestamp::from_millis(12_000), "", b"{}");
    // hmac.new(b"s", b"{a}:12:{nothing}:{}", "sha512")
    check(
        &headers,
        &[
            ("webhook-id", "a"),
            (
                "x-beton-signature",
                "a/12/{body}/5VwtkoBVUDPiqkll8h6i-4biDJg4lGoUB09_U-_nBy0ZtsT_QT8vt2CRCPewIhGJ6fPXBJvyGwLqnbd-CzCijw{",
            ),
        ],
    );
}

#[test]
fn unsigned_deliveries_still_have_an_id_and_a_time() {
    let prepared = signing(SigningProfile::None, &[]).unwrap();
    let headers = prepared.sign("a", Timestamp::from_millis(12_999), "", b"x");
    check(&headers, &[("webhook-id", "a"), ("webhook-timestamp", "12")]);
}

#[test]
fn bad_secrets_are_named() {
    for (secret, expected) in [
        (SECRET, None),
        ("plJ3nmyCDGBKInavdOK15jsl", None),
        ("whsec_!!", Some(SigningFault::BadSecret)),
        ("whsec_c2hvcnQ=", Some(SigningFault::BadSecret)),
        ("whsec_", Some(SigningFault::BadSecret)),
        ("", Some(SigningFault::BadSecret)),
    ] {
        assert_eq!(standard_key(secret).err(), expected, "{secret}");
        assert_eq!(signing(SigningProfile::Svix, &[(secret, None)]).err(), expected, "{secret}");
    }
    assert_eq!(signing(SigningProfile::StandardWebhooks, &[]).err(), Some(SigningFault::NoSecret));
    let hmac = |algorithm| SigningProfile::Hmac(HmacProfile { algorithm, ..preset("github") });
    assert_eq!(signing(hmac(Algorithm::HmacSha1), &[("", None)]).err(), Some(SigningFault::EmptySecret));
    assert_eq!(signing(hmac(Algorithm::Ed25519), &[("x", None)]).err(), Some(SigningFault::NotHmac));
}

/// What `verify` says of a request with these headers.
fn verified(preset: &str, secret: &str, signed: Vec<SignatureHeader>, body: &[u8], at: Timestamp) -> bool {
    let headers = Headers(signed.into_iter().map(|(name, value)| (name.into_owned(), value)).collect());
    let request = SignedRequest { method: "POST", url: "", path: "", query: "", headers: &headers, body };
    let scheme = presets().find(preset).unwrap().scheme.clone();
    let secrets = vec![StoredSecret(Secret::new(secret))];
    let prepared =
        PreparedVerification::prepare(&Verification { preset: None, scheme, secrets, verify_token: None })
            .unwrap();
    prepared.verify(&request, at).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Signed here, accepted there; one bit different, refused.
    #[test]
    fn what_is_signed_is_accepted(
        key in any::<[u8; 32]>(),
        id in "[a-z]{3}_[0-9a-z]{26}",
        secs in 1_000_000_000..4_000_000_000u64,
        body in prop::collection::vec(any::<u8>(), 1..300),
        at in any::<prop::sample::Index>(),
    ) {
        let now = Timestamp::from_millis(secs * 1000 + 999);
        let secret = generate_secret(key);
        let mut other = body.clone();
        other[at.index(body.len())] ^= 1;
        for (profile, preset) in [
            (SigningProfile::StandardWebhooks, "standard_webhooks"),
            (SigningProfile::Svix, "svix"),
            (SigningProfile::Hmac(preset("github")), "github"),
            (SigningProfile::Hmac(preset("stripe")), "stripe"),
            (SigningProfile::Hmac(preset("slack")), "slack"),
        ] {
            let expired = generate_secret([8; 32]);
            let prepared = signing(profile, &[(&expired, Some(0)), (&secret, None)]).unwrap();
            let headers = prepared.sign(&id, now, "push", &body);
            prop_assert!(verified(preset, &secret, headers.clone(), &body, now), "{}", preset);
            prop_assert!(!verified(preset, &secret, headers, &other, now), "{}", preset);
        }
    }
}
