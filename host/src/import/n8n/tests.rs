//! Conditions, fields and bodies of workflows.

use serde_json::json;

use super::*;

/// A workflow of a webhook, one node, and a request behind each of its outputs.
fn through(kind: &str, parameters: Value, outputs: usize, body: &str) -> Vec<Value> {
    let request = |nth: usize| {
        json!({"name": format!("out {nth}"), "type": "n8n-nodes-base.httpRequest", "parameters": {
            "method": "POST", "url": format!("https://{nth}.example.com/"), "sendBody": true, "specifyBody": "json", "jsonBody": body,
        }})
    };
    let mut nodes = vec![
        json!({"name": "in", "type": "n8n-nodes-base.webhook", "parameters": {"path": "p", "httpMethod": "POST"}}),
        json!({"name": "node", "type": format!("n8n-nodes-base.{kind}"), "parameters": parameters}),
    ];
    nodes.extend((0..outputs).map(request));
    let behind: Vec<Value> = (0..outputs).map(|nth| json!([{"node": format!("out {nth}")}])).collect();
    let dump = json!({"nodes": nodes, "connections": {
        "in": {"main": [[{"node": "node"}]]},
        "node": {"main": behind},
    }});
    let made = n8n(&dump).unwrap();
    made.documents.into_iter().filter(|document| document["resource"] == "connection").collect()
}

fn whole(kind: &str, parameters: Value, outputs: usize) -> Vec<Value> {
    through(kind, parameters, outputs, "={{ $('in').item.json.body }}")
}

fn rule(left: &str, kind: &str, operation: &str, right: Value) -> Value {
    json!({"leftValue": left, "rightValue": right, "operator": {"type": kind, "operation": operation}})
}

#[test]
fn conditions() {
    let check = |rule: Value, expected: Value| {
        let made = whole("filter", json!({"conditions": {"combinator": "and", "conditions": [rule]}}), 1);
        let seen = match made[0].get("state") {
            Some(state) => state,
            None => &made[0]["steps"][0]["filter"],
        };
        assert_eq!(*seen, expected, "{rule}");
    };
    let a = "={{ $json.body.a }}";
    check(rule(a, "string", "equals", json!("x")), json!({"path": "$.a", "type": "string", "eq": "x"}));
    check(rule(a, "number", "gt", json!("5")), json!({"path": "$.a", "type": "number", "gt": 5}));
    check(rule(a, "boolean", "true", json!("")), json!({"path": "$.a", "eq": true}));
    check(rule(a, "array", "lengthGt", json!(2)), json!({"path": "$.a", "type": "array", "length_gt": 2}));
    check(
        rule(a, "string", "regex", json!("^\\d+$")),
        json!({"path": "$.a", "type": "string", "matches": "^[0-9]+$"}),
    );
    check(
        rule("={{ $json.headers['X-Kind'] }}", "string", "startsWith", json!("a")),
        json!({"in_headers": "x-kind", "type": "string", "starts_with": "a"}),
    );
    check(
        rule("={{ $json[\"query\"].page }}", "string", "notEquals", json!("1")),
        json!({"all": [
            {"any": [{"in_event": "query.page", "type": ["string", "null"]}, {"in_event": "query.page", "exists": false}]},
            {"not": {"in_event": "query.page", "type": "string", "eq": "1"}},
        ]}),
    );
    for refused in [
        rule(a, "dateTime", "after", json!("2026-01-01")),
        rule(a, "string", "equals", json!("={{ $json.body.b }}")),
        rule("={{ $json.body.a.toLowerCase() }}", "string", "equals", json!("x")),
        rule("={{ $json.body.a.length }}", "number", "gt", json!(1)),
        rule("={{ $json.params.id }}", "string", "equals", json!("x")),
        rule("={{ $now }}", "string", "equals", json!("x")),
        rule("plain", "string", "equals", json!("x")),
        rule(a, "string", "regex", json!("(?=x)")),
        json!({"leftValue": a}),
    ] {
        check(refused, json!("paused"));
    }
}

#[test]
fn what_fails_takes_the_other_way() {
    let old = json!({"conditions": {"number": [{"value1": "={{$json.body.n}}", "operation": "larger", "value2": 3}]}});
    let made = whole("if", old, 2);
    let holds = json!({"path": "$.n", "type": "number", "gt": 3, "as": "number"});
    let guard = json!({"any": [{"path": "$.n", "type": ["number", "null"], "as": "number"}, {"path": "$.n", "exists": false}]});
    assert_eq!(made[0]["steps"], json!([{"filter": holds}]));
    assert_eq!(made[1]["steps"], json!([{"filter": {"all": [guard, {"not": holds}]}}]));
}

