//! Events of the benches: a lead signal of about a size, as a plugin sees it. Not here: who runs on it.

use bytes::Bytes;
use hookmill::domain::plugin::GuestEvent;
use serde_json::json;

/// A lead signal, padded to about `bytes` by what the lead did before.
pub(crate) fn payload(bytes: usize) -> Bytes {
    let mut signal = json!({
        "signal_type": "product_qualified_lead", "confidence": 0.92, "source": "analytics",
        "hypothesis_id": "hyp_41", "account": {"name": "Example Industries", "domain": "example.com"},
        "events": ["saw_pricing", "invited_colleague", "made_key"],
        "enrichment": {"company_size": "50-200", "industry": "Software"},
        "detected_at": "2026-03-01T12:00:00Z",
    });
    let mut activity = Vec::new();
    while signal.to_string().len() < bytes {
        let turn = activity.len();
        activity.push(json!({
            "name": format!("event_{turn}"), "ts": "2026-03-01T12:00:00Z",
            "props": {"url": format!("https://example.com/é?turn={turn}"), "count": turn, "share": turn as f64 / 7.0, "new": true},
        }));
        signal["activity"] = json!(activity);
    }
    signal.to_string().into()
}

pub(crate) fn event(payload: Bytes) -> GuestEvent {
    let header = |number: usize| (format!("x-header-{number}"), format!("value number {number}"));
    GuestEvent {
        id: "evt_01J9ZK3V7Q8M4N5P6R7S8T9V0W".into(),
        event_type: "signal.detected".into(),
        source: "analytics".into(),
        received_at: "2026-03-01T12:00:01Z".into(),
        headers: (0..3).map(header).collect(),
        content_type: "application/json".into(),
        payload,
    }
}
