//! Teaches: typed JSON in, a configuration, a drop with a reason, another shape out.

use hookmill_plugin_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Config {
    /// Signals below this confidence are dropped; from 0 to 1.
    min_confidence: f64,
    /// The kinds of signal that count as leads.
    #[serde(default = "product_qualified")]
    kinds: Vec<String>,
}

fn product_qualified() -> Vec<String> {
    vec!["product_qualified_lead".to_string()]
}

/// What is read of a signal: text borrows from the payload, everything else of it is skipped.
#[derive(Deserialize)]
struct Signal<'a> {
    signal_type: &'a str,
    confidence: f64,
    #[serde(borrow)]
    account: Account<'a>,
    #[serde(borrow, default)]
    events: Vec<&'a str>,
    #[serde(default)]
    enrichment: Value,
    detected_at: &'a str,
}

#[derive(Deserialize, Serialize)]
struct Account<'a> {
    name: std::borrow::Cow<'a, str>,
    domain: &'a str,
}

/// What a CRM gets.
#[derive(Serialize)]
struct Lead<'a> {
    company: &'a Account<'a>,
    score: u8,
    reasons: &'a [&'a str],
    firmographics: &'a Value,
    since: &'a str,
}

/// Forwards product-qualified leads above a confidence, in the shape of a CRM.
#[plugin]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let signal: Signal = event.json()?;
    if !config.kinds.iter().any(|kind| kind == signal.signal_type) {
        return Ok(drop(format!("not a lead but {}", signal.signal_type)));
    }
    if signal.confidence < config.min_confidence {
        return Ok(drop("confidence below the minimum"));
    }
    let lead = Lead {
        company: &signal.account,
        score: (signal.confidence * 100.0).round() as u8,
        reasons: &signal.events,
        firmographics: &signal.enrichment,
        since: signal.detected_at,
    };
    Ok(forward_json(&lead).event_type("lead.qualified").ordering_key(signal.account.domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_plugin_sdk::testing;

    #[test]
    fn examples() {
        testing::run_examples::<transform>();
    }
}
