//! What each keyword of a schema means. What none knows is a remark, as the standard has it. Not here: numbers, texts and
//! lists of values in keywords (`values`).

use crate::shape::fault::push_pointer;
use crate::shape::schema::compile::SchemaCompiler;
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

impl<'s> SchemaCompiler<'s> {
    /// The rules of one schema that is an object. Those that ask what the others looked at come last.
    pub(super) fn rules(&mut self, schema: Node<'s>, pointer: &str) -> Vec<SchemaRule> {
        let alone = self.dialect.ref_is_alone().then(|| schema.get("$ref")).flatten();
        if let Some(reference) = alone {
            let place = self.referred(reference, &push_pointer(pointer, "$ref"));
            return place.map(|place| SchemaRule::All(vec![place])).into_iter().collect();
        }
        let mut rules = Vec::new();
        for (name, value) in schema.members() {
            let at = push_pointer(pointer, &name);
            rules.extend(match value_rule(self, &name, value, &at) {
                Some(found) => found,
                None => self.schema_rule(&name, value, schema, &at).into_iter().collect(),
            });
        }
        rules.extend(self.members(schema, pointer));
        rules.extend(self.elements(schema, pointer));
        rules.extend(self.contains(schema, pointer));
        rules.extend(self.condition(schema, pointer));
        rules.extend(self.unevaluated(schema, pointer));
        rules
    }

    /// Keywords that hold schemas, each on its own.
    fn schema_rule(&mut self, name: &str, value: Node<'s>, schema: Node<'s>, at: &str) -> Option<SchemaRule> {
        match name {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                self.referred(value, at).map(|place| SchemaRule::All(vec![place]))
            }
            "$id" if !self.is_root(schema) => {
                let is_anchor = value.as_str().is_some_and(|id| id.starts_with('#'));
                if !is_anchor {
                    self.fault(at, "a schema inside has no name of its own here: take the `$id` away");
                }
                None
            }
            "allOf" => self.places_of(value, at).map(SchemaRule::All),
            "anyOf" => self.places_of(value, at).map(SchemaRule::Any),
            "oneOf" => self.places_of(value, at).map(SchemaRule::One),
            "not" => Some(SchemaRule::Not(self.place(value, at.to_owned()))),
            "propertyNames" => Some(SchemaRule::Names(self.place(value, at.to_owned()))),
            // Read so that what is wrong in them is told.
            "$defs" | "definitions" => {
                self.named(value, at);
                None
            }
            _ => None,
        }
    }

    fn members(&mut self, schema: Node<'s>, pointer: &str) -> Option<SchemaRule> {
        let mut rules = MemberRules::default();
        if let Some(named) = schema.get("properties") {
            rules.named = self.named(named, &push_pointer(pointer, "properties")).into_iter().collect();
        }
        if let Some(patterns) = schema.get("patternProperties") {
            let at = push_pointer(pointer, "patternProperties");
            for (pattern, place) in self.named(patterns, &at) {
                let regex = self.regex(&pattern, &push_pointer(&at, &pattern));
                rules.patterns.extend(regex.map(|regex| (regex, place)));
            }
        }
        rules.others = self.place_at(schema, "additionalProperties", pointer);
        let any = !rules.named.is_empty() || !rules.patterns.is_empty() || rules.others.is_some();
        any.then_some(SchemaRule::Members(rules))
    }

    fn elements(&mut self, schema: Node<'s>, pointer: &str) -> Option<SchemaRule> {
        let items = schema.get("items");
        let is_list = items.is_some_and(|items| items.kind() == NodeKind::Array);
        let mut rules = ElementRules::default();
        match (items, schema.get("prefixItems")) {
            (Some(list), None) if is_list && self.dialect.lists_items() => {
                rules.first = self.places_of(list, &push_pointer(pointer, "items")).unwrap_or_default();
                rules.others = self.place_at(schema, "additionalItems", pointer);
            }
            (Some(_), _) if is_list => {
                self.fault(
                    &push_pointer(pointer, "items"),
                    "expected one schema; for a list there is `prefixItems`",
                );
            }
            (_, first) => {
                if let Some(first) = first {
                    let at = push_pointer(pointer, "prefixItems");
                    rules.first = self.places_of(first, &at).unwrap_or_default();
                }
                rules.others = self.place_at(schema, "items", pointer);
            }
        }
        (!rules.first.is_empty() || rules.others.is_some()).then_some(SchemaRule::Elements(rules))
    }

    fn contains(&mut self, schema: Node<'s>, pointer: &str) -> Option<SchemaRule> {
        let place = self.place_at(schema, "contains", pointer)?;
        let min =
            schema.get("minContains").map(|node| self.count(node, &push_pointer(pointer, "minContains")));
        let max =
            schema.get("maxContains").map(|node| self.count(node, &push_pointer(pointer, "maxContains")));
        let span = CountBounds { min: min.flatten().unwrap_or(1), max: max.flatten().unwrap_or(usize::MAX) };
        Some(SchemaRule::Contains(place, span))
    }

    fn condition(&mut self, schema: Node<'s>, pointer: &str) -> Option<SchemaRule> {
        let condition = self.place_at(schema, "if", pointer);
        let (then, otherwise) =
            (self.place_at(schema, "then", pointer), self.place_at(schema, "else", pointer));
        Some(SchemaRule::If(condition?, then, otherwise))
    }

    fn unevaluated(&mut self, schema: Node<'s>, pointer: &str) -> Vec<SchemaRule> {
        let members = self.place_at(schema, "unevaluatedProperties", pointer);
        let elements = self.place_at(schema, "unevaluatedItems", pointer);
        let members = members.map(SchemaRule::UnevaluatedMembers);
        let rules: Vec<SchemaRule> =
            members.into_iter().chain(elements.map(SchemaRule::UnevaluatedElements)).collect();
        self.tracks |= !rules.is_empty();
        rules
    }

    fn place_at(&mut self, schema: Node<'s>, name: &str, pointer: &str) -> Option<SubSchema> {
        schema.get(name).map(|node| self.place(node, push_pointer(pointer, name)))
    }

    /// A list of at least one schema.
    fn places_of(&mut self, list: Node<'s>, pointer: &str) -> Option<Vec<SubSchema>> {
        if list.kind() != NodeKind::Array || list.elements().next().is_none() {
            self.fault(pointer, "expected a list of at least one schema");
            return None;
        }
        let place = |(at, node): (usize, Node<'s>)| self.place(node, format!("{pointer}/{at}"));
        Some(list.elements().enumerate().map(place).collect())
    }

    /// An object of schemas.
    pub(super) fn named(&mut self, object: Node<'s>, pointer: &str) -> Vec<(Box<str>, SubSchema)> {
        if object.kind() != NodeKind::Object {
            self.fault(pointer, format!("expected an object of schemas; saw {}", object.kind().name()));
            return Vec::new();
        }
        let place = |(name, node): (std::borrow::Cow<'s, str>, Node<'s>)| {
            let place = self.place(node, push_pointer(pointer, &name));
            (name.into(), place)
        };
        object.members().map(place).collect()
    }
}

