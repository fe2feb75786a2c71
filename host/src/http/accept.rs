//! Which of the formats an answer has somebody prefers, by `Accept` (RFC 9110 §12.5.1). Not here: what it says.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::observe::TextFormat;

/// The format of metrics for a request: 0.0.4 unless OpenMetrics is named and nothing preferred to it.
pub(crate) fn metrics(headers: &HeaderMap) -> TextFormat {
    let given = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut open, mut plain) = (0, 0);
    for range in given.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or("").to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight = weight.map_or(1000, thousandths);
        match media.as_str() {
            "application/openmetrics-text" => open = open.max(weight),
            "text/plain" => plain = plain.max(weight),
            _ => {}
        }
    }
    if open > 0 && open >= plain { TextFormat::OpenMetrics } else { TextFormat::Plain }
}

/// A weight of 0 to 1 with at most three decimals; what is none weighs nothing.
fn thousandths(text: &str) -> u16 {
    let weight = text.trim().parse::<f64>().unwrap_or(0.0);
    (weight.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn open_metrics_only_for_those_that_ask() {
        let check = |accept: &[&'static str], expected| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            assert_eq!(metrics(&headers), expected, "{accept:?}");
        };
        let (open, plain) = (TextFormat::OpenMetrics, TextFormat::Plain);
        check(&[], plain);
        check(&["*/*"], plain);
        check(&["text/*, application/*"], plain);
        check(&["application/openmetrics-text"], open);
        check(&["text/plain;q=0.5", "application/openmetrics-text; version=1.0.0; q=0.75"], open);
        check(&["text/plain", "application/openmetrics-text;q=0.9"], plain);
        check(&["application/openmetrics-text;q=0"], plain);
        check(&["application/openmetrics-text;q=high"], plain);
    }
}
