//! Whether a value fits. Each rule that is looked at is paid for, and schemas nest to a depth: a schema can ask for any
//! amount of work. Inside alternatives nothing is told, and the first rule that is broken ends the look. Not here: what is
//! in arrays and objects (`inside`), several schemas (`alternatives`).

use std::cmp::Ordering;

use crate::shape::budget::Budget;
use crate::shape::fault::bounded;
use crate::shape::number;
use crate::shape::number::Decimal;
use crate::shape::schema::Schema;
use crate::shape::schema::looked::Looked;
use crate::shape::schema::misfit::MISFITS_MAX;
use crate::shape::schema::misfit::Misfit;
use crate::shape::schema::misfit::PayloadPlace;
use crate::shape::schema::misfit::Undecided;
use crate::shape::schema::rule::CountBounds;
use crate::shape::schema::rule::Counted;
use crate::shape::schema::rule::SchemaRule;
use crate::shape::schema::rule::SchemaType;
use crate::shape::schema::rule::Side;
use crate::shape::schema::rule::SubSchema;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

/// Schemas within schemas, over the whole depth of a payload.
const DEPTH_MAX: u32 = 400;
/// Bytes of a text whose characters are counted in the time of a visit.
const COUNTED_FOR_A_VISIT: usize = 64;
/// Values that are named where one of them was expected.
const SHOWN_VALUES: usize = 5;

pub(super) fn misfits(
    schema: &Schema,
    value: Node<'_>,
    budget: &mut Budget,
) -> Result<Vec<Misfit>, Undecided> {
    let mut check = SchemaCheck { schema, budget, misfits: Vec::new(), is_mute: 0, depth: 0 };
    check.place(0, value, &PayloadPlace::Root, &mut Looked::default())?;
    Ok(check.misfits)
}

/// Whether something fits, or that nobody can say.
pub(super) type Fits = Result<bool, Undecided>;

pub(super) struct SchemaCheck<'c> {
    pub(super) schema: &'c Schema,
    pub(super) budget: &'c mut Budget,
    misfits: Vec<Misfit>,
    /// Alternatives around this one.
    pub(super) is_mute: u32,
    depth: u32,
}

impl<'c> SchemaCheck<'c> {
    pub(super) fn place(
        &mut self,
        place: SubSchema,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        if self.depth >= DEPTH_MAX {
            return Err(Undecided::Depth);
        }
        self.depth += 1;
        let schema = self.schema;
        // What its neighbours looked at is nothing to this one.
        let (mut own, mut fits) = (Looked::default(), true);
        for rule in &schema.places[place] {
            self.budget.visit(1)?;
            fits &= self.rule(rule, value, at, &mut own)?;
            if !fits && self.is_mute > 0 {
                break;
            }
        }
        self.depth -= 1;
        if fits {
            looked.add(own);
        }
        Ok(fits)
    }

    fn rule(
        &mut self,
        rule: &'c SchemaRule,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let kind = value.kind();
        match rule {
            SchemaRule::Nothing => Ok(self.misfit(at, || "nothing may be here".to_owned())),
            SchemaRule::Type(kinds) => Ok(self.kind(kinds, value, at)),
            SchemaRule::Values(values) => self.values(values, value, at),
            SchemaRule::Bound(side, bound) if kind == NodeKind::Number => {
                Ok(self.bound(*side, bound, value, at))
            }
            SchemaRule::MultipleOf(divisor) if kind == NodeKind::Number => {
                Ok(self.multiple(*divisor, value, at))
            }
            SchemaRule::Pattern(regex) if kind == NodeKind::String => {
                let found = regex.is_match(&value.as_str().unwrap_or_default(), self.budget)?;
                Ok(found || self.misfit(at, || format!("it does not match `{}`", bounded(regex.text()))))
            }
            SchemaRule::Count(counted, span) => self.count(*counted, *span, value, at),
            SchemaRule::Unique if kind == NodeKind::Array => self.unique(value, at),
            SchemaRule::Required(names) if kind == NodeKind::Object => self.required(names, value, at),
            SchemaRule::Dependent(name, names) if kind == NodeKind::Object => match value.get(name) {
                Some(_) => self.required(names, value, at),
                None => Ok(true),
            },
            SchemaRule::DependentSchema(name, place) if kind == NodeKind::Object => match value.get(name) {
                Some(_) => self.place(*place, value, at, looked),
                None => Ok(true),
            },
            SchemaRule::Names(place) if kind == NodeKind::Object => self.names(*place, value, at),
            SchemaRule::Members(rules) if kind == NodeKind::Object => self.members(rules, value, at, looked),
            SchemaRule::Elements(rules) if kind == NodeKind::Array => self.elements(rules, value, at, looked),
            SchemaRule::Contains(place, span) if kind == NodeKind::Array => {
                self.contains(*place, *span, value, at, looked)
            }
            SchemaRule::All(places) => self.all(places, value, at, looked),
            SchemaRule::Any(places) => self.any(places, value, at, looked),
            SchemaRule::One(places) => self.one(places, value, at, looked),
            SchemaRule::Not(place) => {
                let fits = self.muted(*place, value, at, &mut Looked::default())?;
                Ok(!fits || self.misfit(at, || "it fits what it must not fit (`not`)".to_owned()))
            }
            SchemaRule::If(condition, then, otherwise) => {
                let mut seen = Looked::default();
                let holds = self.muted(*condition, value, at, &mut seen)?;
                if holds {
                    looked.add(seen);
                }
                let next = if holds { then } else { otherwise };
                next.map_or(Ok(true), |place| self.place(place, value, at, looked))
            }
            SchemaRule::UnevaluatedMembers(place) if kind == NodeKind::Object => {
                self.other_members(*place, value, at, looked)
            }
            SchemaRule::UnevaluatedElements(place) if kind == NodeKind::Array => {
                self.other_elements(*place, value, at, looked)
            }
            _ => Ok(true),
        }
    }

