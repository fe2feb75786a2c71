//! What known services take for a body, by their public documentation: what they would refuse, or cut short, is found
//! before it is sent. Pure. Not here: whose body it is (`delivery::deliver`).
//!
//! Slack: <https://docs.slack.dev/reference/methods/chat.postMessage>. Discord:
//! <https://docs.discord.com/developers/resources/webhook#execute-webhook>. Teams:
//! <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>. PagerDuty:
//! <https://developer.pagerduty.com/api-reference/368ae3d938c9e-send-an-event-to-pager-duty>.

use serde_json::Value;

use crate::domain::destination::ReceiverKind;

/// Bytes of a body that are looked into: more than any of them takes.
const BODY_BYTES: usize = 1 << 20;
const SLACK_TEXT_CHARS: usize = 40_000;
const SLACK_BLOCKS: usize = 50;
const DISCORD_CONTENT_CHARS: usize = 2000;
const DISCORD_EMBEDS: usize = 10;
const DISCORD_EMBED_CHARS: usize = 6000;
const TEAMS_BYTES: usize = 28 << 10;
const PAGERDUTY_BYTES: usize = 512 << 10;
const PAGERDUTY_KEY_CHARS: usize = 32;
const PAGERDUTY_SUMMARY_CHARS: usize = 1024;
const PAGERDUTY_DEDUP_CHARS: usize = 255;
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// Why a service would not take this body, in words; nothing if it would.
pub fn check(receiver: ReceiverKind, body: &[u8]) -> Result<(), String> {
    let said = |why: String| format!("{} would not take this: {why}", receiver.name());
    at_most("the body", body.len(), BODY_BYTES, "bytes").map_err(said)?;
    let body_json: Value =
        serde_json::from_slice(body).map_err(|error| said(format!("the body is not JSON ({error})")))?;
    if !body_json.is_object() {
        return Err(said("the body is no object".to_owned()));
    }
    match receiver {
        ReceiverKind::Slack => slack(&body_json),
        ReceiverKind::Discord => discord(&body_json),
        ReceiverKind::Teams => teams(&body_json, body.len()),
        ReceiverKind::Pagerduty => pagerduty(&body_json, body.len()),
    }
    .map_err(said)
}

fn slack(body: &Value) -> Result<(), String> {
    let has = |field: &str| body[field].as_array().is_some_and(|items| !items.is_empty());
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() && !has("blocks") && !has("attachments") {
        return Err("`text` is missing or empty, and there are neither `blocks` nor `attachments`".to_owned());
    }
    at_most("/text", chars(&body["text"]), SLACK_TEXT_CHARS, "characters")?;
    at_most("/blocks", items(&body["blocks"]).len(), SLACK_BLOCKS, "blocks")
}

fn discord(body: &Value) -> Result<(), String> {
    let has = |field: &str| body[field].as_array().is_some_and(|items| !items.is_empty());
    let content = body["content"].as_str().unwrap_or_default();
    if content.is_empty() && !["embeds", "components"].into_iter().any(has) && body["poll"].is_null() {
        return Err("`content` is missing or empty, and there are no `embeds`".to_owned());
    }
    at_most("/content", chars(&body["content"]), DISCORD_CONTENT_CHARS, "characters")?;
    let embeds = items(&body["embeds"]);
    at_most("/embeds", embeds.len(), DISCORD_EMBEDS, "embeds")?;
    let mut all = 0;
    for (at, embed) in embeds.iter().enumerate() {
        let fields = items(&embed["fields"]);
        at_most(&format!("/embeds/{at}/title"), chars(&embed["title"]), 256, "characters")?;
        at_most(&format!("/embeds/{at}/description"), chars(&embed["description"]), 4096, "characters")?;
        at_most(&format!("/embeds/{at}/fields"), fields.len(), 25, "fields")?;
        for (nth, field) in fields.iter().enumerate() {
            let place = format!("/embeds/{at}/fields/{nth}");
            at_most(&format!("{place}/name"), chars(&field["name"]), 256, "characters")?;
            at_most(&format!("{place}/value"), chars(&field["value"]), 1024, "characters")?;
            all += chars(&field["name"]) + chars(&field["value"]);
        }
        all += chars(&embed["title"]) + chars(&embed["description"]);
        all += chars(&embed["footer"]["text"]) + chars(&embed["author"]["name"]);
    }
    at_most("/embeds", all, DISCORD_EMBED_CHARS, "characters in all of them")
}

fn teams(body: &Value, bytes: usize) -> Result<(), String> {
    at_most("the body", bytes, TEAMS_BYTES, "bytes")?;
    if body["type"] != "message" {
        return Err(format!("/type is {}, and has to be \"message\"", seen(&body["type"])));
    }
    if items(&body["attachments"]).is_empty() {
        return Err("/attachments is missing or empty, and has to have a card".to_owned());
    }
    Ok(())
}

