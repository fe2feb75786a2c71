//! Real GitHub webhooks: the npm package `@octokit/webhooks-examples`, installed by `make tools`.
//! Not here: sending them.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::gateway::root;

const FILE: &str = "tests/js/node_modules/@octokit/webhooks-examples/api.github.com/index.json";

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The event's name, such as `pull_request`.
    pub event: String,
    /// Which of the event's examples this is, from 0.
    pub number: usize,
    /// Its body, as it stands in the package.
    pub body: Vec<u8>,
}

/// All webhooks of github.com, in the order of the package.
pub fn github() -> Vec<Webhook> {
    let text = std::fs::read_to_string(root().join(FILE));
    let text = text.unwrap_or_else(|error| panic!("{FILE}: {error}; `make tools` installs it"));
    let events: Vec<&RawValue> = serde_json::from_str(&text).expect("a list of events");
    events.into_iter().flat_map(of_event).collect()
}

fn of_event(event: &RawValue) -> Vec<Webhook> {
    let parts: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(event.get()).expect("an event is an object");
    let name: Value = serde_json::from_str(parts["name"].get()).expect("a name");
    let name = name.as_str().expect("a name is text");
    let examples: Vec<&RawValue> = serde_json::from_str(parts["examples"].get()).expect("a list of examples");
    let webhook = |(number, body): (usize, &RawValue)| Webhook {
        event: name.to_owned(),
        number,
        body: body.get().as_bytes().to_vec(),
    };
    examples.into_iter().enumerate().map(webhook).collect()
}
