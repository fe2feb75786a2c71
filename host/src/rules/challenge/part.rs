//! Which of a source's secrets sign, and which only answer a handshake. A verify token stands in URLs, and so in
//! other people's logs: it must not sign anything.

use crate::domain::secret::StoredSecret;
use crate::domain::verification::Verification;
use crate::rules::verify::Challenge;

/// The secrets that may sign, and the verify tokens.
///
/// Before a verification had a `verify_token` of its own, the token of Meta was one of several secrets. Such a source
/// keeps working: its app secrets, which have 32 hexadecimal digits, go on signing (if none looks like one, the first
/// is it), and its other secrets are tokens and sign nothing.
pub fn part(
    verification: &Verification,
    challenge: Option<Challenge>,
) -> (Vec<&StoredSecret>, Vec<&StoredSecret>) {
    let secrets = &verification.secrets;
    if let Some(token) = &verification.verify_token {
        return (secrets.iter().collect(), vec![token]);
    }
    if challenge != Some(Challenge::MetaHubChallenge) {
        return (secrets.iter().collect(), Vec::new());
    }
    let (signing, tokens): (Vec<_>, Vec<_>) = secrets.iter().partition(|secret| is_app_secret(secret));
    match (signing.is_empty(), secrets.split_first()) {
        (true, Some((first, others))) => (vec![first], others.iter().collect()),
        _ => (signing, tokens),
    }
}

fn is_app_secret(secret: &StoredSecret) -> bool {
    let text = secret.0.expose();
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use crate::rules::verify::presets;

    const APP: &str = "0123456789abcdef0123456789ABCDEF";
    const OLD: &str = "ffffffffffffffffffffffffffffffff";

    #[track_caller]
    fn check(preset: &str, secrets: &[&str], token: Option<&str>, signing: &[&str], tokens: &[&str]) {
        let presets = presets();
        let preset = presets.find(preset).unwrap();
        let stored = |text: &str| StoredSecret(Secret::new(text));
        let verification = Verification {
            preset: Some(preset.name.clone()),
            scheme: preset.scheme.clone(),
            secrets: secrets.iter().map(|text| stored(text)).collect(),
            verify_token: token.map(stored),
        };
        let texts =
            |found: Vec<&StoredSecret>| found.iter().map(|one| one.0.expose().to_owned()).collect::<Vec<_>>();
        let (found, others) = part(&verification, preset.challenge);
        assert_eq!((texts(found), texts(others)), (owned(signing), owned(tokens)), "{secrets:?}");
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_verify_token_signs_nothing() {
        check("meta", &[APP, OLD], Some("hello"), &[APP, OLD], &["hello"]);
        check("meta", &["app-secret"], Some("hello"), &["app-secret"], &["hello"]);
        check("meta", &[APP], None, &[APP], &[]);
    }

    #[test]
    fn a_token_among_the_secrets_is_found() {
        check("meta", &[APP, "hello"], None, &[APP], &["hello"]);
        check("meta", &["hello", APP, OLD], None, &[APP, OLD], &["hello"]);
        check("meta", &["app-secret", "hello"], None, &["app-secret"], &["hello"]);
        check("github", &["one", "two"], None, &["one", "two"], &[]);
    }
}