    /// Notes a misfit; always false.
    pub(super) fn misfit(&mut self, at: &PayloadPlace<'_>, detail: impl FnOnce() -> String) -> bool {
        if self.is_mute == 0 && self.misfits.len() < MISFITS_MAX {
            self.misfits.push(Misfit { pointer: at.pointer(), detail: detail() });
        }
        false
    }

    /// Whether it fits, told to nobody.
    pub(super) fn muted(
        &mut self,
        place: SubSchema,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        self.is_mute += 1;
        let fits = self.place(place, value, at, looked);
        self.is_mute -= 1;
        fits
    }

    fn kind(&mut self, kinds: &[SchemaType], value: Node<'_>, at: &PayloadPlace<'_>) -> bool {
        let kind = value.kind();
        let fits = kinds.iter().any(|wanted| match wanted {
            SchemaType::Other(wanted) => *wanted == kind,
            SchemaType::Integer => value.as_number().is_some_and(is_whole),
        });
        fits || self.misfit(at, || {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            let is_fraction = kind == NodeKind::Number && kinds.contains(&SchemaType::Integer);
            let seen = if is_fraction { "a number with a fraction" } else { kind.name() };
            format!("expected {}; saw {seen}", names.join(" or "))
        })
    }

    fn values(&mut self, values: &[Value<'static>], value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        for wanted in values {
            if Value::Node(value).same(wanted, self.budget)? {
                return Ok(true);
            }
        }
        Ok(self.misfit(at, || {
            let shown: Vec<String> = values.iter().take(SHOWN_VALUES).map(Value::shown).collect();
            let more = if values.len() > SHOWN_VALUES { ", …" } else { "" };
            format!("expected {}{more}", shown.join(" or "))
        }))
    }

    fn bound(&mut self, side: Side, bound: &str, value: Node<'_>, at: &PayloadPlace<'_>) -> bool {
        let order = number::compare(value.raw(), bound);
        let (fits, words) = match side {
            Side::AtLeast => (order != Ordering::Less, "at least"),
            Side::AtMost => (order != Ordering::Greater, "at most"),
            Side::Above => (order == Ordering::Greater, "more than"),
            Side::Below => (order == Ordering::Less, "less than"),
        };
        fits || self.misfit(at, || format!("expected {words} {}", bounded(bound)))
    }

    fn multiple(&mut self, divisor: Decimal, value: Node<'_>, at: &PayloadPlace<'_>) -> bool {
        // What has more digits than can be divided exactly is not refused.
        let fits =
            Decimal::parse(value.raw()).and_then(|value| value.is_multiple_of(divisor)).unwrap_or(true);
        fits || self.misfit(at, || format!("expected a multiple of {}", divisor.to_json()))
    }

    fn count(&mut self, counted: Counted, span: CountBounds, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        let (count, what) = match (counted, value.kind()) {
            (Counted::Characters, NodeKind::String) => {
                self.budget.visit((value.raw().len() / COUNTED_FOR_A_VISIT) as u64)?;
                (Value::Node(value).length().unwrap_or(0), "characters")
            }
            (Counted::Elements, NodeKind::Array) => (self.length(value)?, "elements"),
            (Counted::Members, NodeKind::Object) => (self.length(value)?, "members"),
            _ => return Ok(true),
        };
        if count < span.min {
            return Ok(self.misfit(at, || format!("expected at least {} {what}; saw {count}", span.min)));
        }
        let fits = count <= span.max;
        Ok(fits || self.misfit(at, || format!("expected at most {} {what}; saw {count}", span.max)))
    }

    fn length(&mut self, value: Node<'_>) -> Result<usize, Undecided> {
        let count = value.len();
        self.budget.visit(count as u64)?;
        Ok(count)
    }
}

/// Whether a number has no fraction, however it is written.
fn is_whole(text: &str) -> bool {
    match Decimal::parse(text) {
        Some(number) => number.is_whole(),
        None => !text.contains(['.', 'e', 'E']),
    }
}
