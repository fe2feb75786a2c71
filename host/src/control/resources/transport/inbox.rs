//! Inboxes: there is nothing to set up but what all destinations have.

use crate::control::resources::check::Faults;
use crate::control::resources::transport::HttpDraft;

/// What only URLs have is no part of an inbox.
pub(super) fn apply(draft: &HttpDraft, faults: &mut Faults) {
    let HttpDraft { url, method, auth, timeout_ms } = draft;
    let given = [
        ("url", url.is_some()),
        ("method", method.is_some()),
        ("auth", auth.is_some()),
        ("timeout_ms", timeout_ms.is_some()),
    ];
    for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        faults.add(format!("/{name}"), "an inbox keeps what it gets and sends nothing: leave this out");
    }
}
