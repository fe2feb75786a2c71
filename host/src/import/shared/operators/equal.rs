//! Values that have to be equal to one that is given. Not here: other comparisons (`operator`).

use serde_json::Value;
use serde_json::json;

use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::operators::OperandPlace;
use crate::import::shared::operators::OperatorDialect;
use crate::import::shared::operators::Refused;
use crate::import::shared::operators::Translator;

impl Translator {
    /// A scalar; a list that has it will do, too.
    pub(super) fn equal(
        &mut self,
        target: &LeafTarget,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        if let Some(none) = self.no_text_there(target, wanted, place)? {
            return Ok(none);
        }
        let tests = self.tests(wanted);
        let mut clauses = vec![target.clause(tests.clone())];
        match target.element() {
            // Whatever could count as an element is taken for one, so that nothing more passes in the end.
            Some(element) if place.negated => {
                clauses.extend([element.clause(tests), element.clause(json!({"type": "array"}))]);
            }
            Some(_) => clauses.extend(
                self.variants(wanted)
                    .iter()
                    .map(|variant| target.clause(json!({"type": "array", "contains": variant}))),
            ),
            None => {}
        }
        Ok(any(clauses))
    }

    /// A list: every item has to be in it.
    pub(super) fn items(
        &mut self,
        target: &LeafTarget,
        items: &[Value],
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        if !target.is_body()
            || items.is_empty()
            || items.iter().any(|item| item.is_object() || item.is_array())
        {
            return place.refuse("only lists of texts, numbers and booleans can be looked for");
        }
        if self.dialect == OperatorDialect::Convoy {
            return place.refuse("a list is compared as a whole there; name what it has to contain");
        }
        let contains = |item: &Value| {
            let variants = self.variants(item);
            let one = |variant: &Value| target.clause(json!({"type": "array", "contains": variant}));
            any(variants.iter().map(one).collect())
        };
        let clauses = items.iter().map(contains).collect();
        if place.negated {
            return place.refuse("lists within lists are not looked through here, so more would pass");
        }
        Ok(all(clauses))
    }

    /// Headers, parameters and paths are texts: what JavaScript takes for equal to other values is not guessed.
    fn no_text_there(
        &self,
        target: &LeafTarget,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Option<Value>, Refused> {
        if target.is_body() || wanted.is_string() || wanted.is_number() {
            return Ok(None);
        }
        place.refuse("headers, parameters and paths are texts: compare with a text")
    }

    /// The tests of a clause that a value equal to it passes.
    pub(super) fn tests(&self, wanted: &Value) -> Value {
        let mut variants = self.variants(wanted);
        let as_number =
            self.dialect == OperatorDialect::Hookdeck && (wanted.is_number() || wanted.is_boolean());
        if as_number {
            // Its text is read as a number, however it is written.
            variants.retain(|variant| !variant.is_string());
        }
        let mut tests = match variants.as_slice() {
            [one] => json!({ "eq": one }),
            several => json!({ "in": several }),
        };
        if as_number {
            tests["as"] = "number".into();
        }
        tests
    }

    /// What counts as equal to it. JavaScript's `==` takes the text of a number for the number.
    pub(super) fn variants(&self, wanted: &Value) -> Vec<Value> {
        let mut variants = vec![wanted.clone()];
        if self.dialect == OperatorDialect::Convoy {
            return variants;
        }
        match wanted {
            Value::String(text) => {
                if let Ok(number @ Value::Number(_)) = serde_json::from_str::<Value>(text.trim()) {
                    variants.extend(as_boolean(&number));
                    variants.push(number);
                }
            }
            Value::Number(number) => {
                variants.push(number.to_string().into());
                variants.extend(as_boolean(wanted));
            }
            Value::Bool(yes) => {
                let number = u8::from(*yes);
                variants.extend([Value::from(number), Value::from(number.to_string())]);
            }
            _ => {}
        }
        variants
    }
}

fn as_boolean(number: &Value) -> Option<Value> {
    [(1.0, true), (0.0, false)]
        .into_iter()
        .find(|(like, _)| number.as_f64() == Some(*like))
        .map(|(_, same)| same.into())
}
