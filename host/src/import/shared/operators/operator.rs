//! Operators: comparisons, texts, what is there. Not here: plain values (`equal`), members (`nested`).

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::shared::json::below;
use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::leaf::not;
use crate::import::shared::operators::OperandPlace;
use crate::import::shared::operators::OperatorDialect;
use crate::import::shared::operators::Refused;
use crate::import::shared::operators::Translator;
use crate::import::shared::operators::regex::carried;

const SCALARS: [&str; 4] = ["string", "number", "boolean", "null"];

impl Translator {
    /// All of these hold of the value.
    pub(super) fn operators(
        &mut self,
        target: &LeafTarget,
        operators: &Map<String, Value>,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let mut clauses = Vec::with_capacity(operators.len());
        for (name, wanted) in operators {
            let at = below(place.at, name);
            clauses.push(self.operator(target, name, wanted, OperandPlace { at: &at, ..place })?);
        }
        if operators.len() > 1 && operators.keys().any(|name| name == "$or" || name == "$and") {
            self.passes_less(place, "what stands beside `$or` has to hold, too; there it is passed over")?;
        }
        Ok(all(clauses))
    }

    fn operator(
        &mut self,
        target: &LeafTarget,
        name: &str,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let hookdeck = self.dialect == OperatorDialect::Hookdeck;
        match name {
            "$eq" if is_scalar(wanted) => self.whole(target, wanted, place),
            "$neq" if is_scalar(wanted) => {
                let there = target.clause(json!({"exists": true}));
                Ok(all(vec![there, not(self.whole(target, wanted, place)?)]))
            }
            "$gt" | "$gte" | "$lt" | "$lte" => self.order(target, name, wanted, place),
            "$in" => self.is_in(target, wanted, place),
            "$nin" => {
                let there = match wanted {
                    Value::Array(_) => target.clause(json!({"type": SCALARS})),
                    _ if hookdeck => target.clause(json!({"type": "string"})),
                    _ => target.clause(json!({"type": "array"})),
                };
                if hookdeck && wanted.is_string() {
                    self.passes_less(place, "a list does not pass, whatever is in it")?;
                }
                // Its negation is inside already, so what it passes is counted the other way round.
                let inside = OperandPlace { negated: !place.negated, ..place };
                Ok(all(vec![there, not(self.is_in(target, wanted, inside)?)]))
            }
            "$exist" => match wanted.as_bool() {
                Some(wanted) => Ok(target.clause(json!({ "exists": wanted }))),
                None => place.refuse("`$exist` is true or false"),
            },
            "$startsWith" | "$endsWith" if hookdeck => self.affix(target, name, wanted, place),
            "$regex" if !hookdeck => match wanted.as_str().and_then(carried) {
                Some(pattern) => Ok(target.clause(json!({"type": "string", "matches": pattern}))),
                None => place.refuse("this regular expression could mean something else here: write it with classes, groups, `*`, `+` and `?` alone"),
            },
            "$or" | "$and" if hookdeck => self.group(name, wanted, place, &mut |this, one, place| {
                this.value(target, one, place)
            }),
            "$not" if hookdeck => {
                let inside = OperandPlace { negated: !place.negated, ..place };
                let inner = not(self.value(target, wanted, inside)?);
                self.passes_less(place, "what is not there does not pass")?;
                Ok(all(vec![target.clause(json!({"exists": true})), inner]))
            }
            "$ref" => place.refuse("a value cannot be compared with another one of the payload: write a plugin"),
            _ => place.refuse(format!("`{name}` with {} is not known here", kind(wanted))),
        }
    }

    /// The value itself, and not one of its elements.
    fn whole(
        &mut self,
        target: &LeafTarget,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        if !target.is_body() && !wanted.is_string() && !wanted.is_number() {
            return place.refuse("headers, parameters and paths are texts: compare with a text");
        }
        Ok(target.clause(self.tests(wanted)))
    }

    fn order(
        &mut self,
        target: &LeafTarget,
        name: &str,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let test = &name[1..];
        match wanted {
            Value::Number(number) if self.dialect == OperatorDialect::Hookdeck => {
                // A text that is a number is compared as one.
                Ok(target.clause(json!({ test: number, "as": "number" })))
            }
            Value::Number(number) if target.is_body() => {
                Ok(target.clause(json!({"type": "number", test: number})))
            }
            Value::String(text) if self.dialect == OperatorDialect::Hookdeck => {
                if serde_json::from_str::<Value>(text.trim()).is_ok() {
                    return place.refuse("a text that looks like a number is compared as a text there: compare with the number");
                }
                if text.starts_with(|first: char| first.is_ascii_digit()) {
                    // Hookmill would compare two times as times, whatever their offsets.
                    self.passes_less(place, "times are compared as times here, and as texts there")?;
                }
                Ok(target.clause(json!({"type": "string", test: text})))
            }
            _ => place
                .refuse(format!("`{name}` with {} never holds there, or is not known here", kind(wanted))),
        }
    }

    fn is_in(
        &mut self,
        target: &LeafTarget,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        match wanted {
            Value::Array(items)
                if !items.is_empty() && items.len() <= 1000 && items.iter().all(is_scalar) =>
            {
                if !target.is_body() && !items.iter().all(Value::is_string) {
                    return place.refuse("headers, parameters and paths are texts: compare with texts");
                }
                Ok(target.clause(json!({ "in": items })))
            }
            Value::String(part) if self.dialect == OperatorDialect::Hookdeck => {
                if !place.negated {
                    return Ok(target.clause(json!({ "contains": part })));
                }
                Ok(target.clause(json!({"type": "string", "contains": part})))
            }
            scalar if self.dialect == OperatorDialect::Convoy && is_scalar(scalar) && target.is_body() => {
                Ok(target.clause(json!({"type": "array", "contains": scalar})))
            }
            _ => place.refuse("expected a list of texts, numbers and booleans, or a part of a text"),
        }
    }

    fn affix(
        &mut self,
        target: &LeafTarget,
        name: &str,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let test = if name == "$startsWith" { "starts_with" } else { "ends_with" };
        let one = |text: &Value| text.is_string().then(|| target.clause(json!({ test: text })));
        let clauses: Option<Vec<Value>> = match wanted {
            Value::Array(several) if !several.is_empty() => several.iter().map(one).collect(),
            text => one(text).map(|clause| vec![clause]),
        };
        match clauses {
            Some(clauses) => Ok(any(clauses)),
            None => place.refuse(format!("`{name}` is a text, or a list of texts")),
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
