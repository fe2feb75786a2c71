//! What is in arrays and objects: names, members and elements. Not here: the value itself (`check`), what nothing else looked at
//! (`unevaluated`).

use std::collections::HashSet;

use crate::shape::fault::bounded;
use crate::shape::number::Decimal;
use crate::shape::schema::check::Fits;
use crate::shape::schema::check::SchemaCheck;
use crate::shape::schema::looked::Looked;
use crate::shape::schema::misfit::PayloadPlace;
use crate::shape::schema::misfit::Undecided;
use crate::shape::schema::rule::CountBounds;
use crate::shape::schema::rule::ElementRules;
use crate::shape::schema::rule::MemberRules;
use crate::shape::schema::rule::SchemaRule;
use crate::shape::schema::rule::SubSchema;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// Bytes of a value that are written in the time of a visit.
const WRITTEN_FOR_A_VISIT: usize = 64;

impl SchemaCheck<'_> {
    pub(super) fn unique(&mut self, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
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
        self.budget.visit(1 + (value.raw().len() / WRITTEN_FOR_A_VISIT) as u64)?;
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

    pub(super) fn required(&mut self, names: &[Box<str>], value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
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

    pub(super) fn names(&mut self, place: SubSchema, value: Node<'_>, at: &PayloadPlace<'_>) -> Fits {
        let mut fits = true;
        for (name, _) in value.members() {
            // A name is a value of its own here.
            let text = serde_json::Value::from(name.as_ref()).to_string();
            self.budget.parse(text.len())?;
            let Ok(document) = Document::parse(text.as_bytes()) else { continue };
            if !self.muted(place, document.root(), at, &mut Looked::default())? {
                fits = self.misfit(at, || format!("the name `{}` may not be here", bounded(&name)));
            }
        }
        Ok(fits)
    }

    pub(super) fn members(
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

    pub(super) fn elements(
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

    pub(super) fn contains(
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
}
