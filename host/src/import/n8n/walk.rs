//! The ways from webhooks to requests: each is a connection. Not here: what a node comes to.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;
use serde_json::json;

use crate::import::ImportFate;
use crate::import::n8n::Node;
use crate::import::n8n::Told;
use crate::import::n8n::Workflow;
use crate::import::n8n::condition;
use crate::import::n8n::expression::ExpressionScope;
use crate::import::n8n::request;
use crate::import::n8n::set;
use crate::import::n8n::shape::ItemShape;
use crate::import::n8n::webhook;
use crate::import::shared::draft::Draft;
use crate::import::shared::draft::without_nulls;
use crate::import::shared::json::is_set;
use crate::import::shared::json::shown;
use crate::import::shared::names::DraftKind;

/// Nodes on one way, and ways of one workflow.
const LENGTH_MAX: usize = 64;
const WAYS_MAX: usize = 2000;
/// Steps a connection has at most, the mapping included.
const STEPS_MAX: usize = 32;

/// How far somebody has come.
#[derive(Clone, Debug)]
struct Way {
    node: usize,
    shape: ItemShape,
    filters: Vec<Value>,
    /// Whether something on the way could not be carried over.
    incomplete: bool,
    seen: Vec<usize>,
}

/// What was made of a workflow.
#[derive(Debug, Default)]
struct CarriedRules {
    destinations: HashMap<usize, Option<String>>,
    told: Told,
    reached: HashSet<usize>,
    requests: usize,
}

/// Makes the documents of a workflow; how many requests its webhooks lead to.
pub(super) fn workflow(workflow: &Workflow<'_>, draft: &mut Draft) -> usize {
    let mut made = CarriedRules::default();
    let active = workflow.value.get("active") != Some(&Value::Bool(false));
    for node in workflow.nodes.iter().filter(|node| node.kind == "webhook" && !is_set(node.value, "disabled"))
    {
        let source = webhook::make(*node, &workflow.pointer(*node), active, draft);
        ways(workflow, *node, &source, &mut made, draft);
    }
    for node in
        workflow.nodes.iter().filter(|node| !made.reached.contains(&node.index) && node.kind != "stickyNote")
    {
        let detail = "no webhook leads here: nothing is made of it";
        draft.note(&workflow.pointer(*node), ImportFate::Impossible, detail);
    }
    made.requests
}

fn ways(workflow: &Workflow<'_>, start: Node<'_>, source: &str, made: &mut CarriedRules, draft: &mut Draft) {
    let first = Way {
        node: start.index,
        shape: ItemShape::Webhook,
        filters: Vec::new(),
        incomplete: false,
        seen: Vec::new(),
    };
    let mut open = vec![first];
    let mut count = 0;
    while let Some(way) = open.pop() {
        let Some(node) = workflow.nodes.get(way.node).copied() else { continue };
        count += 1;
        let at = workflow.pointer(node);
        made.reached.insert(node.index);
        if count > WAYS_MAX || way.seen.len() > LENGTH_MAX || way.seen.contains(&node.index) {
            let detail = "there are too many ways through the workflow, or one goes in a circle: it is not followed from here";
            made.told.note(&at, ImportFate::Impossible, detail, draft);
            continue;
        }
        if node.kind == "httpRequest" && !is_set(node.value, "disabled") {
            arrived(workflow, start, node, source, &way, made, draft);
            continue;
        }
        let scope = ExpressionScope { shape: &way.shape, webhook: start.name };
        let after = pass(node, &at, scope, &mut made.told, draft);
        // What is pushed last is followed first.
        for (output, target) in targets(workflow, node).into_iter().rev() {
            let mut next = way.clone();
            next.seen.push(node.index);
            next.node = target;
            next.incomplete |= after.incomplete;
            if let Some(shape) = &after.shape {
                next.shape = shape.clone();
            }
            match after.outputs.as_ref().map(|outputs| outputs.get(output)) {
                Some(Some(clause)) => next.filters.push(clause.clone()),
                // An output that the node does not have takes nothing.
                Some(None) => continue,
                None => {}
            }
            open.push(next);
        }
    }
}

/// What a node does to who passes it.
#[derive(Debug, Default)]
struct Passed {
    /// What passes at each output; `None`: everything at all of them.
    outputs: Option<Vec<Value>>,
    shape: Option<ItemShape>,
    incomplete: bool,
}

