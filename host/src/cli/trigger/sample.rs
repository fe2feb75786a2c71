//! What is sent when no payload is given: small events in the form of each provider.
//! Not here: signing them.

use crate::cli::trigger::sign::Provider;

/// An event to send.
#[derive(Debug)]
pub(super) struct Sample {
    /// The provider's id of it.
    pub(super) id: String,
    /// The headers besides the signature's.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Sample {
    /// `payload` in place of the sample; the provider's own name for an event in place of `event`.
    pub(super) fn new(
        provider: Option<Provider>,
        event: Option<&str>,
        payload: Option<&[u8]>,
        id: String,
    ) -> Self {
        let (default_event, text) = match provider {
            Some(Provider::Github) => github(event),
            Some(Provider::Stripe) => ("invoice.paid", include_str!("samples/stripe.json")),
            Some(Provider::Slack) => ("event_callback", include_str!("samples/slack.json")),
            Some(Provider::Shopify) => ("orders/create", include_str!("samples/shopify.json")),
            Some(Provider::StandardWebhooks | Provider::Svix) | None => {
                ("contact.created", include_str!("samples/contact.json"))
            }
        };
        let event = event.unwrap_or(default_event);
        let filled = || text.replace("{{event}}", event).replace("{{id}}", &id).into_bytes();
        let body = payload.map_or_else(filled, <[u8]>::to_vec);
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let mut header = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        match provider {
            Some(Provider::Github) => {
                header("x-github-event", event);
                header("x-github-delivery", &id);
                header("user-agent", "GitHub-Hookshot/sample");
            }
            Some(Provider::Shopify) => {
                header("x-shopify-topic", event);
                header("x-shopify-webhook-id", &id);
            }
            _ => {}
        }
        Self { id, headers, body }
    }
}

fn github(event: Option<&str>) -> (&'static str, &'static str) {
    match event {
        Some("issues") => ("issues", include_str!("samples/github-issues.json")),
        Some("pull_request") => ("pull_request", include_str!("samples/github-pull-request.json")),
        Some("ping") => ("ping", include_str!("samples/github-ping.json")),
        _ => ("push", include_str!("samples/github-push.json")),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_sample_is_json() {
        let events = [None, Some("issues"), Some("pull_request"), Some("ping"), Some("other")];
        for provider in Provider::value_variants().iter().map(|one| Some(*one)).chain([None]) {
            for event in events {
                let sample = Sample::new(provider, event, None, "d-1".to_owned());
                let body: serde_json::Value = serde_json::from_slice(&sample.body).unwrap();
                assert!(body.is_object(), "{provider:?} {event:?}");
                assert!(!body.to_string().contains("{{"), "{body}");
            }
        }
    }
}