/// Keywords that hold no schema, and dependencies; `None` if it is none of them.
fn value_rule<'s>(
    compiler: &mut SchemaCompiler<'s>,
    name: &str,
    value: Node<'s>,
    at: &str,
) -> Option<Vec<SchemaRule>> {
    let one = |rule: Option<SchemaRule>| Some(rule.into_iter().collect());
    let count = |compiler: &mut SchemaCompiler<'s>, counted: Counted, is_min: bool| {
        let span = |count| {
            if is_min {
                CountBounds { min: count, max: usize::MAX }
            } else {
                CountBounds { min: 0, max: count }
            }
        };
        one(compiler.count(value, at).map(|found| SchemaRule::Count(counted, span(found))))
    };
    match name {
        "type" => one(compiler.kinds(value, at).map(SchemaRule::Type)),
        "const" => one(Some(SchemaRule::Values(vec![Value::copied(value)]))),
        "enum" => one(compiler.values(value, at).map(SchemaRule::Values)),
        "minimum" => one(compiler.bound(value, at, Side::AtLeast)),
        "maximum" => one(compiler.bound(value, at, Side::AtMost)),
        "exclusiveMinimum" => one(compiler.bound(value, at, Side::Above)),
        "exclusiveMaximum" => one(compiler.bound(value, at, Side::Below)),
        "multipleOf" => one(compiler.divisor(value, at).map(SchemaRule::MultipleOf)),
        "minLength" => count(compiler, Counted::Characters, true),
        "maxLength" => count(compiler, Counted::Characters, false),
        "minItems" => count(compiler, Counted::Elements, true),
        "maxItems" => count(compiler, Counted::Elements, false),
        "minProperties" => count(compiler, Counted::Members, true),
        "maxProperties" => count(compiler, Counted::Members, false),
        "pattern" => one(compiler.pattern(value, at).map(SchemaRule::Pattern)),
        "uniqueItems" => one((value.as_bool() == Some(true)).then_some(SchemaRule::Unique)),
        "required" => one(compiler.names(value, at).map(SchemaRule::Required)),
        "dependentRequired" | "dependentSchemas" | "dependencies" => Some(compiler.dependencies(value, at)),
        _ => None,
    }
}

impl SchemaType {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}
