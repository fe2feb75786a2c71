//! How a destination signs, from what a request gives, and the rotation of its secret.
//! Not here: signing itself (`rules::sign`).

use crate::control::resources::check::Faults;
use crate::control::resources::check::fields;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::signing::HmacProfile;
use crate::domain::signing::Signing;
use crate::domain::signing::SigningProfile;
use crate::domain::signing::SigningSecret;
use crate::domain::verification::KeyHolder;
use crate::rules::sign::PreparedSigning;
use crate::rules::sign::generate_secret;

/// What a request says about signing.
#[derive(Clone, Debug, Default)]
pub struct SigningDraft {
    /// Which headers, over what.
    pub profile: Option<SigningProfile>,
    /// The secret; not given: one is made where one is needed.
    pub secret: Option<Secret>,
}

impl SigningDraft {
    /// A secret that signs already is no new one: others may sign beside it for a while.
    pub(super) fn keep_secret(&mut self, old: &Signing) {
        let current = old.secrets.first().map(|secret| secret.secret.0.expose());
        self.secret.take_if(|secret| Some(secret.expose()) == current);
    }
}

/// Applies a draft; answers the secret when there is a new one. `random` is used for that.
pub(super) fn apply(
    signing: &mut Signing,
    draft: SigningDraft,
    random: [u8; 32],
    faults: &mut Faults,
) -> Option<Secret> {
    if let Some(profile) = draft.profile {
        if !same_secrets(&signing.profile, &profile) {
            signing.secrets.clear();
        }
        signing.profile = checked_profile(profile, faults);
    }
    if signing.profile == SigningProfile::None {
        signing.secrets.clear();
        if draft.secret.is_some() {
            faults.add("/signing/secret", "the profile `none` has no secret");
        }
        return None;
    }
    let shown = match draft.secret {
        Some(secret) => Some(secret),
        None if signing.secrets.is_empty() => Some(Secret::new(generate_secret(random))),
        None => None,
    };
    if let Some(secret) = &shown {
        signing.secrets = vec![SigningSecret { secret: StoredSecret(secret.clone()), expires_at: None }];
    }
    check(signing, faults);
    shown
}

/// Whether a secret of one profile is one for the other.
fn same_secrets(old: &SigningProfile, new: &SigningProfile) -> bool {
    let standard =
        |profile: &SigningProfile| matches!(profile, SigningProfile::StandardWebhooks | SigningProfile::Svix);
    let hmac = |profile: &SigningProfile| matches!(profile, SigningProfile::Hmac(_));
    (standard(old) && standard(new)) || (hmac(old) && hmac(new))
}

fn check(signing: &Signing, faults: &mut Faults) {
    if signing.secrets.iter().any(|secret| secret.secret.0.expose().is_empty()) {
        faults.add("/signing/secret", "a secret must not be empty");
    } else if let Err(fault) = PreparedSigning::prepare(signing) {
        faults.missing("/signing/secret", fault.to_string());
    }
}

fn checked_profile(profile: SigningProfile, faults: &mut Faults) -> SigningProfile {
    let SigningProfile::Hmac(mut hmac) = profile else { return profile };
    if hmac.algorithm.key_holder() != KeyHolder::Both {
        faults.add("/signing/hmac/algorithm", "expected hmac-sha1, hmac-sha256 or hmac-sha512");
    }
    if !hmac.value.contains("{signature}") {
        faults.add("/signing/hmac/value", "the header's value must contain {signature}");
    }
    if !hmac.signed.contains("{body}") {
        faults.add("/signing/hmac/signed", "what is signed must contain {body}, or anybody could change it");
    }
    lower(&mut hmac, faults);
    SigningProfile::Hmac(hmac)
}

fn lower(hmac: &mut HmacProfile, faults: &mut Faults) {
    let named = [
        ("header", Some(&mut hmac.header)),
        ("timestamp_header", hmac.timestamp_header.as_mut()),
        ("event_header", hmac.event_header.as_mut()),
    ];
    for (field, name) in named {
        let Some(name) = name else { continue };
        match fields::header_name(name) {
            Ok(lower) => *name = lower,
            Err(detail) => faults.missing(&format!("/signing/hmac/{field}"), detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verification::Algorithm;
    use crate::rules::sign::signing_preset;

    fn blank() -> Signing {
        Signing { profile: SigningProfile::StandardWebhooks, secrets: Vec::new() }
    }

    #[test]
    fn a_secret_is_made_kept_and_replaced_as_profiles_change() {
        let mut faults = Faults::of("destination", Vec::new());
        let mut signing = blank();
        let first = apply(&mut signing, SigningDraft::default(), [1; 32], &mut faults);
        assert!(first.unwrap().expose().starts_with("whsec_"));
        let change = |profile| SigningDraft { profile: Some(profile), secret: None };
        assert!(apply(&mut signing, change(SigningProfile::Svix), [2; 32], &mut faults).is_none(), "kept");
        let hmac = SigningProfile::Hmac(signing_preset("github").unwrap());
        assert!(apply(&mut signing, change(hmac), [3; 32], &mut faults).is_some(), "replaced");
        assert!(apply(&mut signing, change(SigningProfile::None), [4; 32], &mut faults).is_none());
        assert!(signing.secrets.is_empty() && faults.done().is_ok());
    }

    #[test]
    fn faults_say_where() {
        fn check(draft: SigningDraft, pointer: &str) {
            let mut faults = Faults::of("destination", Vec::new());
            apply(&mut blank(), draft, [0; 32], &mut faults);
            assert!(faults.within(pointer), "{pointer}: {faults:?}");
        }
        let secret = |text: &str| Some(Secret::new(text));
        check(SigningDraft { profile: None, secret: secret("whsec_short") }, "/signing/secret");
        check(SigningDraft { profile: Some(SigningProfile::None), secret: secret("x") }, "/signing/secret");
        let github = signing_preset("github").unwrap();
        let hmac = |profile| SigningDraft { profile: Some(SigningProfile::Hmac(profile)), secret: None };
        check(hmac(HmacProfile { header: "a b".into(), ..github.clone() }), "/signing/hmac/header");
        check(hmac(HmacProfile { value: "x".into(), ..github.clone() }), "/signing/hmac/value");
        check(hmac(HmacProfile { signed: "x".into(), ..github.clone() }), "/signing/hmac/signed");
        check(hmac(HmacProfile { algorithm: Algorithm::Token, ..github }), "/signing/hmac/algorithm");
    }
}
