//! The tape against tables and, over mutated documents, against serde_json.

use proptest::prelude::*;
use serde_json::Value;

use crate::shape::tape::Document;
use crate::shape::tape::JsonLimits;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::TapeBuffer;

fn fault(json: &[u8]) -> String {
    match Document::parse(json) {
        Ok(_) => "accepted".to_owned(),
        Err(fault) => format!("{}:{} {}", fault.line, fault.column, fault.what),
    }
}

fn check(json: &[u8], expected: &str) {
    assert_eq!(fault(json), expected, "{}", String::from_utf8_lossy(json));
}

#[test]
fn json_is_taken_strictly() {
    for good in
        ["1", " null ", "\"\"", "[]", "{}", "-0.0e+1", "[1,[2,{}]]", "\"\\ud83d\\ude00\\u0000/\"", "1e400"]
    {
        check(good.as_bytes(), "accepted");
    }
    check(b"", "1:1 a value was expected, but the text ends here");
    check(b"[1,]", "1:4 a value was expected");
    check(b"{\"a\":1,}", "1:8 a key in double quotes was expected");
    check(b"{a:1}", "1:2 a key in double quotes was expected");
    check(b"{\"a\" 1}", "1:6 `:` was expected");
    check(b"[1\n 2]", "2:2 `,` or `]` was expected");
    check(b"[1}", "1:3 `,` or `]` was expected");
    check(b"{\"a\":1]", "1:7 `,` or `}` was expected");
    check(b"01", "1:2 there is more after the value");
    check(b"1.", "1:3 a digit was expected after the point");
    check(b"1e", "1:3 a digit was expected in the exponent");
    check(b"-", "1:2 a digit was expected");
    check(b"tru", "1:1 a value was expected");
    check(b"\"a\x01\"", "1:3 a control character in a string must be escaped");
    check(b"\"a", "1:3 the string has no end");
    check(b"\"\\x\"", "1:2 unknown escape in a string");
    check(b"\"\\u12g4\"", "1:2 `\\u` needs four hexadecimal digits");
    check(b"\"\\ud800\"", "1:2 half of a surrogate pair stands alone");
    check(b"\"\\udc00\"", "1:2 half of a surrogate pair stands alone");
    check(b"\"\\ud800\\u0041\"", "1:2 half of a surrogate pair stands alone");
    check(b"\"\xff\"", "1:2 not UTF-8");
    check(b"\xef\xbb\xbf1", "1:1 a value was expected");
    check(b"{} x", "1:4 there is more after the value");
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(nested(128).as_bytes(), "accepted");
    check(nested(129).as_bytes(), "1:129 arrays and objects are nested too deep");
    check("[".repeat(1_000_000).as_bytes(), "1:129 arrays and objects are nested too deep");
    let shallow = JsonLimits { max_bytes: 100, max_depth: 2 };
    assert!(Document::parse_with(b"[[1]]", shallow).is_ok());
    assert!(Document::parse_with(b"[[[1]]]", shallow).is_err());
    assert!(Document::parse_with(" ".repeat(101).as_bytes(), shallow).is_err());
}

#[test]
fn nodes_are_found_by_pointer() {
    let json = br#"{"a":{"b/c":[10,{"~":"t"}]},"a\u0062":2,"dup":1,"dup":[3],"":0}"#;
    let document = Document::parse(json).unwrap();
    for (pointer, expected) in [
        ("/a/b~1c/0", Some("10")),
        ("/a/b~1c/1/~0", Some("\"t\"")),
        ("/ab", Some("2")),
        ("/dup/0", Some("3")),
        ("/", Some("0")),
        ("/a/b~1c/00", None),
        ("/a/b~1c/-", None),
        ("/a/b~1c/+1", None),
        ("/none", None),
        ("a", None),
    ] {
        assert_eq!(document.pointer(pointer).map(Node::raw), expected, "{pointer}");
    }
    assert_eq!(document.root().len(), 4, "the overridden member is not counted");
    assert_eq!(document.pointer("").map(Node::raw), Some(document.text()));
}

