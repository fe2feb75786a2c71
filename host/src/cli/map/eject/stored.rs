//! The mapping of a connection's step, and events that the connection has taken. Read as they are
//! written: numbers have more digits than a double. Not here: what is done with them.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::client::ApiClient;
use crate::cli::client::segment;
use crate::cli::map::compare::place;
use crate::cli::map::eject::given::EjectSample;

/// Events asked for at a time.
const PAGE: usize = 50;

#[derive(Deserialize)]
struct Connection {
    steps: Vec<Box<RawValue>>,
    #[serde(default)]
    sources: Vec<String>,
}

/// A connection with a mapping among its steps.
#[derive(Debug)]
pub(super) struct MappedEvent {
    /// All steps, as they are written.
    pub(super) steps: Vec<Box<RawValue>>,
    /// The number of the mapping.
    pub(super) at: usize,
    /// The source of its events, if there is only one.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Step {
    mapping: Option<Box<RawValue>>,
}

impl MappedEvent {
    /// Asks a gateway. `step` is the number of the mapping, where there are several.
    pub(super) async fn read(client: &ApiClient, name: &str, step: Option<usize>) -> anyhow::Result<Self> {
        let text = client.get_text(&format!("v1/connections/{}", segment(name))).await?;
        let connection: Connection = serde_json::from_str(&text).context("read the connection")?;
        let seen: Vec<Value> =
            connection.steps.iter().map(|step| serde_json::from_str(step.get())).collect::<Result<_, _>>()?;
        let at = place(&seen, "mapping", step)?;
        let source = match connection.sources.as_slice() {
            [only] if only != "published" => Some(only.clone()),
            _ => None,
        };
        Ok(Self { steps: connection.steps, at, source })
    }

    /// The mapping.
    pub(super) fn mapping(&self) -> anyhow::Result<String> {
        let step: Step = serde_json::from_str(self.steps[self.at].get())?;
        let mapping = step.mapping.with_context(|| format!("step {} is not a mapping", self.at))?;
        Ok(mapping.get().to_owned())
    }

    /// Whether the mapping sees events as they came: only filters stand before it.
    pub(super) fn is_first(&self) -> bool {
        let is_filter = |step: &RawValue| {
            serde_json::from_str::<Value>(step.get()).is_ok_and(|step| !step["filter"].is_null())
        };
        self.steps[..self.at].iter().all(|step| is_filter(step))
    }

    /// The newest events of the connection's source whose bodies are JSON.
    pub(super) async fn samples(&self, client: &ApiClient, most: usize) -> anyhow::Result<Vec<EjectSample>> {
        let source = self.source.as_ref().map(|source| format!("&source={source}")).unwrap_or_default();
        let page = client.get(&format!("v1/events?limit={}{source}", most.min(PAGE))).await?;
        let mut samples = Vec::new();
        for event in page["items"].as_array().into_iter().flatten() {
            let id = event["id"].as_str().unwrap_or_default();
            let text = client.get_text(&format!("v1/events/{id}")).await?;
            let content = event["content_type"].as_str().unwrap_or_default();
            let is_form = content.starts_with("application/x-www-form-urlencoded");
            if let (Some(sample), false) = (sample(id, &text)?, is_form) {
                samples.push(sample);
            }
        }
        Ok(samples)
    }
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    received_at: String,
    headers: Vec<Header>,
    payload: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

fn sample(id: &str, text: &str) -> anyhow::Result<Option<EjectSample>> {
    let event: Event = serde_json::from_str(text).with_context(|| format!("read event {id}"))?;
    let Some(payload) = event.payload else { return Ok(None) };
    let of = if event.r#type.is_empty() { "event" } else { &event.r#type };
    Ok(Some(EjectSample {
        name: format!("{of} {id}"),
        id: id.to_owned(),
        event_type: event.r#type.clone(),
        source: String::new(),
        received_at: event.received_at,
        headers: event
            .headers
            .into_iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value))
            .collect(),
        payload: payload.get().to_owned(),
    }))
}
