//! Inboxes: there is nothing to set up but what all destinations have.

use crate::control::resources::check::Faults;
use crate::control::resources::transport::HttpDraft;

/// What only URLs have is no part of an inbox.
pub(super) fn apply(draft: &HttpDraft, faults: &mut Faults) {
    for name in draft.given() {
        faults.add(format!("/{name}"), "an inbox keeps what it gets and sends nothing: leave this out");
    }
}
