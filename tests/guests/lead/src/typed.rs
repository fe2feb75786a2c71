//! The transform of `transform.rs` over types in place of `serde_json::Value`, for the same signals. Not here: anything
//! of the plugin contract.

use serde::{Deserialize, Serialize};

use crate::transform::Lead;

#[derive(Deserialize)]
struct Signal {
    signal_type: String,
    #[serde(default)]
    confidence: f64,
    source: String,
    hypothesis_id: String,
    account: Account,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    enrichment: Enrichment,
    #[serde(default)]
    activity: Vec<Activity>,
    detected_at: String,
}

#[derive(Deserialize)]
struct Account {
    name: String,
    domain: String,
}

#[derive(Deserialize, Default)]
struct Enrichment {
    company_size: Option<String>,
    industry: Option<String>,
}

#[derive(Deserialize)]
struct Activity {
    name: String,
    ts: String,
    props: Props,
}

#[derive(Deserialize)]
struct Props {
    url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reshaped<'a> {
    r#type: &'a str,
    score: i64,
    origin: &'a str,
    hypothesis_id: &'a str,
    company: Company<'a>,
    signals: &'a [String],
    activity: Vec<Action<'a>>,
    detected_at: &'a str,
}

#[derive(Serialize)]
struct Company<'a> {
    name: &'a str,
    domain: &'a str,
    size: Option<&'a str>,
    industry: Option<&'a str>,
}

#[derive(Serialize)]
struct Action<'a> {
    action: &'a str,
    at: &'a str,
    url: Option<&'a str>,
}

/// Reshapes a lead signal; an error says what is wrong with the payload.
pub(crate) fn transform(payload: &[u8], min_confidence: f64) -> Result<Lead, String> {
    let signal: Signal = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let event_type = match signal.signal_type.as_str() {
        "product_qualified_lead" => "lead.qualified",
        "intent_spike" => "lead.intent",
        other => return Ok(Lead::Drop(format!("not a lead: {other}"))),
    };
    if signal.confidence < min_confidence {
        return Ok(Lead::Drop(format!("confidence {}", signal.confidence)));
    }
    let bytes = serde_json::to_vec(&reshaped(&signal, event_type));
    bytes.map(|bytes| Lead::Forward(event_type, bytes)).map_err(|error| error.to_string())
}

fn reshaped<'a>(signal: &'a Signal, event_type: &'a str) -> Reshaped<'a> {
    let action =
        |entry: &'a Activity| Action { action: &entry.name, at: &entry.ts, url: entry.props.url.as_deref() };
    Reshaped {
        r#type: event_type,
        score: (signal.confidence * 100.0) as i64,
        origin: &signal.source,
        hypothesis_id: &signal.hypothesis_id,
        company: Company {
            name: &signal.account.name,
            domain: &signal.account.domain,
            size: signal.enrichment.company_size.as_deref(),
            industry: signal.enrichment.industry.as_deref(),
        },
        signals: &signal.events,
        activity: signal.activity.iter().map(action).collect(),
        detected_at: &signal.detected_at,
    }
}
