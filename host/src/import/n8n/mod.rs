//! n8n's workflows: webhooks, the requests they lead to, and what stands between. Not here: what one node comes to
//! (`webhook`, `request`, `condition`, `set`), expressions (`expression`).

mod body;
mod condition;
mod expression;
mod request;
mod set;
mod shape;
#[cfg(test)]
mod tests;
mod walk;
mod webhook;

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;

use crate::import::ImportFate;
use crate::import::Imported;
use crate::import::shared::draft::Draft;
use crate::import::shared::json::check_depth;
use crate::import::shared::json::items;
use crate::import::shared::json::seen;
use crate::import::shared::json::text;

/// A node of a workflow.
#[derive(Clone, Copy, Debug)]
struct Node<'v> {
    index: usize,
    name: &'v str,
    /// Without `n8n-nodes-base.`.
    kind: &'v str,
    value: &'v Value,
    parameters: &'v Value,
}

/// A workflow as it was read.
#[derive(Debug)]
struct Workflow<'v> {
    at: String,
    value: &'v Value,
    nodes: Vec<Node<'v>>,
    by_name: HashMap<&'v str, usize>,
}

impl Workflow<'_> {
    fn pointer(&self, node: Node<'_>) -> String {
        format!("{}/nodes/{}", self.at, node.index)
    }
}

/// Documents from one workflow as it is exported, or from several of them.
pub(super) fn n8n(dump: &Value) -> Result<Imported, String> {
    check_depth(dump)?;
    let mut draft = Draft::new("n8n");
    let mut requests = 0;
    let workflows = workflows(dump)?;
    for workflow in &workflows {
        requests += walk::workflow(workflow, &mut draft);
    }
    if requests == 0 {
        draft.note(
            "",
            ImportFate::Impossible,
            "no Webhook node leads to an HTTP Request node, so nothing would be delivered",
        );
    }
    draft.finish()
}

fn workflows(dump: &Value) -> Result<Vec<Workflow<'_>>, String> {
    let (list, at) = match dump.get("data") {
        Some(data) if data.is_array() => (data, "/data"),
        _ => (dump, ""),
    };
    let mut found = Vec::new();
    if list.is_array() {
        for (nth, one) in items(list, at)?.iter().enumerate() {
            found.extend(workflow(one, format!("{at}/{nth}"))?);
        }
    } else {
        found.extend(workflow(dump, String::new())?);
    }
    if found.is_empty() {
        return Err(format!(
            "this is no workflow of n8n: looked for an object with `nodes` and `connections`, or a list of such, and found {}",
            seen(dump)
        ));
    }
    Ok(found)
}

fn workflow(value: &Value, at: String) -> Result<Option<Workflow<'_>>, String> {
    let Some(nodes) =
        value.get("nodes").filter(|nodes| nodes.is_array() && value.get("connections").is_some())
    else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for (index, one) in items(nodes, &format!("{at}/nodes"))?.iter().enumerate() {
        let kind = text(one, "type").unwrap_or_default();
        found.push(Node {
            index,
            name: one.get("name").and_then(Value::as_str).unwrap_or_default(),
            kind: kind.strip_prefix("n8n-nodes-base.").unwrap_or(kind),
            value: one,
            parameters: one.get("parameters").unwrap_or(&Value::Null),
        });
    }
    let by_name = found.iter().map(|node| (node.name, node.index)).collect();
    Ok(Some(Workflow { at, value, nodes: found, by_name }))
}

/// Says something of a place once, however many ways lead there.
#[derive(Debug, Default)]
struct Told(HashSet<(String, String)>);

impl Told {
    fn note(&mut self, at: &str, fate: ImportFate, detail: impl Into<String>, draft: &mut Draft) {
        let detail = detail.into();
        if self.0.insert((at.to_owned(), detail.clone())) {
            draft.note(at, fate, detail);
        }
    }
}
