//! Filters whose operators begin with `$`, as Hookdeck and Convoy write them, as filters of hookmill. What is made
//! never passes what the original would not: where both cannot be the same it passes less and says so, or it is
//! refused. Not here: where such a filter stands (`hookdeck`, `convoy`).

mod equal;
mod logic;
mod nested;
mod operator;
pub(in crate::import) mod regex;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::import::shared::headers::header_name;
use crate::import::shared::json::below;
use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::leaf::all;
use crate::import::shared::leaf::any;
use crate::import::shared::leaf::not;
use crate::import::shared::path::PathStep;

/// Clauses of one filter; more is nobody's filter, and hookmill takes 4,096 parts.
const CLAUSES_MAX: usize = 500;

/// Whose filter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum OperatorDialect {
    /// A text and a number that look alike are equal, and lists are looked through.
    Hookdeck,
    /// Names have dots in them, and what is not there is not looked at.
    Convoy,
}

/// Which part of a request a filter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum FilterPart {
    Body,
    Headers,
    Query,
    Path,
}

/// What cannot be said here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Refused {
    /// JSON Pointer.
    pub(in crate::import) at: String,
    /// Why.
    pub(in crate::import) why: String,
}

/// A filter of hookmill.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct CarriedFilter {
    /// The clause; `None` where everything passes.
    pub(in crate::import) clause: Option<Value>,
    /// Where it passes less than the original, and what.
    pub(in crate::import) less: Vec<(String, String)>,
}

/// Translates a filter that stands at `at`.
pub(in crate::import) fn translate(
    dialect: OperatorDialect,
    part: FilterPart,
    filter: &Value,
    at: &str,
) -> Result<CarriedFilter, Refused> {
    let mut translator = Translator { dialect, less: Vec::new(), clauses: 0 };
    let is_nothing = filter.is_null() || filter.as_object().is_some_and(serde_json::Map::is_empty);
    let clause = match is_nothing {
        true => None,
        false => Some(translator.root(part, filter, at)?),
    };
    Ok(CarriedFilter { clause, less: translator.less })
}

/// See the head of this file.
#[derive(Debug)]
struct Translator {
    dialect: OperatorDialect,
    less: Vec<(String, String)>,
    clauses: usize,
}

/// Where in a filter something stands.
#[derive(Clone, Copy, Debug)]
struct OperandPlace<'p> {
    at: &'p str,
    /// Whether what passes here does not pass in the end.
    negated: bool,
}

impl OperandPlace<'_> {
    fn refuse<T>(&self, why: impl Into<String>) -> Result<T, Refused> {
        Err(Refused { at: self.at.to_owned(), why: why.into() })
    }
}

impl Translator {
    /// Members of the whole part of a request, or one value where the part is one.
    fn root(&mut self, part: FilterPart, filter: &Value, at: &str) -> Result<Value, Refused> {
        let place = OperandPlace { at, negated: false };
        match part {
            FilterPart::Path => self.value(&LeafTarget::Path, filter, place),
            FilterPart::Body if !filter.is_object() => {
                self.value(&LeafTarget::Body(Vec::new()), filter, place)
            }
            _ => self.root_object(part, filter, place),
        }
    }

    /// `$or` and `$and` of whole filters, and members.
    fn root_object(
        &mut self,
        part: FilterPart,
        filter: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let Some(members) = filter.as_object().filter(|members| !members.is_empty()) else {
            return place.refuse("expected an object with conditions");
        };
        let mut clauses = Vec::with_capacity(members.len());
        for (name, inner) in members {
            let at = below(place.at, name);
            let inside = OperandPlace { at: &at, ..place };
            clauses.push(match name.as_str() {
                "$or" | "$and" => self
                    .group(name, inner, inside, &mut |this, one, place| this.root_object(part, one, place))?,
                "$not" if self.dialect == OperatorDialect::Hookdeck => {
                    let inside = OperandPlace { negated: !place.negated, ..inside };
                    not(self.root_object(part, inner, inside)?)
                }
                name if name.starts_with('$') && part == FilterPart::Body => {
                    self.value(&LeafTarget::Body(Vec::new()), &one_member(name, inner), inside)?
                }
                name if name.starts_with('$') => {
                    return inside.refuse(format!("`{name}` is not known here"));
                }
                name => self.named(part, name, inner, inside)?,
            });
        }
        if self.dialect == OperatorDialect::Convoy && clauses.len() > 1 {
            // A condition on what is not there does not count there, if another one holds.
            self.passes_less(
                place,
                "an event without one of these members does not pass; there it is passed over",
            )?;
        }
        Ok(all(clauses))
    }

    fn named(
        &mut self,
        part: FilterPart,
        name: &str,
        inner: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        let target = match part {
            FilterPart::Headers => match header_name(name) {
                Some(name) => LeafTarget::Header(name),
                None => return place.refuse("this cannot be the name of a header"),
            },
            FilterPart::Query => LeafTarget::Query(name.to_owned()),
            FilterPart::Body | FilterPart::Path if self.dialect == OperatorDialect::Convoy => {
                return self.dotted(&[], name, inner, place);
            }
            FilterPart::Body | FilterPart::Path => LeafTarget::Body(vec![PathStep::Name(name.to_owned())]),
        };
        self.value(&target, inner, place)
    }

    /// What a value has to be.
    fn value(
        &mut self,
        target: &LeafTarget,
        wanted: &Value,
        place: OperandPlace<'_>,
    ) -> Result<Value, Refused> {
        self.clauses += 1;
        if self.clauses > CLAUSES_MAX {
            return place.refuse(format!("the filter has more than {CLAUSES_MAX} conditions"));
        }
        match wanted {
            Value::Object(members) if members.is_empty() => {
                place.refuse("an empty object says nothing to compare with")
            }
            Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
                self.operators(target, members, place)
            }
            Value::Object(_) if !target.is_body() => {
                place.refuse("only the body has members within members here")
            }
            Value::Object(members) => self.members(target, members, place),
            Value::Array(items) => self.items(target, items, place),
            scalar => self.equal(target, scalar, place),
        }
    }

    /// `$or` or `$and` of several conditions of the same kind.
    fn group(
        &mut self,
        name: &str,
        inner: &Value,
        place: OperandPlace<'_>,
        each: &mut dyn FnMut(&mut Self, &Value, OperandPlace<'_>) -> Result<Value, Refused>,
    ) -> Result<Value, Refused> {
        let Some(items) = inner.as_array().filter(|items| !items.is_empty()) else {
            return place.refuse(format!("`{name}` has to be a list of conditions"));
        };
        let mut clauses = Vec::with_capacity(items.len());
        for (index, one) in items.iter().enumerate() {
            let at = format!("{}/{index}", place.at);
            clauses.push(each(self, one, OperandPlace { at: &at, ..place })?);
        }
        Ok(match name {
            "$or" => any(clauses),
            _ => all(clauses),
        })
    }

    /// Notes that less passes here; where that would let more pass in the end, it is refused.
    fn passes_less(&mut self, place: OperandPlace<'_>, what: &str) -> Result<(), Refused> {
        if place.negated {
            return place.refuse(format!("within a negation this would let more pass: {what}"));
        }
        self.less.push((place.at.to_owned(), what.to_owned()));
        Ok(())
    }
}

fn one_member(name: &str, value: &Value) -> Value {
    Value::Object(serde_json::Map::from_iter([(name.to_owned(), value.clone())]))
}
