//! Queries beside the compliance suite: limits, exact numbers, what jsonpath-rust's parser lets
//! through, and hostile texts.

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::budget::MAX_QUERY_BYTES;
use crate::shape::query::Query;
use crate::shape::tape::Document;

/// The values a query gives, as one JSON text; or "invalid".
fn run(query: &str, document: &str) -> String {
    let Ok(query) = Query::compile(query) else { return "invalid".to_owned() };
    let document = Document::parse(document.as_bytes()).unwrap();
    let nodes = query.nodes(&document, &mut Budget::default()).unwrap();
    let first = query.first(&document, &mut Budget::default()).unwrap();
    assert_eq!(first.map(|node| node.raw()), nodes.first().map(|node| node.raw()));
    format!("[{}]", nodes.iter().map(|node| node.raw()).collect::<Vec<_>>().join(","))
}

fn check(query: &str, document: &str, expected: &str) {
    assert_eq!(run(query, document), expected, "{query} on {document}");
}

#[test]
fn the_examples_of_rfc_9535() {
    let store = r#"{"store":{"book":[
        {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
        {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
        {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
        {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
        "bicycle":{"color":"red","price":399}}}"#;
    check(
        "$.store.book[*].author",
        store,
        r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#,
    );
    check("$..author", store, r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#);
    check("$.store..price", store, "[8.95,12.99,8.99,22.99,399]");
    check("$..book[2].title", store, r#"["Moby Dick"]"#);
    check("$..book[-1].title", store, r#"["The Lord of the Rings"]"#);
    check("$..book[0,1].price", store, "[8.95,12.99]");
    check("$..book[:2].price", store, "[8.95,12.99]");
    check("$..book[?@.isbn].price", store, "[8.99,22.99]");
    check("$..book[?@.price<10].price", store, "[8.95,8.99]");
    check("$..book[?match(@.author, '.*T.l.*')].price", store, "[22.99]");
}

#[test]
fn orders_and_nesting_are_those_of_the_rfc() {
    check("$..['a','d']", r#"[{"a":1,"d":2},{"d":3,"a":4}]"#, "[1,2,4,3]");
    check("$[?@[?@>1]]", "[[0],[0,1],[0,1,2],[42]]", "[[0,1,2],[42]]");
    check("$..*", r#"{"a":[1,{"b":2}]}"#, r#"[[1,{"b":2}],1,{"b":2},2]"#);
    check("$[*,0,'a']", "[5,6]", "[5,6,5]");
    check("$[::-2]", "[0,1,2,3]", "[3,1]");
    check("$[1:99999999999:9007199254740991]", "[0,1,2]", "[1]");
    check("$ [ 'a' , \"b\" ] \n .c", r#"{"a":{"c":1},"b":{"c":2}}"#, "[1,2]");
    check("$[?@.a==$[0].b]", r#"[{"b":[1,{"x":1.0}]},{"a":[1.0,{"x":1}]}]"#, r#"[{"a":[1.0,{"x":1}]}]"#);
    check("$[?@.x==@.y]", r#"[{},{"x":null}]"#, "[{}]");
    check("$[?length(value($..z))==2]", r#"{"z":"ab"}"#, r#"["ab"]"#);
    check("$[?search(@,'a.c')]", r#"["xabcx","a\nc"]"#, r#"["xabcx"]"#);
}

#[test]
fn comparisons_are_exact() {
    let numbers = "[1e400,123456789012345678901234567890,0.1,1.0,-0]";
    check("$[?@ == 1e400]", numbers, "[1e400]");
    check("$[?@ == 123456789012345678901234567890]", numbers, "[123456789012345678901234567890]");
    check("$[?@ > 123456789012345678901234567889.9]", numbers, "[1e400,123456789012345678901234567890]");
    check("$[?@ == 0.1000000000000000000001]", numbers, "[]");
    check("$[?@ == 0.1]", numbers, "[0.1]");
    check("$[?@ == 1]", numbers, "[1.0]");
    check("$[?@ == 0]", numbers, "[-0]");
    check("$[?@ == -0.0]", numbers, "[-0]");
}

#[test]
fn what_is_not_jsonpath_is_refused() {
    for query in [
        "",
        "a",
        "$.",
        "$. a",
        "$.a b",
        "$[1.5]",
        "$[1e0]",
        "$[-0]",
        "$[01]",
        "$[9007199254740992]",
        "$[?@.a[1.5]]",
        "$[- 1]",
        "$[?@.a == 1 .5]",
        "$[?@.a == 01.5]",
        "$[?@.a == 1.5.5]",
        "$[?@.a==1 2]",
        "$[?@ in [1]]",
        "$[?length(@.*)==1]",
        "$[?count(@.*)]",
        "$[?length(@.a)]",
        "$[?count(1)==1]",
        "$[?count(length(@.a))==1]",
        "$[?match(@.a,'b')==true]",
        "$[?any_of(@.a,[1])]",
        "$[?in(@.a,'b')]",
        "$[?value(@..a)]",
        "$[?match(@.*,'a')]",
        "$[?length(@.a,@.b)==1]",
        "$[?length()==1]",
        "$ ",
        " $",
        "$[?@.a=1]",
        "$[?@.a&&]",
        "$[?true]",
        "$[?(@.a) == 1]",
        "$[?!@.a==1 2]",
        "$[?count (@.*)==1]",
        "$['\\x']",
        "$[?1==1 in]",
        "$[?@.a=='\u{10FFFF}0']",
        "$['a",
        "$.a.",
        "$..",
        "$[?@.* == 1]",
    ] {
        check(query, "{}", "invalid");
    }
}

#[test]
fn hostile_queries_end_quickly() {
    for query in [
        format!("$[?{}@.a{}]", "length(".repeat(100), ")".repeat(100)),
        format!("$[?{}@.a{}==1]", "count(@[?".repeat(4), "])".repeat(4)),
        format!("$[?{}@{}]", "(".repeat(5000), ")".repeat(5000)),
        format!("$[?{}@.a]", "!".repeat(3000)),
        format!("${}", "[?@".repeat(1000)),
        format!("${}", "..*".repeat(300)),
        format!("$[{}0]", "0,".repeat(300)),
        format!("${}", ".a".repeat(MAX_QUERY_BYTES)),
        format!("$[?match(@,'{}')]", "(a{100}){100}".repeat(3)),
        format!("$[?match(@,'{}')]", "a".repeat(2000)),
    ] {
        assert_eq!(run(&query, "{}"), "invalid", "{query}");
    }
    check(
        "$[?match(@.a, @.b)]",
        r#"[{"a":"aa","b":"a+"},{"a":"aa","b":"(a{1000}){1000}"},{"a":"x","b":"("}]"#,
        r#"[{"a":"aa","b":"a+"}]"#,
    );
}

#[test]
fn a_budget_counts_what_is_looked_at() {
    let wide = format!("{{{}\"z\":1}}", (0..1000).map(|n| format!("\"k{n}\":0,")).collect::<String>());
    let document = Document::parse(wide.as_bytes()).unwrap();
    let query = Query::compile("$.z").unwrap();
    assert_eq!(query.first(&document, &mut Budget::new(1000, 0)).unwrap_err(), Exhausted::Nodes);
    let mut enough = Budget::new(1100, 0);
    assert_eq!(query.first(&document, &mut enough).unwrap().map(|node| node.raw()), Some("1"));
    assert!(enough.nodes_left() < 100, "every key was counted");
}

#[test]
fn paths_of_nodes_are_normalized() {
    let document = Document::parse(br#"{"a'b\\":[{"\u0001":[1,2]}]}"#).unwrap();
    let nodes = Query::compile("$..*").unwrap().nodes(&document, &mut Budget::default()).unwrap();
    let paths: Vec<String> = nodes.iter().map(|node| node.normalized_path()).collect();
    assert_eq!(paths.last().unwrap(), r"$['a\'b\\'][0]['\u0001'][1]");
    for (path, node) in paths.iter().zip(&nodes) {
        let again = Query::compile(path).unwrap();
        assert_eq!(
            again.first(&document, &mut Budget::default()).unwrap().map(|n| n.offset()),
            Some(node.offset())
        );
    }
}

#[test]
fn the_first_text_is_a_scalars() {
    let document = Document::parse(br#"{"s":"a\nb","n":1.0,"t":true,"z":null,"o":{}}"#).unwrap();
    for (query, expected) in [
        ("$.s", Some("a\nb")),
        ("$.n", Some("1.0")),
        ("$.t", Some("true")),
        ("$.z", None),
        ("$.o", None),
        ("$.x", None),
    ] {
        assert_eq!(Query::compile(query).unwrap().first_text(&document).as_deref(), expected, "{query}");
    }
}

#[test]
fn a_search_costs_what_its_expression_is_worth() {
    let json = format!("[\"{}\"]", "ab".repeat(100_000));
    let document = Document::parse(json.as_bytes()).unwrap();
    let run = |query: &str| {
        Query::compile(query).unwrap().nodes(&document, &mut Budget::default()).map(|found| found.len())
    };
    assert_eq!(run("$[?search(@, 'a.b')]"), Ok(0));
    // Its states would be walked for every byte.
    assert_eq!(run("$[?search(@, '[ab]*a[ab]{1000}c')]"), Err(Exhausted::Nodes));
}
