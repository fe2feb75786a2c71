//! Credentials are for one receiver. A destination whose URL begins to lead to another one must be given them anew, or
//! whoever may change its URL could have them sent anywhere. Signing secrets stay: they are never sent.

use url::Url;

use crate::control::resources::check::error::Faults;
use crate::control::resources::check::fields;
use crate::domain::destination::Destination;
use crate::rules::hide::is_credential;

/// Which credentials a request gives, or takes away.
#[derive(Clone, Copy, Debug)]
pub struct GivenCredentials {
    /// Everything in `auth`.
    pub auth: bool,
    /// Every header.
    pub headers: bool,
}

/// Adds a fault for each credential of `old` that would follow it to the new URL without being given.
pub(in crate::control::resources) fn check(
    old: &Destination,
    new: &Destination,
    given: GivenCredentials,
    faults: &mut Faults,
) {
    let (Some(endpoint), Some(moved)) = (old.endpoint.http(), new.endpoint.http()) else { return };
    let (Some(before), Some(after)) = (origin(&endpoint.url), origin(&moved.url)) else { return };
    if before == after {
        return;
    }
    let mut fault = |pointer: String| {
        faults.add(
            pointer,
            format!(
                "this credential was given for {before}, and the URL leads to {after} now: give it again in the \
                 same request, or take it away"
            ),
        );
    };
    let auth = &endpoint.auth;
    let kept = [
        ("basic", auth.basic.is_some()),
        ("bearer", auth.bearer.is_some()),
        ("header", auth.header.is_some()),
    ];
    for (name, _) in kept.into_iter().filter(|(_, there)| *there && !given.auth) {
        fault(format!("/auth/{name}"));
    }
    for (name, _) in old.headers.0.iter().filter(|(name, _)| is_credential(name) && !given.headers) {
        fault(fields::header_place("/headers", name));
    }
}

/// Scheme, host and port. Where there was no URL yet, or none that can be read, nothing moves.
fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}
