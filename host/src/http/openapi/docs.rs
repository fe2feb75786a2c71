//! `/docs`: the API's description as one page that loads nothing from anywhere. Not here: the
//! description (`openapi`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

const STYLE: &str = include_str!("docs.css");

/// A page and what its browser may do.
#[derive(Clone, Debug)]
pub(crate) struct DocsPage {
    /// The page.
    pub html: Bytes,
    /// Its content security policy: its own style and nothing else.
    pub policy: String,
}

/// Makes the page from the document.
pub(crate) fn page(document: &Value) -> DocsPage {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let group = operation["tags"][0].as_str().unwrap_or("server");
            groups.entry(group).or_default().push(show_operation(path, method, operation));
        }
    }
    let mut html = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>hookmill API</title><style>");
    html.push_str(STYLE);
    html.push_str("</style></head><body><header><h1>hookmill API</h1><p>");
    html.push_str(&escape(document["info"]["description"].as_str().unwrap_or_default()));
    html.push_str("</p><p>Send a key as <code>Authorization: Bearer hm_…</code>. The machine-readable description is <a href=\"/openapi.json\">openapi.json</a>.</p><nav>");
    for group in groups.keys() {
        let _ = write!(html, "<a href=\"#{group}\">{group}</a> ");
    }
    html.push_str("</nav></header><main>");
    for (group, operations) in &groups {
        let _ = write!(html, "<section id=\"{group}\"><h2>{group}</h2>{}</section>", operations.concat());
    }
    html.push_str("<section id=\"objects\"><h2>Objects</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(html, "<h3 id=\"schema-{name}\">{name}</h3>");
        about(&mut html, schema);
        html.push_str(&fields(schema));
    }
    html.push_str("</section></main></body></html>");
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    DocsPage { html: html.into(), policy }
}

fn show_operation(path: &str, method: &str, operation: &Value) -> String {
    let mut html = String::new();
    let summary = escape(operation["summary"].as_str().unwrap_or_default());
    let _ = write!(
        html,
        "<details><summary><b class=\"{method}\">{}</b> <code>{}</code> <span>{summary}</span></summary>",
        method.to_ascii_uppercase(),
        escape(path),
    );
    if let Some(scope) = operation["x-scope"].as_str() {
        let _ = write!(html, "<p>Needs a key with the scope <code>{scope}</code>.</p>");
    }
    if let Some(parameters) = operation["parameters"].as_array() {
        html.push_str("<h4>Parameters</h4><dl>");
        for parameter in parameters {
            let (name, place) = (text(parameter, "name"), text(parameter, "in"));
            let _ = write!(
                html,
                "<dt><code>{name}</code> <i>{place}</i></dt><dd>{}</dd>",
                text(parameter, "description")
            );
        }
        html.push_str("</dl>");
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        for (media, body) in content {
            let _ = write!(html, "<h4>Body, {media}</h4>{}", fields(&body["schema"]));
        }
    }
    for (status, answer) in
        operation["responses"].as_object().into_iter().flatten().filter(|(status, _)| *status != "default")
    {
        let _ = write!(html, "<h4>Answer, {status}</h4>");
        for (media, body) in answer["content"].as_object().into_iter().flatten() {
            let _ = write!(html, "<p>{media}: {}</p>", type_of(&body["schema"]));
        }
    }
    html.push_str("</details>");
    html
}

fn about(html: &mut String, schema: &Value) {
    let text = text(schema, "description");
    if !text.is_empty() {
        let _ = write!(html, "<p>{text}</p>");
    }
}

/// The fields of an object, those of objects inside included.
fn fields(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return String::new();
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut html = String::from("<dl>");
    for (name, field) in properties {
        let needed = if required.contains(&name.as_str()) { "" } else { " <i>optional</i>" };
        let _ = write!(
            html,
            "<dt><code>{}</code> {}{needed}</dt><dd>{}",
            escape(name),
            type_of(field),
            text(field, "description")
        );
        for inner in [field, &field["items"], &field["anyOf"][0], &field["anyOf"][0]["items"]] {
            html.push_str(&fields(inner));
        }
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
    html
}

/// What a value is, in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(several) = schema[key].as_array() {
            let glue = if key == "allOf" { " and " } else { " or " };
            return several.iter().map(type_of).collect::<Vec<_>>().join(glue);
        }
    }
    if let Some(choices) = schema["enum"].as_array() {
        let choices = choices
            .iter()
            .map(|choice| format!("<code>{}</code>", escape(choice.as_str().unwrap_or_default())));
        return choices.collect::<Vec<_>>().join(", ");
    }
    match schema["type"].as_str() {
        Some("array") => format!("list of {}", type_of(&schema["items"])),
        Some(name) => name.to_owned(),
        None => "any JSON".to_owned(),
    }
}

fn text(value: &Value, name: &str) -> String {
    escape(value[name].as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi;

    #[test]
    fn every_operation_is_on_the_page_and_nothing_is_loaded() {
        let (_, document) = openapi::api();
        let page = page(&document);
        let html = String::from_utf8(page.html.to_vec()).unwrap();
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(html.contains(&format!("<code>{path}</code>")), "{path}");
        }
        for wrong in ["http://", "https://", "<script", "<img", "<link", "style=\"", "@import", "url("] {
            assert!(!html.replace("https://example.com/hook", "").contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        let document = serde_json::json!({"info": {"description": "<b>"}, "paths": {"/x<y": {"get": {"summary": "\"&"}}}});
        let html = String::from_utf8(page(&document).html.to_vec()).unwrap();
        assert!(html.contains("&lt;b&gt;") && html.contains("/x&lt;y") && html.contains("&quot;&amp;"));
    }
}
