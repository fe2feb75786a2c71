//! Destinations that are tables: which one, and nothing of what only URLs have.

use crate::control::resources::check::Faults;
use crate::control::resources::transport::HttpDraft;

/// What only URLs have is no part of a table.
pub(super) fn apply(draft: &HttpDraft, faults: &mut Faults) {
    for name in draft.given() {
        faults.add(format!("/{name}"), "a table keeps what it gets and sends nothing: leave this out");
    }
}
