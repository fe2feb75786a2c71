//! A source's verification from what a request gives: a preset's name or a whole scheme, and the
//! secrets. Not here: checking requests (`rules::verify`).

use crate::control::resources::check::Faults;
use crate::control::resources::check::fields;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::domain::verification::Scheme;
use crate::domain::verification::Verification;
use crate::rules::challenge;
use crate::rules::verify::Challenge;
use crate::rules::verify::PreparedVerification;
use crate::rules::verify::Preset;
use crate::rules::verify::presets;

const SECRETS_MAX: usize = 10;
const TOLERANCE_S_MAX: u64 = 7 * 24 * 3600;

/// What a request says about a verification.
#[derive(Clone, Debug, Default)]
pub struct VerificationDraft {
    /// A preset by name.
    pub preset: Option<String>,
    /// A scheme in full instead.
    pub scheme: Option<Scheme>,
    /// Any of them may have signed.
    pub secrets: Vec<Secret>,
    /// What the provider repeats in the URL; signs nothing.
    pub verify_token: Option<Secret>,
    /// Seconds the time of signing may differ from now, instead of the scheme's.
    pub tolerance_s: Option<u64>,
    /// The status of a refusal instead of the scheme's.
    pub fail_status: Option<u16>,
}

impl VerificationDraft {
    /// Takes the secrets of before where it mentions none.
    pub(super) fn keep_secrets(&mut self, old: Option<&Verification>) {
        let Some(old) = old else { return };
        if self.secrets.is_empty() {
            self.secrets = old.secrets.iter().map(|secret| secret.0.clone()).collect();
        }
        if self.verify_token.is_none() {
            let keeps = challenge_of(self.preset.as_deref()) == Some(Challenge::MetaHubChallenge);
            self.verify_token = old.verify_token.as_ref().filter(|_| keeps).map(|token| token.0.clone());
        }
    }
}

/// The verification a draft means, and the preset it came from. What is not given stays as it is
/// in `old`.
pub(super) fn build(
    draft: VerificationDraft,
    old: Option<&Verification>,
    faults: &mut Faults,
) -> Option<(Verification, Option<Preset>)> {
    let mut preset = None;
    let (name, mut scheme) = match (draft.preset, draft.scheme, old) {
        (Some(_), Some(_), _) => {
            faults.add("/verification", "give either `preset` or `scheme`, not both");
            return None;
        }
        (Some(name), None, _) => {
            preset = find(&name, faults);
            (Some(name), preset.as_ref()?.scheme.clone())
        }
        (None, Some(scheme), _) => (None, scheme),
        (None, None, Some(old)) => (old.preset.clone(), old.scheme.clone()),
        (None, None, None) => {
            if !faults.within("/verification/scheme") {
                faults.missing("/verification/preset", "name a preset, or give a `scheme`");
            }
            return None;
        }
    };
    adjust(&mut scheme, draft.tolerance_s, draft.fail_status, faults);
    lower_headers(&mut scheme, faults);
    let challenge = challenge_of(name.as_deref());
    let secrets = match old {
        Some(old) if draft.secrets.is_empty() => kept_secrets(old, draft.verify_token.as_ref()),
        _ => draft.secrets.into_iter().map(StoredSecret).collect(),
    };
    let token = draft.verify_token.map(StoredSecret);
    if token.is_some() && challenge != Some(Challenge::MetaHubChallenge) {
        let detail =
            "this provider asks with no token in the URL; only the preset `meta` has a `verify_token`";
        faults.add("/verification/verify_token", detail);
    }
    let kept = old.and_then(|old| old.verify_token.clone());
    let verify_token = token.or(kept.filter(|_| challenge == Some(Challenge::MetaHubChallenge)));
    let verification = Verification { preset: name, scheme, secrets, verify_token };
    check(&verification, faults);
    Some((verification, preset))
}

fn challenge_of(preset: Option<&str>) -> Option<Challenge> {
    presets().find(preset?)?.challenge
}

/// The secrets of before. Where a token is set for the first time, the one that stood among them signs no longer.
fn kept_secrets(old: &Verification, token: Option<&Secret>) -> Vec<StoredSecret> {
    match (token, &old.verify_token) {
        (Some(token), None) => {
            let (signing, _) = challenge::part(old, challenge_of(old.preset.as_deref()));
            let others = signing.into_iter().filter(|secret| secret.0.expose() != token.expose());
            others.cloned().collect()
        }
        _ => old.secrets.clone(),
    }
}

fn find(name: &str, faults: &mut Faults) -> Option<Preset> {
    let presets = presets();
    let found = presets.find(name).cloned();
    if found.is_none() {
        let known: Vec<&str> = presets.names().collect();
        let detail = format!("there is no preset `{name}`; there are {}", known.join(", "));
        faults.add("/verification/preset", detail);
    }
    found
}

fn adjust(scheme: &mut Scheme, tolerance_s: Option<u64>, fail_status: Option<u16>, faults: &mut Faults) {
    if let Some(tolerance_s) = tolerance_s {
        fields::within(tolerance_s, 1, TOLERANCE_S_MAX, "/verification/tolerance_s", faults);
        match &mut scheme.timestamp {
            Some(place) => place.tolerance_s = tolerance_s,
            None => faults.add("/verification/tolerance_s", "this scheme has no time of signing"),
        }
    }
    if let Some(status) = fail_status {
        scheme.fail_status = status;
    }
    if !(400..=499).contains(&scheme.fail_status) {
        faults.add("/verification/fail_status", "expected a status from 400 to 499");
    }
}