#[test]
fn a_switch_takes_the_first_that_matches() {
    let is = |text: &str| json!({"conditions": {"combinator": "and", "conditions": [rule("={{ $json.body.t }}", "string", "equals", json!(text))]}});
    let rules = |options: Value| json!({"rules": {"values": [is("a"), is("b")]}, "options": options});
    let (a, b) = (
        json!({"path": "$.t", "type": "string", "eq": "a"}),
        json!({"path": "$.t", "type": "string", "eq": "b"}),
    );
    let guard =
        json!({"any": [{"path": "$.t", "type": ["string", "null"]}, {"path": "$.t", "exists": false}]});
    let filters =
        |made: Vec<Value>| made.iter().map(|one| one["steps"][0]["filter"].clone()).collect::<Vec<_>>();
    let not_a = json!({"all": [guard, {"not": a}]});
    let not_b = json!({"all": [guard, {"not": b}]});
    assert_eq!(
        filters(whole("switch", rules(json!({"fallbackOutput": "extra"})), 3)),
        [a.clone(), json!({"all": [not_a, b]}), json!({"all": [not_a, not_b]})]
    );
    assert_eq!(filters(whole("switch", rules(json!({"allMatchingOutputs": true})), 2)), [a, b]);
    // An output that no rule has takes nothing.
    assert_eq!(whole("switch", rules(json!({})), 3).len(), 2);
    for refused in [json!({"mode": "expression"}), json!({}), rules(json!({"fallbackOutput": 0}))] {
        assert_eq!(whole("switch", refused, 1)[0]["state"], "paused");
    }
}

#[test]
fn fields_and_bodies() {
    let check = |parameters: Value, body: &str, expected: Value| {
        let made = through("set", parameters, 1, body);
        let seen = match made[0].get("state") {
            Some(state) => state,
            None => &made[0]["steps"][0]["mapping"]["output"],
        };
        assert_eq!(*seen, expected, "{body}");
    };
    let fields = json!({"assignments": {"assignments": [
        {"name": "mail", "value": "={{ $json.body.mail }}", "type": "string"},
        {"name": "who", "value": "$team", "type": "string"},
    ]}});
    let and_others = json!({"assignments": fields["assignments"], "includeOtherFields": true});
    check(
        fields.clone(),
        "={{ $json }}",
        json!({"mail": {"$path": "$.mail", "$as": "string"}, "who": {"$literal": "$team"}}),
    );
    check(fields.clone(), "={\"m\": \"to {{ $json.who }}\"}", json!({"m": {"$template": "to $team"}}));
    check(fields.clone(), "{\"m\": [1, \"$x\"]}", json!({"$literal": {"m": [1, "$x"]}}));
    check(
        and_others.clone(),
        "={\"n\": {{ $json.body.n }}, \"l\": [{{ $json.body[\"x y\"][0] }}]}",
        json!({"n": "$.n", "l": ["$[\"x y\"][0]"]}),
    );
    let old = json!({"values": {"string": [{"name": "a", "value": "1"}]}, "keepOnlySet": true});
    check(old, "={{ JSON.stringify($json.a) }}", json!("1"));
    for (parameters, body) in [
        (fields.clone(), "={{ $json.body.n }}"),
        (and_others, "={{ $json }}"),
        (fields.clone(), "={{ $json.mail.toUpperCase() }}"),
        (fields.clone(), "={\"a\": {{ $json.mail }"),
        (fields, "={\"{{ $json.mail }}\": 1}"),
        (json!({"mode": "raw", "jsonOutput": "{}"}), "={{ $json.a }}"),
        (
            json!({"assignments": {"assignments": [{"name": "a.b", "value": 1, "type": "number"}]}}),
            "={{ $json.a }}",
        ),
    ] {
        check(parameters, body, json!("paused"));
    }
}

#[test]
fn circles_and_crowds_end() {
    let circle = json!({"nodes": [
        {"name": "in", "type": "n8n-nodes-base.webhook", "parameters": {"path": "p"}},
        {"name": "a", "type": "n8n-nodes-base.noOp"},
    ], "connections": {"in": {"main": [[{"node": "a"}]]}, "a": {"main": [[{"node": "a"}, {"node": "in"}]]}}});
    assert_eq!(n8n(&circle).unwrap().documents.len(), 1);
    // Each of thirty nodes leads twice to the next one: more ways than anybody could count.
    let mut nodes =
        vec![json!({"name": "n0", "type": "n8n-nodes-base.webhook", "parameters": {"path": "p"}})];
    let mut connections = serde_json::Map::new();
    for nth in 0..30 {
        nodes.push(json!({"name": format!("n{}", nth + 1), "type": "n8n-nodes-base.noOp"}));
        let next = json!({"node": format!("n{}", nth + 1)});
        connections.insert(format!("n{nth}"), json!({"main": [[next, next]]}));
    }
    assert!(n8n(&json!({"nodes": nodes, "connections": connections})).is_ok());
}
