//! What an assistant is told of the tools: names, which are stable, and descriptions. All of it is read by a model
//! before each conversation, so it is short. Not here: what arguments look like (`tools`).

use std::sync::Arc;

use rmcp::model::Tool;
use rmcp::model::ToolAnnotations;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::tools;

/// The argument of every tool that says in which workspace it is meant.
pub(crate) const WORKSPACE: &str = "workspace";

/// Who may use a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToolAccess {
    /// All who may read.
    Read,
    /// Keys that may write; nothing is changed.
    Plan,
    /// The same, where whoever runs the assistant lets it write.
    Write,
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolName {
    /// What there is and how it goes.
    Overview,
    /// Why something came to what it came to.
    Explain,
    /// Lists.
    Find,
    /// Steps on a payload or events.
    Try,
    /// What there is to set.
    Docs,
    /// What documents would change.
    Plan,
    /// Carries a plan out.
    Apply,
    /// One request to a destination.
    SendTest,
    /// Waits for something.
    Watch,
}

impl ToolName {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::Explain,
        Self::Find,
        Self::Try,
        Self::Docs,
        Self::Watch,
        Self::Plan,
        Self::Apply,
        Self::SendTest,
    ];

    /// By its name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// As it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Explain => "explain",
            Self::Find => "find",
            Self::Try => "try",
            Self::Docs => "docs",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::SendTest => "send_test",
            Self::Watch => "watch",
        }
    }

    const fn access(self) -> ToolAccess {
        match self {
            Self::Overview | Self::Explain | Self::Find | Self::Try | Self::Docs | Self::Watch => {
                ToolAccess::Read
            }
            Self::Plan => ToolAccess::Plan,
            Self::Apply | Self::SendTest => ToolAccess::Write,
        }
    }

    /// Whether this caller may use it.
    pub(crate) fn is_for(self, caller: &ToolCaller) -> bool {
        match self.access() {
            ToolAccess::Read => true,
            ToolAccess::Plan => caller.may_plan(),
            ToolAccess::Write => caller.may_write(),
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Overview => {
                "What is set up in this workspace and how it goes: sources (with the URL events are sent to), \
                 destinations, connections, plugins and presets with their states, counts since the gateway started, \
                 and `attention`: what is wrong or waits for somebody. Begin here."
            }
            Self::Explain => {
                "Why something did or did not arrive. With `id` of an event or a delivery: each decision in order with its \
                 reason (the clause of a filter that decided and the value it saw, the receiver's status, when the next \
                 attempt is due), and the shape of the payload. With `source`: of its last events and rejections, how \
                 many were received, rejected, filtered out, failed and delivered, and why. Give one of both."
            }
            Self::Find => {
                "Lists events, deliveries, or requests that a source rejected, newest first; with `cursor` the next page. \
                 Events come with the shape of their payloads: paths and types, no text."
            }
            Self::Try => {
                "Runs steps without storing or sending anything: on a `payload`, on a stored `event`, or on the last \
                 events of a `source` (then it says how many of them would pass, and what stopped the others). The steps \
                 are given, or those of a `connection`. Try before you plan. Or, with `signature`, finds the preset or scheme for \
                 `verification` that accepts a request."
            }
            Self::Docs => {
                "What can be set and asked: fields of sources, destinations, connections, tables and steps (filters, mappings, \
                 plugins), presets, operations of the HTTP API. Searches by words, such as `filter clause`, `retry`, `slack`."
            }
            Self::Plan => {
                "Says what would change for documents to be so, and changes nothing. A document is the body that makes a \
                 resource, with `resource`: {\"resource\":\"source\",\"name\":\"forms\",\"verification\":null,\"require_key\":false,\
                 \"event_type\":{\"path\":\"$.kind\"}}; {\"resource\":\"destination\",\"name\":\"crm\",\"url\":\"https://…\"}; \
                 {\"resource\":\"connection\",\"name\":\"leads\",\"source\":\"forms\",\"destination\":\"crm\",\"steps\":[{\"filter\":\
                 {\"path\":\"$.score\",\"gt\":500}},{\"mapping\":{\"version\":1,\"output\":{\"mail\":\"$.email\"}}}]}; \
                 {\"resource\":\"table\",\"name\":\"people\",\"columns\":[{\"name\":\"mail\",\"type\":\"text\"}],\"key\":[\"mail\"]}, \
                 filled by a destination of the kind `table` (`\"table\":\"people\"`); its changes come from the source \
                 `table:people`. Further resources: \
                 `event_type`, `plugin` (which version is active), `workspace` (the operator's). What a document \
                 does not mention is as by default, save state and secrets, which stay; `\"state\":\"active\"` resumes what is \
                 paused. What is not among the documents stays as it is. Or name a `preset` with its `parameters`. Answers \
                 the changes with their risk (`outward`: something begins to be sent to a place) and the plan's id, valid for \
                 15 minutes and once. Never put secrets into it: in `verification` and `signing`, {\"$secret\":\"NAME\"} stands for one \
                 that a person has set by `hookmill secret set NAME`."
            }
            Self::Apply => {
                "Carries out one plan, all of it or nothing; refused if the configuration has changed since. Show the plan \
                 to the user first. Answers what was made, and `needs`: what a person still has to do, such as setting \
                 secrets, which are never shown here."
            }
            Self::SendTest => {
                "Sends one test request to a destination, signed as deliveries are, and answers what the receiver said. It \
                 really goes out."
            }
            Self::Watch => {
                "Waits, at most 30 seconds, until a new event comes in at a `source`, until all deliveries of an `event` have come \
                 to an end, or until a delivery has `failed` for good. Answers what happened, or how it stands if nothing did; \
                 ask again to wait on. Use it where the user is about to send something."
            }
        }
    }

    fn arguments(self) -> Value {
        match self {
            Self::Overview => schema::<tools::overview::OverviewArguments>(),
            Self::Explain => schema::<tools::explain::ExplainArguments>(),
            Self::Find => schema::<tools::find::FindArguments>(),
            Self::Try => schema::<tools::try_steps::TryArguments>(),
            Self::Docs => schema::<tools::docs::DocsArguments>(),
            Self::Plan => schema::<tools::plan::PlanArguments>(),
            Self::Apply => schema::<tools::apply::ApplyArguments>(),
            Self::SendTest => schema::<tools::send_test::SendTestArguments>(),
            Self::Watch => schema::<tools::watch::WatchArguments>(),
        }
    }

    fn describe(self, for_operator: bool) -> Tool {
        let Value::Object(mut arguments) = self.arguments() else { return self.with(Map::new()) };
        if for_operator && let Some(fields) = arguments.get_mut("properties").and_then(Value::as_object_mut) {
            let about = "The workspace to act in, by id or name, if not the key's own.";
            fields.insert(WORKSPACE.to_owned(), json!({"type": "string", "description": about}));
        }
        self.with(arguments)
    }

    fn with(self, arguments: Map<String, Value>) -> Tool {
        let writes = self.access() == ToolAccess::Write;
        let hints = ToolAnnotations::new().read_only(!writes).open_world(self == Self::SendTest);
        let hints = if writes { hints.destructive(self == Self::Apply).idempotent(false) } else { hints };
        Tool::new(self.name(), self.about(), Arc::new(arguments)).with_annotations(hints)
    }
}

