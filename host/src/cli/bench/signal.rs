//! The events of the bench: a sales signal that carries its number and when it was sent in a
//! field that every step keeps. Not here: sending it.

use std::time::Duration;

const MARK: &[u8] = b"HM:";

/// The body of event `number`, `bytes` long if that is enough for the signal itself.
/// `sent` counts from the start of the bench.
pub(super) fn body(number: u64, sent: Duration, bytes: usize, out: &mut Vec<u8>) {
    let head = format!(
        r#"{{"signal_type":"product_qualified_lead","confidence":0.92,"source":"posthog","hypothesis_id":"hyp_8g2k","account":{{"name":"Acme HM:{number}:{};","domain":"acme.com"}},"events":["visited_pricing_page","invited_team_member","api_key_created"],"enrichment":{{"company_size":"50-200","industry":"SaaS"}},"detected_at":"2026-04-29T14:31:08Z","note":""#,
        sent.as_nanos()
    );
    out.extend_from_slice(head.as_bytes());
    out.resize(out.len() + bytes.saturating_sub(head.len() + 2), b'x');
    out.extend_from_slice(b"\"}");
}

/// Number and time of the event whose transformed body this is.
pub(super) fn mark(body: &[u8]) -> Option<(u64, Duration)> {
    let start = memchr::memmem::find(body, MARK)? + MARK.len();
    let end = start + memchr::memchr(b';', &body[start..])?;
    let (number, nanos) = std::str::from_utf8(&body[start..end]).ok()?.split_once(':')?;
    Some((number.parse().ok()?, Duration::from_nanos(nanos.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_their_size_and_carry_their_mark() {
        for bytes in [0, 512, 1024, 100_000] {
            let mut out = Vec::new();
            body(7, Duration::from_nanos(1234), bytes, &mut out);
            assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
            assert_eq!(mark(&out), Some((7, Duration::from_nanos(1234))));
            assert!(out.len() == bytes || bytes < 450, "{bytes}: {}", out.len());
        }
        assert_eq!(mark(b"HM:1"), None);
        assert_eq!(mark(b"HM:x:y;"), None);
    }
}