fn pagerduty(body: &Value, bytes: usize) -> Result<(), String> {
    at_most("the body", bytes, PAGERDUTY_BYTES, "bytes")?;
    if chars(&body["routing_key"]) != PAGERDUTY_KEY_CHARS {
        return Err(format!("/routing_key has to have {PAGERDUTY_KEY_CHARS} characters"));
    }
    at_most("/dedup_key", chars(&body["dedup_key"]), PAGERDUTY_DEDUP_CHARS, "characters")?;
    match body["event_action"].as_str() {
        Some("trigger") => {
            let payload = &body["payload"];
            at_most("/payload/summary", chars(&payload["summary"]), PAGERDUTY_SUMMARY_CHARS, "characters")?;
            if let Some(missing) =
                ["summary", "source"].into_iter().find(|field| chars(&payload[*field]) == 0)
            {
                return Err(format!("/payload/{missing} is missing or empty"));
            }
            match payload["severity"].as_str() {
                Some(severity) if SEVERITIES.contains(&severity) => Ok(()),
                _ => Err(format!(
                    "/payload/severity is {}, and has to be one of {}",
                    seen(&payload["severity"]),
                    SEVERITIES.join(", ")
                )),
            }
        }
        Some("acknowledge" | "resolve") if chars(&body["dedup_key"]) > 0 => Ok(()),
        Some("acknowledge" | "resolve") => Err("/dedup_key is missing, and says what is over".to_owned()),
        _ => Err(format!(
            "/event_action is {}, and has to be trigger, acknowledge or resolve",
            seen(&body["event_action"])
        )),
    }
}

fn at_most(place: &str, found: usize, most: usize, what: &str) -> Result<(), String> {
    if found > most {
        return Err(format!("{place} has {found} {what}; at most {most}"));
    }
    Ok(())
}

fn chars(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The beginning of a value, as it was seen.
fn seen(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(receiver: ReceiverKind, body: &Value) -> String {
        check(receiver, body.to_string().as_bytes()).err().unwrap_or_default()
    }

    #[test]
    fn what_services_take() {
        let key = "k".repeat(32);
        let embed = json!({"title": "t", "fields": [{"name": "n", "value": "v"}]});
        let trigger = json!({"summary": "s", "source": "x", "severity": "error"});
        for (receiver, body) in [
            (ReceiverKind::Slack, json!({"text": "a".repeat(40_000)})),
            (ReceiverKind::Slack, json!({"blocks": [{"type": "divider"}]})),
            (ReceiverKind::Discord, json!({"content": "ä".repeat(2000)})),
            (ReceiverKind::Discord, json!({"embeds": [embed]})),
            (ReceiverKind::Teams, json!({"type": "message", "attachments": [{}]})),
            (
                ReceiverKind::Pagerduty,
                json!({"routing_key": key, "event_action": "trigger", "payload": trigger}),
            ),
            (
                ReceiverKind::Pagerduty,
                json!({"routing_key": key, "event_action": "resolve", "dedup_key": "d"}),
            ),
        ] {
            assert_eq!(refused(receiver, &body), "", "{body}");
        }
    }

    #[test]
    fn what_they_do_not_take_has_a_reason() {
        let key = "k".repeat(32);
        let long = json!({"name": "n", "value": "v".repeat(1025)});
        let many: Vec<Value> = (0..3).map(|_| json!({"description": "d".repeat(2001)})).collect();
        let loud = json!({"summary": "s", "source": "x", "severity": "loud"});
        let (trigger, resolve) = ("trigger", "resolve");
        for (receiver, body, expected) in [
            (ReceiverKind::Slack, json!({"text": ""}), "`text` is missing"),
            (ReceiverKind::Slack, json!({"text": "a".repeat(40_001)}), "/text has 40001"),
            (ReceiverKind::Slack, json!({"blocks": vec![json!({}); 51]}), "/blocks has 51"),
            (ReceiverKind::Slack, json!("hello"), "no object"),
            (ReceiverKind::Discord, json!({"text": "for Slack"}), "`content` is missing"),
            (ReceiverKind::Discord, json!({"content": "a".repeat(2001)}), "/content has 2001"),
            (
                ReceiverKind::Discord,
                json!({"embeds": [{"fields": [long]}]}),
                "/embeds/0/fields/0/value has 1025",
            ),
            (ReceiverKind::Discord, json!({"embeds": many}), "/embeds has 6003"),
            (ReceiverKind::Teams, json!({"text": "old"}), "/type is null"),
            (ReceiverKind::Teams, json!({"type": "message"}), "/attachments"),
            (
                ReceiverKind::Teams,
                json!({"type": "message", "attachments": ["a".repeat(30_000)]}),
                "the body has 30037 bytes",
            ),
            (ReceiverKind::Pagerduty, json!({"routing_key": "short"}), "/routing_key"),
            (ReceiverKind::Pagerduty, json!({"routing_key": key, "event_action": resolve}), "/dedup_key"),
            (
                ReceiverKind::Pagerduty,
                json!({"routing_key": key, "event_action": trigger}),
                "/payload/summary",
            ),
            (
                ReceiverKind::Pagerduty,
                json!({"routing_key": key, "event_action": trigger, "payload": loud}),
                "/payload/severity is \"loud\"",
            ),
        ] {
            let why = refused(receiver, &body);
            assert!(why.contains(expected), "{why} has no {expected}");
        }
        assert!(check(ReceiverKind::Slack, b"text=1").unwrap_err().contains("not JSON"));
    }
}
