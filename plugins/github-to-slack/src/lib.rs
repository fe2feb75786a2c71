//! Teaches: free JSON where the shapes are too many for types, a header, and a sensible answer to what is unknown.

use hookmill_plugin_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Config {
    /// Kinds of event to tell of, as GitHub names them (push, issues, release); all, when left out.
    #[serde(default)]
    kinds: Vec<String>,
    /// Leave out what bots do.
    #[serde(default)]
    skip_bots: bool,
}

/// Turns GitHub events into Slack messages: one sentence with a link, and the commits of a push.
#[plugin(headers = ["x-github-event"])]
fn transform(event: &Event, config: &Config) -> Result<Verdict> {
    let kind = event.headers.get("x-github-event").unwrap_or(&event.event_type);
    if kind.is_empty() {
        return Err(refuse("neither a header x-github-event nor a type says what kind of event this is"));
    }
    if !config.kinds.is_empty() && !config.kinds.iter().any(|wanted| wanted == kind) {
        return Ok(drop(format!("{kind} is not among the kinds to tell of")));
    }
    let body: Value = event.json()?;
    if config.skip_bots && body["sender"]["type"] == "Bot" {
        return Ok(drop(format!("{} is a bot", text(&body["sender"]["login"]))));
    }
    let sentence = if kind == "push" { push(&body) } else { happening(kind, &body) };
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": sentence } })];
    if body["repository"].is_object() {
        let place = link(&body["repository"], &["full_name"]);
        blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": place }] }));
    }
    Ok(forward_json(&json!({ "text": sentence, "blocks": blocks })).event_type("slack.message"))
}

fn push(body: &Value) -> String {
    let branch = text(&body["ref"]).replace("refs/heads/", "").replace("refs/tags/", "");
    let commits = body["commits"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let verb = match (body["deleted"].as_bool(), body["forced"].as_bool()) {
        (Some(true), _) => return format!("*{}* deleted `{branch}`", text(&body["pusher"]["name"])),
        (_, Some(true)) => "force-pushed",
        _ => "pushed",
    };
    let many = if commits.len() == 1 { "commit" } else { "commits" };
    let mut lines =
        format!("*{}* {verb} {} {many} to `{branch}`", text(&body["pusher"]["name"]), commits.len());
    for commit in commits.iter().take(5) {
        let id: String = text(&commit["id"]).chars().take(7).collect();
        let message = text(&commit["message"]);
        lines +=
            &format!("\n• <{}|{id}> {}", text(&commit["url"]), message.lines().next().unwrap_or_default());
    }
    lines
}

/// Who did what to which thing; for every kind there is, and those that are yet to come.
fn happening(kind: &str, body: &Value) -> String {
    let (noun, thing) = match kind {
        "issues" => ("issue", &body["issue"]),
        "issue_comment" => ("comment on", &body["issue"]),
        "pull_request_review" => ("review of", &body["pull_request"]),
        "pull_request_review_comment" => ("review comment on", &body["pull_request"]),
        "discussion_comment" => ("comment on", &body["discussion"]),
        "fork" => ("fork", &body["forkee"]),
        "create" | "delete" => (body["ref_type"].as_str().unwrap_or(kind), &body["ref"]),
        _ => (kind, &body[kind]),
    };
    let verb = match (body["action"].as_str(), kind) {
        (Some("closed"), _) if body["pull_request"]["merged"] == true => "merged",
        (Some(action), _) => action,
        (None, "create" | "fork") => "created",
        (None, "delete") => "deleted",
        (None, _) => "triggered",
    };
    let thing = link(thing, &["title", "full_name", "tag_name", "name", "login", "state", "id"]);
    let (verb, noun) = (verb.replace('_', " "), noun.replace('_', " "));
    let who = body["sender"]["login"].as_str().unwrap_or("GitHub");
    format!("*{who}* {verb} {noun} {thing}").trim_end().to_string()
}

/// The thing by the first of these names that it has, as a link where it has an address.
fn link(thing: &Value, names: &[&str]) -> String {
    let name = names.iter().map(|name| text(&thing[*name])).find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| text(thing));
    let number = thing["number"].as_u64().map(|number| format!("#{number} ")).unwrap_or_default();
    match thing["html_url"].as_str() {
        Some(url) => format!("<{url}|{number}{name}>"),
        None => format!("{number}{name}"),
    }
}

/// A string or number as Slack wants it, short enough for a block; anything else is empty.
fn text(value: &Value) -> String {
    let text = value.as_str().map(str::to_string).or_else(|| value.as_i64().map(|number| number.to_string()));
    let cut: String = text.unwrap_or_default().chars().take(300).collect();
    cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