fn pass(node: Node<'_>, at: &str, scope: ExpressionScope<'_>, told: &mut Told, draft: &mut Draft) -> Passed {
    let lost = || Passed { shape: Some(ItemShape::Unknown), incomplete: true, ..Passed::default() };
    if is_set(node.value, "disabled") {
        return Passed::default();
    }
    match node.kind {
        "webhook" | "noOp" | "stickyNote" => Passed::default(),
        "respondToWebhook" => {
            told.note(
                at,
                ImportFate::Approximated,
                "who sends is answered at once here: set the source's `response`",
                draft,
            );
            Passed::default()
        }
        "if" | "filter" | "switch" => match condition::outputs(node, scope) {
            Ok(outputs) => {
                told.note(at, ImportFate::Exact, "it is a filter of the connections behind it", draft);
                Passed { outputs: Some(outputs), ..Passed::default() }
            }
            Err(why) => {
                let detail = format!(
                    "{why}: connections behind it are paused; add the filter as a step, then resume them"
                );
                told.note(at, ImportFate::Impossible, detail, draft);
                Passed { incomplete: true, ..Passed::default() }
            }
        },
        "set" => match set::shape(node, scope) {
            Ok(shape) => {
                told.note(
                    at,
                    ImportFate::Exact,
                    "it is part of the mapping of the connections behind it",
                    draft,
                );
                Passed { shape: Some(shape), ..Passed::default() }
            }
            Err(why) => {
                let detail =
                    format!("{why}: connections behind it are paused; write the mapping, then resume them");
                told.note(at, ImportFate::Impossible, detail, draft);
                lost()
            }
        },
        "code" | "function" | "functionItem" => {
            let detail = "code: write it as a plugin with `hookmill plugin new --lang js`, add it as a step to the connections behind it, and resume them";
            told.note(at, ImportFate::Impossible, detail, draft);
            lost()
        }
        other => {
            let detail = format!(
                "a node of the type `{}` is not known here: connections behind it are paused; write what it does as a step, then resume them",
                shown(other)
            );
            told.note(at, ImportFate::Impossible, detail, draft);
            lost()
        }
    }
}

/// Where each output leads, in order.
fn targets(workflow: &Workflow<'_>, node: Node<'_>) -> Vec<(usize, usize)> {
    let outputs =
        workflow.value.get("connections").and_then(|all| all.get(node.name)?.get("main")?.as_array());
    let mut found = Vec::new();
    for (output, list) in outputs.map(Vec::as_slice).unwrap_or_default().iter().take(100).enumerate() {
        for one in list.as_array().map(Vec::as_slice).unwrap_or_default().iter().take(100) {
            let name = one.get("node").and_then(Value::as_str).unwrap_or_default();
            found.extend(workflow.by_name.get(name).map(|index| (output, *index)));
        }
    }
    found
}

/// A way that has come to a request is a connection.
fn arrived(
    workflow: &Workflow<'_>,
    start: Node<'_>,
    node: Node<'_>,
    source: &str,
    way: &Way,
    made: &mut CarriedRules,
    draft: &mut Draft,
) {
    let at = workflow.pointer(node);
    made.requests += 1;
    let destination = match made.destinations.get(&node.index) {
        Some(known) => known.clone(),
        None => {
            let name = request::destination(node, &at, draft);
            made.destinations.insert(node.index, name.clone());
            name
        }
    };
    if !targets(workflow, node).is_empty() {
        let detail = "what comes behind it is not carried over: set the destination's `answer_type`, and take that type from `published`";
        made.told.note(&at, ImportFate::Impossible, detail, draft);
    }
    let Some(destination) = destination else { return };
    let mut incomplete = way.incomplete;
    let mut steps: Vec<Value> = way.filters.iter().map(|clause| json!({ "filter": clause })).collect();
    match request::mapping(node, ExpressionScope { shape: &way.shape, webhook: start.name }) {
        Ok(Value::Null) => {}
        Ok(mapping) => {
            if !is_set(node.parameters, "sendBody") {
                let detail = "it sends no body there, and `{}` here";
                made.told.note(&at, ImportFate::Approximated, detail, draft);
            }
            steps.push(json!({ "mapping": mapping }));
        }
        Err(why) => {
            incomplete = true;
            let detail =
                format!("{why}: its connection is paused; write the mapping as a step, then resume it");
            made.told.note(&at, ImportFate::Impossible, detail, draft);
        }
    }
    if steps.len() > STEPS_MAX {
        incomplete = true;
        steps.clear();
        made.told.note(
            &at,
            ImportFate::Impossible,
            format!("more than {STEPS_MAX} steps lead here: join filters"),
            draft,
        );
    }
    let name = draft.name(DraftKind::Connection, &format!("{source} to {destination}"), "connection");
    draft.add(
        DraftKind::Connection,
        without_nulls(json!({
            "name": name,
            "state": incomplete.then_some("paused"),
            "source": source,
            "steps": (!steps.is_empty()).then_some(steps),
            "destination": destination,
        })),
    );
}
