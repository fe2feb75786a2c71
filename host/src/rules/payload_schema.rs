//! The JSON Schema of what a destination takes, and whether a payload fits it. A schema of 64 KiB can hold patterns that
//! take minutes and gigabytes to compile, and one that names itself twice at each depth makes the check take any time. So
//! the gateway only looks whether it is a schema; it is compiled and payloads are checked by those who wrote it, in their
//! own process (`hookmill plugin test --destination`).

use jsonschema::PatternOptions;
use jsonschema::ValidationError;
use jsonschema::Validator;
use serde_json::Value;

/// Bytes of a schema.
pub const SCHEMA_BYTES_MAX: usize = 64 << 10;
/// Faults that are told of one payload.
const FAULTS: usize = 3;

/// Looks whether a text is a JSON Schema of a draft that is known, or says what is wrong with it and where. Takes
/// milliseconds, whatever is in it: patterns are not compiled and references not followed.
pub fn check(text: &str) -> Result<(), String> {
    read(text).map(drop)
}

fn read(text: &str) -> Result<Value, String> {
    if text.len() > SCHEMA_BYTES_MAX {
        return Err(format!("the schema has {} bytes; at most {SCHEMA_BYTES_MAX}", text.len()));
    }
    let schema: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    if !schema.is_object() {
        return Err("expected a JSON Schema, which is an object".to_owned());
    }
    jsonschema::meta::validate(&schema).map_err(|error| placed(&error))?;
    Ok(schema)
}

fn placed(error: &ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    }
}

/// A schema that was compiled. Draft 2020-12 unless its `$schema` names another; references into the network are refused.
#[derive(Debug)]
pub struct PayloadSchema {
    validator: Validator,
}

impl PayloadSchema {
    /// Compiles one, or says what is wrong with it and where. Not for schemas of strangers; see the head of this file.
    pub fn compile(text: &str) -> Result<Self, String> {
        let schema = read(text)?;
        // An engine whose time grows with the text alone.
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let validator = options.build(&schema).map_err(|error| placed(&error))?;
        Ok(Self { validator })
    }

    /// How a payload fails to fit, the first faults; empty if it fits. What is no JSON does not fit.
    pub fn faults(&self, payload: &[u8]) -> Vec<String> {
        let payload: Value = match serde_json::from_slice(payload) {
            Ok(payload) => payload,
            Err(error) => return vec![format!("not JSON: {error}")],
        };
        let told =
            |error: ValidationError<'_>| format!("$payload{}: {}", error.instance_path(), error.masked());
        self.validator.iter_errors(&payload).take(FAULTS).map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_fits_or_its_faults_are_named() {
        let schema = r#"{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"},
            "size": {"type": "integer", "maximum": 9}}, "additionalProperties": false}"#;
        let schema = PayloadSchema::compile(schema).unwrap();
        let check = |payload: &str, expected: &[&str]| {
            assert_eq!(schema.faults(payload.as_bytes()), expected, "{payload}");
        };
        check(r#"{"id": "a", "size": 9}"#, &[]);
        check(r#"{"id": 3}"#, &[r#"$payload/id: value is not of type "string""#]);
        check(
            r#"{"size": 10}"#,
            &[
                "$payload/size: value is greater than the maximum of 9",
                r#"$payload: "id" is a required property"#,
            ],
        );
        check("{", &["not JSON: EOF while parsing an object at line 1 column 1"]);
    }

    #[test]
    fn what_is_no_schema_is_refused_with_its_place() {
        let check = |schema: &str, words: &str| {
            let refused = PayloadSchema::compile(schema).unwrap_err();
            assert!(refused.contains(words), "{schema}: {refused}");
        };
        let check_both = |schema: &str, words: &str| {
            check(schema, words);
            assert!(super::check(schema).unwrap_err().contains(words), "{schema}");
        };
        check_both("[]", "which is an object");
        check_both("{", "not JSON");
        check_both(r#"{"properties": {"a": {"type": "strng"}}}"#, "/properties/a/type");
        check_both(r#"{"$schema": "https://example.com/draft"}"#, "example.com");
        check(r#"{"pattern": "("}"#, "regex");
        check(r#"{"$ref": "https://example.com/schema.json"}"#, "example.com");
        check_both(&format!(r#"{{"title": "{}"}}"#, "x".repeat(SCHEMA_BYTES_MAX)), "at most 65536");
    }

    #[test]
    fn looking_at_a_schema_compiles_none_of_its_patterns() {
        // More than ten megabytes of automaton, which is refused when it is compiled.
        let huge = r#"{"pattern": "(\\pL{50}){50}"}"#;
        assert!(PayloadSchema::compile(huge).is_err());
        super::check(huge).unwrap();
    }
}
