//! Services whose webhooks take bodies of one form only. Not here: the forms (`rules::receiver`).

use serde::{Deserialize, Serialize};

/// A service that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiverKind {
    /// Incoming webhooks of Slack.
    Slack,
    /// Webhooks of Discord's channels.
    Discord,
    /// Workflows of Microsoft Teams.
    Teams,
    /// The Events API of PagerDuty, version 2.
    Pagerduty,
}

impl ReceiverKind {
    /// The names in the API, in the order above.
    pub const NAMES: [&'static str; 4] = ["slack", "discord", "teams", "pagerduty"];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}
