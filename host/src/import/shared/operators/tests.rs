//! Filters of others and what they are here.

use serde_json::json;

use super::*;

fn check(dialect: OperatorDialect, part: FilterPart, filter: Value, expected: Value) {
    let seen = match translate(dialect, part, &filter, "/f") {
        Ok(made) => made.clause.unwrap_or(Value::Null),
        Err(refused) => Value::from(refused.at),
    };
    assert_eq!(seen, expected, "{filter}");
}

fn hookdeck(part: FilterPart, filter: Value, expected: Value) {
    check(OperatorDialect::Hookdeck, part, filter, expected);
}

#[test]
fn plain_values() {
    hookdeck(FilterPart::Body, json!({}), json!(null));
    hookdeck(
        FilterPart::Body,
        json!({"type": "paid"}),
        json!({"any": [{"path": "$.type", "eq": "paid"}, {"path": "$.type", "type": "array", "contains": "paid"}]}),
    );
    hookdeck(FilterPart::Headers, json!({"X-Kind": "a"}), json!({"in_headers": "x-kind", "eq": "a"}));
    hookdeck(
        FilterPart::Query,
        json!({"page": 2}),
        json!({"in_event": "query.page", "eq": 2, "as": "number"}),
    );
    hookdeck(FilterPart::Path, json!("/a"), json!({"in_event": "path", "eq": "/a"}));
    hookdeck(
        FilterPart::Path,
        json!({"$startsWith": "/a"}),
        json!({"in_event": "path", "starts_with": "/a"}),
    );
    hookdeck(FilterPart::Query, json!({"page": true}), json!("/f/page"));
    hookdeck(
        FilterPart::Body,
        json!({"tags": ["a", "b"]}),
        json!({"all": [
            {"path": "$.tags", "type": "array", "contains": "a"},
            {"path": "$.tags", "type": "array", "contains": "b"},
        ]}),
    );
}

#[test]
fn operators() {
    let body = |inner: Value, expected: Value| hookdeck(FilterPart::Body, json!({"a": inner}), expected);
    body(json!({"$gte": 5}), json!({"path": "$.a", "gte": 5, "as": "number"}));
    body(
        json!({"$gt": 1, "$lt": 9}),
        json!({"all": [{"path": "$.a", "gt": 1, "as": "number"}, {"path": "$.a", "lt": 9, "as": "number"}]}),
    );
    body(json!({"$in": ["x", "y"]}), json!({"path": "$.a", "in": ["x", "y"]}));
    body(json!({"$in": "x"}), json!({"path": "$.a", "contains": "x"}));
    body(json!({"$exist": false}), json!({"path": "$.a", "exists": false}));
    body(json!({"$eq": "x"}), json!({"path": "$.a", "eq": "x"}));
    body(json!({"$eq": "5"}), json!({"path": "$.a", "in": ["5", 5]}));
    body(json!({"$eq": true}), json!({"path": "$.a", "in": [true, 1], "as": "number"}));
    body(
        json!({"$neq": "x"}),
        json!({"all": [{"path": "$.a", "exists": true}, {"not": {"path": "$.a", "eq": "x"}}]}),
    );
    body(
        json!({"$nin": ["x"]}),
        json!({"all": [
            {"path": "$.a", "type": ["string", "number", "boolean", "null"]},
            {"not": {"path": "$.a", "in": ["x"]}},
        ]}),
    );
    body(
        json!({"$not": "x"}),
        json!({"all": [{"path": "$.a", "exists": true}, {"not": {"any": [
            {"path": "$.a", "eq": "x"}, {"path": "$.a[*]", "eq": "x"}, {"path": "$.a[*]", "type": "array"},
        ]}}]}),
    );
    body(
        json!({"$endsWith": ["x", "y"]}),
        json!({"any": [{"path": "$.a", "ends_with": "x"}, {"path": "$.a", "ends_with": "y"}]}),
    );
    body(
        json!({"$or": [{"$gt": 1}, {"$eq": null}]}),
        json!({"any": [{"path": "$.a", "gt": 1, "as": "number"}, {"path": "$.a", "eq": null}]}),
    );
    for (refused, at) in [
        (json!({"$ref": "b"}), "/f/a/$ref"),
        (json!({"$gte": {"$ref": "b"}}), "/f/a/$gte"),
        (json!({"$regex": "x"}), "/f/a/$regex"),
        (json!({"$or": []}), "/f/a/$or"),
        (json!({"$not": {"b": 1}}), "/f/a/$not"),
        (json!({"$not": {"$not": "x"}}), "/f/a/$not/$not"),
        (json!({"$exist": 1}), "/f/a/$exist"),
        (json!({"$in": []}), "/f/a/$in"),
        (json!({}), "/f/a"),
    ] {
        body(refused, json!(at));
    }
}

