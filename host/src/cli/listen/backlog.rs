//! What came in after an event, oldest first, by the gateway's list. Not here: the events themselves (`received`).

use std::collections::VecDeque;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::client::ApiClient;
use crate::cli::client::ClientError;
use crate::domain::id::EventId;
use crate::rules::route;

const PAGE: usize = 200;
/// Ids that are kept: 16 bytes each. What came in after them is listed again when they are done.
const IDS_MAX: usize = 100_000;

/// Which events are listened to.
#[derive(Clone, Debug)]
pub(super) struct ListenFilter {
    /// The sources' ids; `published` for events that came in through the API.
    pub(super) sources: Vec<String>,
    /// An event's type must match one pattern of each of these lists.
    pub(super) event_types: Vec<Vec<String>>,
}

impl ListenFilter {
    fn query(&self) -> String {
        match self.sources.as_slice() {
            // There is no such name for the list.
            [only] if only != "published" => format!("&source={only}"),
            _ => String::new(),
        }
    }

    fn takes(&self, event: &Value) -> bool {
        let source = event["source"].as_str().unwrap_or("published");
        let kind = event["type"].as_str().unwrap_or_default();
        self.sources.iter().any(|wanted| wanted == source)
            && self.event_types.iter().all(|patterns| route::matches(patterns, kind))
    }
}

/// Events to be forwarded.
#[derive(Debug)]
pub(super) struct ListenBacklog {
    /// Oldest first.
    pub(super) events: VecDeque<EventId>,
    /// Where one is when they are done: other events may have come in after them, none before that is not among them.
    pub(super) up_to: EventId,
}

/// The newest event of the workspace; zero if there is none.
pub(super) async fn newest(client: &ApiClient) -> anyhow::Result<EventId> {
    let page = client.get("v1/events?limit=1").await?;
    page["items"].get(0).map_or(Ok(EventId::from_bits(0)), id_of)
}

/// What came in after an event. The list goes back in time, so all of it is read before the oldest is known.
pub(super) async fn after(
    client: &ApiClient,
    filter: &ListenFilter,
    after: EventId,
) -> anyhow::Result<ListenBacklog> {
    let mut found = ListenBacklog { events: VecDeque::new(), up_to: after };
    let mut cursor = String::new();
    loop {
        let path = format!("v1/events?after={after}&limit={PAGE}{}{cursor}", filter.query());
        let page = client.get(&path).await?;
        for event in page["items"].as_array().into_iter().flatten() {
            let id = id_of(event)?;
            found.up_to = found.up_to.max(id);
            if filter.takes(event) {
                found.events.push_front(id);
            }
        }
        if found.events.len() > IDS_MAX {
            found.events.truncate(IDS_MAX);
            found.up_to = found.events.back().copied().unwrap_or(found.up_to);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(found),
        }
    }
}

/// Whether an event is stored.
pub(super) async fn is_stored(client: &ApiClient, event: EventId) -> Result<bool, ClientError> {
    match client.get(&format!("v1/events/{event}")).await {
        Ok(_) => Ok(true),
        Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

fn id_of(event: &Value) -> anyhow::Result<EventId> {
    let id = event["id"].as_str().context("the gateway's answer has an event without an id")?;
    id.parse().with_context(|| format!("the gateway's answer has the id `{id}`"))
}
