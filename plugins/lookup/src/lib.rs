//! Teaches: asking another system, by the grants `http` and `secrets`.

use hookmill_plugin_sdk::prelude::*;
use hookmill_plugin_sdk::{http, secrets};

#[derive(Deserialize, JsonSchema)]
struct Config {
    /// The URL to ask, with {} in the place of the id, such as "https://crm.example.com/customers/{}".
    url: String,
    /// JSON pointer to the id in the event, such as "/customer/id".
    id: String,
    /// The member that the answer becomes.
    #[serde(default = "customer")]
    member: String,
}

fn customer() -> String {
    "customer".to_string()
}

/// Adds what another system knows about a customer.
#[plugin(http = ["crm.example.com"], secrets = ["lookup_token"])]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let mut payload: Value = event.json()?;
    let id = match payload.pointer(&config.id) {
        Some(Value::String(id)) if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            id.clone()
        }
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(refuse(format!("there is no id at {}", config.id))),
    };
    let token = secrets::get("lookup_token").or_refuse("the secret `lookup_token` is not granted")?;
    let answer =
        http::get(config.url.replace("{}", &id)).bearer(token).header("accept", "application/json").send()?;
    // Nobody of that id is an answer, too; anything else is not.
    let known: Value = match answer.status {
        404 => Value::Null,
        _ => answer.expect_ok()?.json()?,
    };
    let members = payload.as_object_mut().or_refuse("the payload is not an object")?;
    members.insert(config.member.clone(), known);
    Ok(forward_json(&payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_plugin_sdk::testing::{self, Run};

    const ADA: &str = "https://crm.example.com/customers/7";

    fn order() -> Run {
        testing::run::<transform>(testing::event(json!({ "order": 1, "by": { "id": 7 } })))
            .config(json!({ "url": "https://crm.example.com/customers/{}", "id": "/by/id" }))
            .secret("lookup_token", "t0ken-of-the-crm")
    }

    #[test]
    fn examples() {
        testing::run_examples::<transform>();
    }

    #[test]
    fn what_is_known_is_added() {
        let expected = |customer: Value| json!({ "order": 1, "by": { "id": 7 }, "customer": customer });
        order()
            .http(ADA, json!({ "name": "Ada" }))
            .expect_forward()
            .is_json(expected(json!({ "name": "Ada" })));
        order().http(ADA, 404).expect_forward().is_json(expected(Value::Null));
        order().http(ADA, 500).expect_error("the answer has status 500");
        order().http_fails(ADA, http::Error::TimedOut("5s".into())).expect_error("timed out: 5s");
    }

    #[test]
    fn the_token_is_sent() {
        let requests = order().http(ADA, 404).requests();
        assert!(requests[0].headers.contains(&("authorization".into(), "Bearer t0ken-of-the-crm".into())));
    }
}