/// Those that `wanted` lets through; each takes a workspace from operators.
pub(crate) fn tools(wanted: impl Fn(ToolName) -> bool, for_operator: bool) -> Vec<Tool> {
    let wanted = ToolName::ALL.into_iter().filter(|tool| wanted(*tool));
    wanted.map(|tool| tool.describe(for_operator)).collect()
}

/// The schema by which arguments are read, too.
fn schema<T: ToSchema>() -> Value {
    let mut schema = serde_json::to_value(T::schema()).unwrap_or_default();
    if let Some(members) = schema.as_object_mut() {
        // The tool has its own description.
        members.remove("description");
    }
    one_line(&mut schema);
    schema
}

fn one_line(schema: &mut Value) {
    match schema {
        Value::String(text) if text.contains('\n') => *text = text.replace('\n', " "),
        Value::Array(items) => items.iter_mut().for_each(one_line),
        Value::Object(members) => members.values_mut().for_each(one_line),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_small_and_whole() {
        let tools = tools(|_| true, true);
        let text = serde_json::to_string(&tools).unwrap();
        assert!(text.len() <= 16 << 10, "{} bytes", text.len());
        assert!(!text.contains("$ref"), "a client has nothing that it could refer to: {text}");
        for tool in &tools {
            assert_eq!(tool.input_schema["type"], "object", "{}", tool.name);
            assert_eq!(ToolName::of(&tool.name).unwrap().name(), tool.name);
        }
    }
}