#[test]
fn members_and_lists() {
    hookdeck(
        FilterPart::Body,
        json!({"order": {"items": {"id": 4}}}),
        json!({"any": [
            {"any": [
                {"any": [
                    {"path": "$.order.items.id", "eq": 4, "as": "number"},
                    {"path": "$.order.items.id", "type": "array", "contains": 4},
                    {"path": "$.order.items.id", "type": "array", "contains": "4"},
                ]},
                {"all": [
                    {"path": "$.order.items", "type": "array"},
                    {"path": "$.order.items[?(@.id == 4 || @.id == \"4\")]", "exists": true},
                ]},
            ]},
            {"all": [
                {"path": "$.order", "type": "array"},
                {"path": "$.order[?(@.items.id == 4 || @.items.id == \"4\")]", "exists": true},
            ]},
        ]}),
    );
    let made = translate(
        OperatorDialect::Hookdeck,
        FilterPart::Body,
        &json!({"a": {"b": {"$startsWith": "x"}}}),
        "/f",
    )
    .unwrap();
    assert_eq!(made.less[0].0, "/f/a");
}

#[test]
fn convoy() {
    let check =
        |filter: Value, expected: Value| check(OperatorDialect::Convoy, FilterPart::Body, filter, expected);
    check(
        json!({"event.type": "paid"}),
        json!({"any": [{"path": "$.event.type", "eq": "paid"}, {"path": "$.event.type", "type": "array", "contains": "paid"}]}),
    );
    check(json!({"a": {"b": {"$gte": 5}}}), json!({"path": "$.a.b", "type": "number", "gte": 5}));
    check(
        json!({"items.$.id": {"$eq": 1}}),
        json!({"all": [{"path": "$.items", "type": "array"}, {"path": "$.items[*].id", "eq": 1}]}),
    );
    check(json!({"a.0": {"$regex": "^x"}}), json!({"path": "$.a[0]", "type": "string", "matches": "^x"}));
    check(
        json!({"$or": [{"a": {"$exist": true}}, {"b": {"$in": [1]}}]}),
        json!({"any": [{"path": "$.a", "exists": true}, {"path": "$.b", "in": [1]}]}),
    );
    check(
        json!({"a": {"$nin": [1]}}),
        json!({"all": [{"path": "$.a", "type": ["string", "number", "boolean", "null"]}, {"not": {"path": "$.a", "in": [1]}}]}),
    );
    for (refused, at) in [
        (json!({"a.$": 1}), "/f/a.$"),
        (json!({"a..b": 1}), "/f/a..b"),
        (json!({"a": {"$gte": "5"}}), "/f/a/$gte"),
        (json!({"a": {"$startsWith": "5"}}), "/f/a/$startsWith"),
        (json!({"a": [1]}), "/f/a"),
    ] {
        check(refused, json!(at));
    }
    let two = translate(OperatorDialect::Convoy, FilterPart::Body, &json!({"a": 1, "b": 2}), "/f").unwrap();
    assert_eq!(two.less.len(), 1);
}

#[test]
fn a_filter_has_bounds() {
    let many: serde_json::Map<String, Value> = (0..600).map(|n| (format!("m{n}"), json!("x"))).collect();
    assert!(translate(OperatorDialect::Hookdeck, FilterPart::Body, &many.into(), "/f").is_err());
}
