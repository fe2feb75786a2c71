//! Members within members, and lists on the way. Not here: what the members have to be.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::import::shared::json::below;
use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::operators::OperandPlace;
use crate::import::shared::operators::OperatorDialect;
use crate::import::shared::operators::Refused;
use crate::import::shared::operators::Translator;
use crate::import::shared::operators::logic;
use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;

impl Translator {
    /// An object with these members, or a list that has such an object.
    pub(super) fn members(
        &mut self,
        target: &LeafTarget,
        members: &Map<String, Value>,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let LeafTarget::Body(steps) = target else {
            return place.refuse("only the body has members within members here");
        };
        if self.dialect == OperatorDialect::Convoy {
            let inside = |(name, inner): (&String, &Value)| {
                let at = below(place.at, name);
                self.dotted(steps, name, inner, OperandPlace { at: &at, ..place })
            };
            let clauses: Vec<Value> = members.iter().map(inside).collect::<Result<_, _>>()?;
            if clauses.len() > 1 {
                self.passes_less(
                    place,
                    "an event without one of these members does not pass; there it is passed over",
                )?;
            }
            return Ok(all(clauses));
        }
        if place.negated {
            return place
                .refuse("members within members cannot be negated for every form a payload may have");
        }
        let mut clauses = Vec::with_capacity(members.len());
        for (name, inner) in members {
            let mut steps = steps.clone();
            steps.push(PathStep::Name(name.clone()));
            let at = below(place.at, name);
            clauses.push(self.value(&LeafTarget::Body(steps), inner, OperandPlace { at: &at, ..place })?);
        }
        let direct = all(clauses);
        let Some(condition) = self.condition(members) else {
            self.passes_less(
                place,
                "an object is expected here; there, a list of objects is looked through, too",
            )?;
            return Ok(direct);
        };
        // Brackets also look into objects, so a list is asked for.
        let path = format!("{}[?{condition}]", jsonpath("$", steps));
        let listed =
            all(vec![target.clause(json!({"type": "array"})), json!({"path": path, "exists": true})]);
        Ok(any(vec![direct, listed]))
    }

    fn condition(&self, members: &Map<String, Value>) -> Option<String> {
        logic::of_members(members, "@", &|value| self.variants(value))
    }

    /// A name with dots in it; `$` among them is any element of a list.
    pub(super) fn dotted(
        &mut self,
        before: &[PathStep],
        name: &str,
        inner: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let mut steps = before.to_vec();
        let mut guards = Vec::new();
        for part in name.split('.') {
            match part {
                "" => return place.refuse("the name has two dots in a row, or one at its end"),
                "$" => {
                    guards.push(LeafTarget::Body(steps.clone()).clause(json!({"type": "array"})));
                    steps.push(PathStep::Any);
                }
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let Ok(index) = digits.parse::<u32>() else {
                        return place.refuse("no list has so many elements");
                    };
                    steps.push(PathStep::Index(index as usize));
                }
                part => steps.push(PathStep::Name(part.to_owned())),
            }
        }
        if steps.last() == Some(&PathStep::Any) {
            return place.refuse("`$` stands before the name of a member");
        }
        guards.push(self.value(&LeafTarget::Body(steps), inner, place)?);
        Ok(all(guards))
    }
}