#[test]
fn a_buffer_serves_one_text_after_another() {
    let mut buffer = TapeBuffer::default();
    for json in ["[1,2,3]", "{", "{\"a\":[true]}"] {
        match buffer.parse(json.as_bytes(), JsonLimits::default()) {
            Ok(document) => {
                assert_eq!(document.root().raw(), json);
                buffer.put_back(document);
            }
            Err(_) => assert_eq!(json, "{"),
        }
    }
}

/// Whether two doubles are the same but for the last bits, which serde_json's quick reading of
/// numbers gets wrong now and then.
fn near(left: Option<f64>, right: Option<f64>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => (left - right).abs() <= left.abs() * 4.0 * f64::EPSILON,
        _ => false,
    }
}

/// Whether both mean the same; numbers as doubles, since serde_json has no more.
fn same(node: Node<'_>, value: &Value) -> bool {
    match value {
        Value::Null => node.is_null(),
        Value::Bool(bool) => node.as_bool() == Some(*bool),
        Value::Number(number) => near(node.as_f64(), number.as_f64()),
        Value::String(text) => node.as_str().as_deref() == Some(text) && node.is_str(text),
        Value::Array(list) => {
            node.kind() == NodeKind::Array
                && node.len() == list.len()
                && node.elements().zip(list).all(|(node, value)| same(node, value))
        }
        Value::Object(map) => {
            node.kind() == NodeKind::Object
                && node.len() == map.len()
                && map.iter().all(|(name, value)| node.get(name).is_some_and(|node| same(node, value)))
        }
    }
}

/// What serde_json refuses and the tape does not: numbers beyond a double, and depth.
fn beyond_serde(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    text.starts_with("number out of range") || text.starts_with("recursion limit exceeded")
}

fn agree(json: &[u8]) -> Result<(), TestCaseError> {
    match (Document::parse(json), serde_json::from_slice::<Value>(json)) {
        (Ok(document), Ok(value)) => {
            prop_assert!(same(document.root(), &value), "{:?}", String::from_utf8_lossy(json))
        }
        (Err(fault), Ok(_)) => {
            prop_assert!(
                fault.what.contains("nested too deep"),
                "refused: {:?}: {fault}",
                String::from_utf8_lossy(json)
            );
        }
        (Ok(_), Err(error)) => {
            prop_assert!(beyond_serde(&error), "accepted: {:?}: {error}", String::from_utf8_lossy(json))
        }
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

const SEEDS: [&str; 6] = [
    r#"{"a":[1,-0.5e10,true,false,null],"b":{"c":"d\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"},"a":2}"#,
    r#"[[],{},"",0,[[[{"x":[1,2,{"y":"é—😀"}]}]]]]"#,
    "{\"k\\u0061\":1,\"ka\":2, \"\" : [ 1 , 2 ]\r\n}",
    r#""only a string of some length, longer than two words""#,
    "[123456789012345678901234567890,1e5,1E+5,1e-5,0.1,-1]",
    r#"{"deep":{"deep":{"deep":{"deep":{"deep":[{"deep":null}]}}}},"t":true}"#,
];

const SPICE: &[u8] = b"{}[]\",:\\/u0123456789abcdefDntrbE+-. \n\t\r\x00\x1f\x7f\x80\xc3\xed\xa0\xf0\xff";

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_are_judged_as_serde_json_does(
        seed in 0..SEEDS.len(),
        edits in prop::collection::vec((0..3_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..5),
    ) {
        let mut json = SEEDS[seed].as_bytes().to_vec();
        for (what, place, which) in edits {
            let at = place.index(json.len() + 1);
            let byte = SPICE[which.index(SPICE.len())];
            match what {
                0 => json.insert(at, byte),
                1 if at < json.len() => json[at] = byte,
                _ if at < json.len() => { json.remove(at); }
                _ => {}
            }
        }
        agree(&json)?;
    }

    #[test]
    fn any_bytes_are_judged_as_serde_json_does(json in prop::collection::vec(prop::sample::select(SPICE), 0..24)) {
        agree(&json)?;
    }
}