/// Requests' headers are compared in lower case.
fn lower_headers(scheme: &mut Scheme, faults: &mut Faults) {
    let timestamps = scheme.timestamp.iter_mut().flat_map(|place| &mut place.headers);
    for name in scheme.signature.headers.iter_mut().chain(timestamps).chain(&mut scheme.id_header) {
        match fields::header_name(name) {
            Ok(lower) => *name = lower,
            Err(detail) => faults.add("/verification/scheme", detail),
        }
    }
}

fn check(verification: &Verification, faults: &mut Faults) {
    if verification.secrets.is_empty() {
        faults.missing("/verification/secret", "give the secret that the provider signs with");
        return;
    }
    if verification.secrets.len() > SECRETS_MAX {
        faults.add("/verification/secrets", format!("at most {SECRETS_MAX} secrets"));
    }
    if verification.secrets.iter().any(|secret| secret.0.expose().is_empty()) {
        faults.add("/verification/secret", "a secret must not be empty: everybody could sign with it");
    }
    if let Some(token) = &verification.verify_token {
        if token.0.expose().is_empty() {
            faults.add("/verification/verify_token", "a verify token must not be empty");
        }
        if verification.secrets.iter().any(|secret| secret.0.expose() == token.0.expose()) {
            let detail = "the verify token stands in URLs; it must not be one of the secrets that sign";
            faults.add("/verification/verify_token", detail);
        }
    }
    for detail in PreparedVerification::prepare(verification).err().unwrap_or_default() {
        faults.add("/verification", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::resources::check::ManageError;

    fn build_new(draft: VerificationDraft) -> Result<Option<(Verification, Option<Preset>)>, Vec<String>> {
        let mut faults = Faults::of("source", Vec::new());
        let built = build(draft, None, &mut faults);
        match faults.done() {
            Ok(()) => Ok(built),
            Err(ManageError::Invalid { faults, .. }) => {
                Err(faults.into_iter().map(|fault| fault.pointer).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn draft(preset: &str, secret: &str) -> VerificationDraft {
        VerificationDraft {
            preset: Some(preset.into()),
            secrets: vec![Secret::new(secret)],
            ..Default::default()
        }
    }

    #[test]
    fn a_preset_and_a_secret_suffice() {
        let (verification, preset) = build_new(draft("github", "s3cret")).unwrap().unwrap();
        assert_eq!(verification.preset.as_deref(), Some("github"));
        assert!(preset.unwrap().event_type.is_some());
    }

    #[test]
    fn faults_say_where() {
        for (given, pointer) in [
            (draft("githup", "x"), "/verification/preset"),
            (draft("github", ""), "/verification/secret"),
            (VerificationDraft { secrets: Vec::new(), ..draft("github", "") }, "/verification/secret"),
            (VerificationDraft { tolerance_s: Some(9), ..draft("github", "x") }, "/verification/tolerance_s"),
            (
                VerificationDraft { fail_status: Some(200), ..draft("github", "x") },
                "/verification/fail_status",
            ),
            (VerificationDraft::default(), "/verification/preset"),
        ] {
            let pointers = build_new(given.clone()).unwrap_err();
            assert!(pointers.iter().any(|found| found == pointer), "{given:?}: {pointers:?}");
        }
    }

    #[test]
    fn a_verify_token_is_no_secret() {
        let with = |preset: &str, token: &str| VerificationDraft {
            verify_token: Some(Secret::new(token)),
            ..draft(preset, "s3cret")
        };
        let (verification, _) = build_new(with("meta", "hello")).unwrap().unwrap();
        assert_eq!(verification.verify_token.unwrap().0.expose(), "hello");
        for (preset, token) in [("meta", ""), ("meta", "s3cret"), ("github", "hello")] {
            let pointers = build_new(with(preset, token)).unwrap_err();
            assert_eq!(pointers, ["/verification/verify_token"], "{preset} {token}");
        }
    }

    /// Sources that were saved with the token among the secrets.
    #[test]
    fn setting_the_token_takes_it_from_the_secrets() {
        let secrets = vec![Secret::new("app-secret"), Secret::new("hello")];
        let (old, _) = build_new(VerificationDraft { secrets, ..draft("meta", "") }).unwrap().unwrap();
        let mut faults = Faults::of("source", Vec::new());
        let change = VerificationDraft { verify_token: Some(Secret::new("hello")), ..Default::default() };
        let (new, _) = build(change, Some(&old), &mut faults).unwrap();
        assert!(faults.done().is_ok());
        let secrets: Vec<&str> = new.secrets.iter().map(|secret| secret.0.expose()).collect();
        assert_eq!((secrets, new.verify_token.unwrap().0.expose()), (vec!["app-secret"], "hello"));
    }

    #[test]
    fn a_new_secret_alone_keeps_the_scheme() {
        let (old, _) = build_new(draft("stripe", "old")).unwrap().unwrap();
        let mut faults = Faults::of("source", Vec::new());
        let secrets = vec![Secret::new("new")];
        let change = VerificationDraft { secrets, tolerance_s: Some(60), ..Default::default() };
        let (new, _) = build(change, Some(&old), &mut faults).unwrap();
        assert_eq!(new.preset.as_deref(), Some("stripe"));
        assert_eq!(new.scheme.timestamp.unwrap().tolerance_s, 60);
        assert_eq!(new.secrets[0].0.expose(), "new");
        assert!(faults.done().is_ok());
    }
}
