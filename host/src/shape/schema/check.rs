//! Whether a value fits. Each rule that is looked at is paid for, and schemas nest to a depth: a schema can ask for any
//! amount of work. Inside alternatives nothing is told, and the first rule that is broken ends the look. Not here: what
//! was looked at already (`unevaluated`).

use std::cmp::Ordering;
use std::collections::HashSet;

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
use crate::shape::schema::rule::ElementRules;
use crate::shape::schema::rule::MemberRules;
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

type Fits = Result<bool, Undecided>;

pub(super) struct SchemaCheck<'c> {
    pub(super) schema: &'c Schema,
    pub(super) budget: &'c mut Budget,
    misfits: Vec<Misfit>,
    /// Alternatives around this one.
    is_mute: u32,
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
    fn muted(
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

    fn unique(&mut self, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        let mut seen = HashSet::new();
        for (place, element) in value.elements().enumerate() {
            if !seen.insert(self.canonical(element)?) {
                return Ok(self.misfit(at, || format!("element {place} is there twice")));
            }
        }
        Ok(true)
    }

    /// A text that is the same for equal values alone, but for numbers of more than 38 digits.
    fn canonical(&mut self, value: Node<'_>) -> Result<String, Undecided> {
        self.budget.visit(1 + (value.raw().len() / COUNTED_FOR_A_VISIT) as u64)?;
        Ok(match value.kind() {
            NodeKind::Number => {
                Decimal::parse(value.raw()).map_or_else(|| value.raw().to_owned(), Decimal::to_json)
            }
            NodeKind::String => format!("{:?}", value.as_str().unwrap_or_default()),
            NodeKind::Null | NodeKind::Boolean => value.raw().to_owned(),
            NodeKind::Array => {
                let elements = value.elements().map(|element| self.canonical(element));
                format!("[{}]", elements.collect::<Result<Vec<_>, _>>()?.join(","))
            }
            NodeKind::Object => {
                let member =
                    |(name, value): (_, Node<'_>)| Ok(format!("{name:?}:{}", self.canonical(value)?));
                let mut members = value.members().map(member).collect::<Result<Vec<_>, Undecided>>()?;
                members.sort_unstable();
                format!("{{{}}}", members.join(","))
            }
        })
    }

    fn required(&mut self, names: &[Box<str>], value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        let mut fits = true;
        for name in names {
            let (found, seen) = value.member(name);
            self.budget.visit(seen)?;
            if found.is_none() {
                fits = self.misfit(at, || format!("`{}` is missing", bounded(name)));
            }
        }
        Ok(fits)
    }

    fn names(&mut self, place: SubSchema, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        let mut fits = true;
        for (name, _) in value.members() {
            // A name is a value of its own here.
            let text = serde_json::Value::from(name.as_ref()).to_string();
            self.budget.parse(text.len())?;
            let Ok(document) = crate::shape::tape::Document::parse(text.as_bytes()) else { continue };
            if !self.muted(place, document.root(), at, &mut Looked::default())? {
                fits = self.misfit(at, || format!("the name `{}` may not be here", bounded(&name)));
            }
        }
        Ok(fits)
    }

    fn members(
        &mut self,
        rules: &MemberRules,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut fits = true;
        for (name, member) in value.members() {
            self.budget.visit(1)?;
            let here = PayloadPlace::Member(at, &name);
            let mut is_known = false;
            if let Some(place) = rules.named.get(name.as_ref()) {
                is_known = true;
                fits &= self.place(*place, member, &here, &mut Looked::default())?;
            }
            for (regex, place) in &rules.patterns {
                if regex.is_match(&name, self.budget)? {
                    is_known = true;
                    fits &= self.place(*place, member, &here, &mut Looked::default())?;
                }
            }
            if let Some(place) = rules.others.filter(|_| !is_known) {
                is_known = true;
                fits &= self.other(place, member, &here)?;
            }
            if is_known && self.schema.tracks {
                looked.member(member);
            }
            if !fits && self.is_mute > 0 {
                break;
            }
        }
        Ok(fits)
    }

    /// A member or element that nothing names.
    pub(super) fn other(&mut self, place: SubSchema, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        if matches!(self.schema.places[place].as_slice(), [SchemaRule::Nothing]) {
            return Ok(self.misfit(at, || "there is no such field in the schema".to_owned()));
        }
        self.place(place, value, at, &mut Looked::default())
    }

    fn elements(
        &mut self,
        rules: &ElementRules,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut fits = true;
        for (index, element) in value.elements().enumerate() {
            let Some(place) = rules.first.get(index).copied().or(rules.others) else { break };
            self.budget.visit(1)?;
            fits &= self.place(place, element, &PayloadPlace::Element(at, index), &mut Looked::default())?;
            if self.schema.tracks {
                looked.member(element);
            }
            if !fits && self.is_mute > 0 {
                break;
            }
        }
        Ok(fits)
    }

    fn contains(
        &mut self,
        place: SubSchema,
        span: CountBounds,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut found = 0;
        for (index, element) in value.elements().enumerate() {
            self.budget.visit(1)?;
            if self.muted(place, element, &PayloadPlace::Element(at, index), &mut Looked::default())? {
                found += 1;
                if self.schema.tracks {
                    looked.member(element);
                }
            }
        }
        let fits = (span.min..=span.max).contains(&found);
        Ok(fits || self.misfit(at, || format!("{found} of its elements fit `contains`")))
    }

    fn all(
        &mut self,
        places: &[SubSchema],
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut fits = true;
        for place in places {
            fits &= self.place(*place, value, at, looked)?;
            if !fits && self.is_mute > 0 {
                break;
            }
        }
        Ok(fits)
    }

    fn any(
        &mut self,
        places: &[SubSchema],
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut fits = false;
        for place in places {
            let mut seen = Looked::default();
            if self.muted(*place, value, at, &mut seen)? {
                fits = true;
                looked.add(seen);
                // What the others look at counts as well, where somebody asks.
                if !self.schema.tracks {
                    break;
                }
            }
        }
        Ok(fits || self.misfit(at, || format!("it fits none of the {} alternatives (`anyOf`)", places.len())))
    }

    fn one(
        &mut self,
        places: &[SubSchema],
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Fits {
        let mut found = 0;
        for place in places {
            let mut seen = Looked::default();
            if self.muted(*place, value, at, &mut seen)? {
                found += 1;
                looked.add(seen);
            }
        }
        Ok(found == 1
            || self.misfit(at, || {
                format!("it fits {found} of the {} alternatives, not exactly one (`oneOf`)", places.len())
            }))
    }
}

/// Whether a number has no fraction, however it is written.
fn is_whole(text: &str) -> bool {
    match Decimal::parse(text) {
        Some(number) => number.is_whole(),
        None => !text.contains(['.', 'e', 'E']),
    }
}
