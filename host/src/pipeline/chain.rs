//! Events that hookmill makes of what became of other events: which delivery one comes from, and how many led to it. A loop
//! of them ends. Not here: what such an event says (`rows::announce`, `accept::answer`).

use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::id::DeliveryId;

/// The header of such an event that says which delivery it comes from.
pub const PARENT: &str = "hookmill-parent";
/// The header of such an event that says how many led to it, one after the other.
const DEPTH: &str = "hookmill-depth";
/// Events that may lead to each other. What would be one more is most likely a loop.
pub(crate) const DEPTH_MAX: u8 = 8;

/// What vouches for such events. Requests can have headers of these names as well; nothing of this vouches for them.
pub(crate) const OF_TABLE: &str = "table";
/// The same, of an answer.
pub(crate) const OF_ANSWER: &str = "answer";
/// The same, of an alert. There is one for each cause, so that no loop can come of them.
pub(crate) const OF_ALERT: &str = "alert";

/// How many led to this event, one after the other.
pub(crate) fn depth(event: &Event) -> u8 {
    if ![OF_TABLE, OF_ANSWER].contains(&event.data.verified_by.as_ref()) {
        return 0;
    }
    event.data.headers.get(DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0)
}

/// The headers of an event that comes from a delivery, or from none; so many led to what it comes from.
pub(crate) fn headers(parent: Option<DeliveryId>, depth: u8) -> Headers {
    let mut headers = vec![(DEPTH.to_owned(), depth.saturating_add(1).to_string())];
    headers.extend(parent.map(|parent| (PARENT.to_owned(), parent.to_string())));
    Headers(headers)
}
