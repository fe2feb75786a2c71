//! Functions from the outside, as a mapping names them.

use crate::shape::budget::Budget;
use crate::shape::input::Input;
use crate::shape::mapping::Mapping;
use crate::shape::tape::Document;

/// What `$apply` makes of a value: JSON, or the fault's detail.
fn apply(value: &str, chain: &str) -> String {
    let mapping = format!(r#"{{"output":{{"$path":"$.v","$apply":{chain}}}}}"#);
    let mapping = Mapping::compile(mapping.as_bytes()).unwrap_or_else(|faults| panic!("{chain}: {faults:?}"));
    let payload = if value.is_empty() { "{}".to_owned() } else { format!(r#"{{"v":{value}}}"#) };
    let document = Document::parse(payload.as_bytes()).unwrap();
    let mut out = Vec::new();
    match mapping.apply(&Input::of(&document), &mut Budget::default(), &mut out) {
        Ok(_) => String::from_utf8(out).unwrap(),
        Err(fault) => fault.detail,
    }
}

fn check(value: &str, chain: &str, expected: &str) {
    assert_eq!(apply(value, chain), expected, "{value} {chain}");
}

#[test]
fn strings() {
    check(r#"" A\tb ""#, r#"["trim","lowercase"]"#, r#""a\tb""#);
    check(r#""straße""#, r#"["uppercase"]"#, r#""STRASSE""#);
    check(r#""head of o'NEIL-growth""#, r#"["title"]"#, r#""Head Of O'neil-Growth""#);
    check(r#""añb""#, r#"["length"]"#, "3");
    check(r#""a,b,c""#, r#"[{"split":","},"last"]"#, r#""c""#);
    check(r#""a.b.c""#, r#"[{"replace":[".","/"]}]"#, r#""a/b/c""#);
    check(r#""a1b22""#, r#"[{"replace":{"matching":"[0-9]+","to":"$0"}}]"#, r#""a$0b$0""#);
    check(r#""naïve text""#, r#"[{"substring":[2,5]}]"#, r#""ïve""#);
    check(r#""naïve""#, r#"[{"substring":-2}]"#, r#""ve""#);
    check(r#"["A",null,"B"]"#, r#""lowercase""#, r#"["a",null,"b"]"#);
    check(r#"{"a":1}"#, r#"["trim"]"#, "trim needs a string, not object");
    check("null", r#"["trim"]"#, "null");
    check("", r#"["trim"]"#, "null");
    check("", r#"[{"default":"x"},"uppercase"]"#, r#""X""#);
    check("null", r#"[{"default":[1]}]"#, "[1]");
}

#[test]
fn numbers() {
    check("0.92", r#"[{"multiply":100}]"#, "92");
    check("0.1", r#"[{"add":0.2}]"#, "0.3");
    check("1", r#"[{"subtract":0.9}]"#, "0.1");
    check("10", r#"[{"divide":3},{"round":2}]"#, "3.33");
    check("-2.5", r#"["round"]"#, "-3");
    check("-2.5", r#"["floor","abs"]"#, "3");
    check("2.1", r#"["ceil"]"#, "3");
    check(r#""12.50""#, r#"[{"add":1}]"#, "13.5");
    check(r#""12 EUR""#, r#"[{"add":1}]"#, "add needs a number, not string");
    check("[1,2.5]", r#"[{"multiply":2}]"#, "[2,5]");
    check(
        "123456789012345678901234567890123456789012",
        r#"["abs"]"#,
        "abs: the number has more than 38 digits or too large an exponent",
    );
}

#[test]
fn lists() {
    check("[3,1,2]", r#"["sort"]"#, "[1,2,3]");
    check(r#"["b","a",10,9,null]"#, r#"[{"sort":"descending"}]"#, r#"["b","a",10,9,null]"#);
    check("[1,1.0,2,\"1\"]", r#"["unique"]"#, "[1,2,\"1\"]");
    check("[[1,[2]],3]", r#"["flatten"]"#, "[1,[2],3]");
    check("[[1,[2]],3]", r#"[{"flatten":2}]"#, "[1,2,3]");
    check("[0.1,0.2,null,\"0.3\"]", r#"["sum"]"#, "0.6");
    check("[2,1.5,3]", r#"["min"]"#, "1.5");
    check(r#"["b","c"]"#, r#"["max"]"#, r#""c""#);
    check(r#"[1,"c"]"#, r#"["max"]"#, "max needs numbers or strings, not some of each");
    check(r#"["9","100"," 25.5"]"#, r#"["max"]"#, r#""100""#);
    check(r#"["9","100","25.5"]"#, r#"["sort"]"#, r#"["9","25.5","100"]"#);
    check(r#"["9","100","x"]"#, r#"["min"]"#, r#""100""#);
    check("[]", r#"["first"]"#, "null");
    check("[]", r#"["first",{"default":0}]"#, "0");
    check("[1,2]", r#"["count"]"#, "2");
    check("null", r#"["count"]"#, "0");
    check("", r#"["count"]"#, "0");
    check(r#"["a",1,[2]]"#, r#"[{"join":"-"}]"#, r#""a-1-[2]""#);
    check(r#"["a"]"#, r#"["join"]"#, r#""a""#);
    check(r#"{"a":1,"b":2}"#, r#"["length"]"#, "2");
}

#[test]
fn codes() {
    check(r#""hé""#, r#"["base64"]"#, r#""aMOp""#);
    check(r#""aMOp""#, r#"["unbase64"]"#, r#""hé""#);
    check(r#""aA""#, r#"["unbase64"]"#, r#""h""#);
    check(r#""aMOp\r\naMOp\n""#, r#"["unbase64"]"#, r#""héhé""#);
    check(r#""%""#, r#"["unbase64"]"#, "unbase64: the text is not base64");
    check(r#""jo smith/ü?~""#, r#"["url_encode"]"#, r#""jo%20smith%2F%C3%BC%3F~""#);
    check(r#""a b/c""#, r#"[{"url_encode":"path"}]"#, r#""a%20b/c""#);
    // The digest of the empty string, FIPS 180-4.
    check(r#""""#, r#"["sha256"]"#, r#""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#);
    check(r#""4111111111111111""#, r#"["mask"]"#, r#""************1111""#);
    check(r#""ab""#, r#"["mask"]"#, r#""**""#);
    check(r#""abc""#, r#"[{"mask":1}]"#, r#""**c""#);
    // The example of RFC 9562, A.4.
    check(r#""www.example.com""#, r#"[{"uuid5":"dns"}]"#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#);
    check(r#"{"a":[1.0]}"#, r#"["to_json"]"#, r#""{\"a\":[1.0]}""#);
    check(r#""{\"a\":[1.0]}""#, r#"["from_json"]"#, r#"{"a":[1.0]}"#);
    check(r#""\ufeff[1.0]""#, r#"["from_json"]"#, "[1.0]");
    check(r#""77u/eyJhIjoxLjB9""#, r#"["unbase64","from_json"]"#, r#"{"a":1.0}"#);
    check(
        r#""{""#,
        r#"["from_json"]"#,
        "from_json: not valid JSON at line 1, column 2 (byte 1): a key in double quotes was expected",
    );
    check(r#""pro""#, r#"[{"lookup":{"pro":{"tier":2},"1":"one"}}]"#, r#"{"tier":2}"#);
    check("1", r#"[{"lookup":{"1":"one"}}]"#, r#""one""#);
    check("2", r#"[{"lookup":{"1":"one"}},{"default":"other"}]"#, r#""other""#);
}

#[test]
fn dates() {
    check(r#""2026-04-29T16:31:08+02:00""#, r#"["date"]"#, r#""2026-04-29T14:31:08Z""#);
    check(r#""2026-04-29""#, r#"[{"date":"unix"}]"#, "1777420800");
    check("1777420800", r#"["date"]"#, r#""2026-04-29T00:00:00Z""#);
    check("1777420800123", r#"["date"]"#, r#""2026-04-29T00:00:00.123Z""#);
    check(r#""1777420800.5""#, r#"[{"date":"unix_ms"}]"#, "1777420800500");
    check(r#""2026-04-29T14:31:08Z""#, r#"[{"date":"%d %b %Y"}]"#, r#""29 Apr 2026""#);
    check(r#""29/04/2026""#, r#"[{"date":{"from":"%d/%m/%Y","to":"iso"}}]"#, r#""2026-04-29T00:00:00Z""#);
    check(
        r#""29/04/2026 15:00 +0200""#,
        r#"[{"date":{"from":"%d/%m/%Y %H:%M %z"}}]"#,
        r#""2026-04-29T13:00:00Z""#,
    );
    check("20260429", r#"[{"date":{"from":"%Y%m%d","to":"%j"}}]"#, r#""119""#);
    check(r#""soon""#, r#"["date"]"#, "date: `soon` is not an ISO 8601 date");
    check("1e300", r#"["date"]"#, "date: the number is beyond the year 9999");
}

#[test]
fn a_zone_in_a_date_is_honoured() {
    let read = r#"[{"date":{"from":"%Y-%m-%d %H:%M:%S %Q"}}]"#;
    for (text, expected) in [
        ("2024-06-01 12:00:00 Europe/Berlin", "2024-06-01T10:00:00Z"),
        ("2024-12-01 12:00:00 europe/berlin", "2024-12-01T11:00:00Z"),
        ("2024-06-01 12:00:00 UTC", "2024-06-01T12:00:00Z"),
        ("2024-06-01 12:00:00 Z", "2024-06-01T12:00:00Z"),
        ("2024-06-01 12:00:00 +0530", "2024-06-01T06:30:00Z"),
        // Shown twice, on the day the clocks were set back: the first. Never shown: later by the hour that was skipped.
        ("2024-10-27 02:30:00 Europe/Berlin", "2024-10-27T00:30:00Z"),
        ("2024-03-31 02:30:00 Europe/Berlin", "2024-03-31T01:30:00Z"),
    ] {
        check(&format!("{text:?}"), read, &format!("{expected:?}"));
    }
    let fault = apply(r#""2024-06-01 12:00:00 Nowhere/Land""#, read);
    assert_eq!(fault, "date: there is no time zone `Nowhere/Land`");
    let both = r#"[{"date":{"from":"%Y-%m-%d %H:%M:%S %z %Q"}}]"#;
    check(r#""2024-06-01 12:00:00 +0200 Europe/Berlin""#, both, r#""2024-06-01T10:00:00Z""#);
    let fault = apply(r#""2024-06-01 12:00:00 +0500 Europe/Berlin""#, both);
    assert!(fault.starts_with("date: the offset +05 is not that of the zone"), "{fault}");
    for (text, expected) in [
        ("2024-06-01T12:00:00[Europe/Berlin]", "2024-06-01T10:00:00Z"),
        ("2024-06-01T12:00:00+02:00[Europe/Berlin]", "2024-06-01T10:00:00Z"),
        ("2024-06-01T12:00:00Z[Europe/Berlin]", "2024-06-01T12:00:00Z"),
        ("2024-06-01T12:00:00[+02:00]", "2024-06-01T10:00:00Z"),
        ("2024-06-01 12:00:00.25-03:00", "2024-06-01T15:00:00.25Z"),
    ] {
        check(&format!("{text:?}"), r#"["date"]"#, &format!("{expected:?}"));
    }
    for text in ["2024-06-01T12:00:00[Nowhere/Land]", "2024-06-01T12:00:00+09:00[Europe/Berlin]"] {
        let fault = apply(&format!("{text:?}"), r#"["date"]"#);
        assert!(
            fault.contains("there is no time zone `Nowhere/Land`") || fault.contains("the offset +09"),
            "{fault}"
        );
    }
}

#[test]
fn a_time_zone_is_that_of_texts_without_one_and_of_what_is_written() {
    let berlin = |to: &str| format!(r#"[{{"date":{{{to}"timezone":"Europe/Berlin"}}}}]"#);
    check(r#""2024-06-01 12:00""#, &berlin(""), r#""2024-06-01T12:00:00+02:00""#);
    check(r#""2024-06-01T12:00:00Z""#, &berlin(""), r#""2024-06-01T14:00:00+02:00""#);
    check("1717243200", &berlin(r#""to":"%d.%m.%Y %H:%M %Z","#), r#""01.06.2024 14:00 CEST""#);
    check(r#""01.06.2024 12:00""#, &berlin(r#""from":"%d.%m.%Y %H:%M","to":"unix","#), "1717236000");
    check(r#""01.06.2024""#, &berlin(r#""from":"%d.%m.%Y","to":"%Q","#), r#""Europe/Berlin""#);
    let chain = r#"[{"date":{"from":"%d.%m.%Y %H:%M","timezone":"Europe/Berlin"}},"date"]"#;
    check(r#""01.06.2024 12:00""#, chain, r#""2024-06-01T10:00:00Z""#);
    check(r#""2024-06-01""#, r#"[{"date":{"timezone":"+05:30"}}]"#, r#""2024-06-01T00:00:00+05:30""#);
    check(r#""2024-06-01""#, r#"[{"date":{"timezone":"utc"}}]"#, r#""2024-06-01T00:00:00Z""#);
}

#[test]
fn a_day_of_eight_digits_is_not_taken_for_unix_seconds() {
    let fault = apply("20240601", r#"["date"]"#);
    assert!(fault.contains("a day or unix seconds"), "{fault}");
    check(r#""20240601""#, r#"[{"date":{"from":"%Y%m%d"}}]"#, r#""2024-06-01T00:00:00Z""#);
    check("20240601", r#"[{"date":{"from":"unix"}}]"#, r#""1970-08-23T06:23:21Z""#);
}

#[test]
fn formats_that_can_read_no_date_are_refused_when_saved() {
    for (from, instead) in [
        ("%Y-%m-%d %H:%M %Z", "`%Q`"),
        ("%c", "`%a %b %e %H:%M:%S %Y`"),
        ("%x", "`%m/%d/%Y`"),
        ("%Y-%m-%d %X", "`%H:%M:%S`"),
        ("%F %r", "`%I:%M:%S %p`"),
        ("%q %Y", "a quarter is no date"),
        ("%H:%M", "a whole date"),
        ("%Y-%m", "a whole date"),
        ("%d %B", "a whole date"),
        ("%Y-%m-%d :%M", "minutes need their hour"),
        ("100%", "not a date format"),
    ] {
        let mapping = format!(r#"{{"output":{{"$path":"$.v","$apply":{{"date":{{"from":"{from}"}}}}}}}}"#);
        let faults = Mapping::compile(mapping.as_bytes()).expect_err(from);
        assert!(faults[0].detail.contains(instead), "{from}: {}", faults[0].detail);
    }
    for from in [
        "%s",
        "%Y-%j",
        "%G-W%V-%u",
        "%a, %d %b %Y %T %z",
        "%D %I:%M %p",
        "%y%m%d",
        "%FT%T%.f%:z",
        "%e/%-m/%Y %k",
    ] {
        let mapping = format!(r#"{{"output":{{"$path":"$.v","$apply":{{"date":{{"from":"{from}"}}}}}}}}"#);
        assert!(Mapping::compile(mapping.as_bytes()).is_ok(), "{from}");
    }
    let zone = r#"{"output":{"$path":"$.v","$apply":{"date":{"timezone":"Europe/Berlim"}}}}"#;
    let faults = Mapping::compile(zone.as_bytes()).expect_err("no such zone");
    assert!(faults[0].detail.contains("did you mean `Europe/Berlin`?"), "{}", faults[0].detail);
}

#[test]
fn wrong_arguments_are_faults_when_compiled() {
    for (chain, detail) in [
        (r#"["lowercas"]"#, "did you mean `lowercase`?"),
        (r#"[{"trim":1}]"#, "takes no argument"),
        (r#"["multiply"]"#, "needs an argument"),
        (r#"[{"multiply":"2"}]"#, "takes a number, not the string"),
        (r#"[{"replace":"a"}]"#, "takes {\"from\""),
        (r#"[{"replace":{"matching":"(","to":""}}]"#, "not a regular expression"),
        (r#"[{"split":""}]"#, "not empty"),
        (r#"[{"date":"100%"}]"#, "not a date format"),
        (r#"[{"date":"tomorrow"}]"#, "not a date form"),
        (r#"[{"uuid5":"x"}]"#, "takes dns"),
        (r#"[{"lookup":[]}]"#, "takes an object"),
        (r#"[{"flatten":99}]"#, "from 0 to 16"),
        (r#"[{"a":1,"b":2}]"#, "a function is a name"),
    ] {
        let mapping = format!(r#"{{"output":{{"$path":"$.v","$apply":{chain}}}}}"#);
        let faults = Mapping::compile(mapping.as_bytes()).expect_err(chain);
        assert_eq!(faults[0].pointer, "/output/$apply/0", "{chain}");
        assert!(faults[0].detail.contains(detail), "{chain}: {}", faults[0].detail);
    }
}
