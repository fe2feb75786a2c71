//! What is inside `[?…]`, as a condition on `it`. Not here: conditions of `$if` (`clauses`).

use crate::shape::eject::code::constant;
use crate::shape::eject::code::quoted;
use crate::shape::eject::paths::places;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::query::CompareOp;
use crate::shape::query::Logic;
use crate::shape::query::MatchPattern;
use crate::shape::query::SubQuery;
use crate::shape::query::Term;

impl CodeWriter {
    /// The condition; `root` is what `$` stands for.
    pub(super) fn logic(&mut self, logic: &Logic, root: &str, pointer: &str) -> String {
        match logic {
            Logic::Or(parts) => self.joined(parts, " || ", root, pointer),
            Logic::And(parts) => self.joined(parts, " && ", root, pointer),
            Logic::Not(inner) => format!("!({})", self.logic(inner, root, pointer)),
            Logic::Exists(query) => match self.at(query, root) {
                Some(one) => format!("{one}.is_some()"),
                None => format!("{}.exists()", self.sub_query(query, root, pointer)),
            },
            Logic::Compare { op, left, right } => {
                let (left, right) = (self.term(left, root, pointer), self.term(right, root, pointer));
                match op {
                    CompareOp::Eq => format!("equal({left}, {right})"),
                    CompareOp::Ne => format!("!equal({left}, {right})"),
                    CompareOp::Lt => format!("less({left}, {right})"),
                    CompareOp::Gt => format!("less({right}, {left})"),
                    CompareOp::Lte => format!("less_or_equal({left}, {right})"),
                    CompareOp::Gte => format!("less_or_equal({right}, {left})"),
                }
            }
            Logic::Match { text, pattern: MatchPattern::Ready(pattern), .. } => {
                let text = self.term(text, root, pointer);
                self.patterns = true;
                match pattern {
                    Some(pattern) => format!("matches({text}, {})", quoted(pattern.text())),
                    None => "false".to_owned(),
                }
            }
            Logic::Match { pattern: MatchPattern::Computed(_), .. } => {
                self.fault(
                    pointer,
                    "the regular expression of `match` or `search` comes from the payload, which code cannot bound",
                );
                "false".to_owned()
            }
        }
    }

    fn joined(&mut self, parts: &[Logic], with: &str, root: &str, pointer: &str) -> String {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| {
                let text = self.logic(part, root, pointer);
                if matches!(part, Logic::Or(_) | Logic::And(_)) { format!("({text})") } else { text }
            })
            .collect();
        parts.join(with)
    }

    /// Where a query begins: queries from the root have a slot.
    fn from<'r>(&mut self, query: &SubQuery, root: &'r str) -> &'r str {
        if query.slot.is_none() {
            return "it";
        }
        self.uses.payload = true;
        root
    }

    fn at(&mut self, query: &SubQuery, root: &str) -> Option<String> {
        let places = places(&query.segments)?;
        Some(format!("at!({}{places})", self.from(query, root)))
    }

    fn sub_query(&mut self, query: &SubQuery, root: &str, pointer: &str) -> String {
        let from = self.from(query, root);
        self.walk(from, &query.segments, root, pointer)
    }

    /// An `Option<&Value>`.
    fn term(&mut self, term: &Term, root: &str, pointer: &str) -> String {
        let lent = |json: &str| format!("Some(&{})", constant(json).value());
        match term {
            Term::Null => lent("null"),
            Term::Bool(bool) => lent(if *bool { "true" } else { "false" }),
            Term::Number(text) => lent(text),
            Term::Text(text) => format!("Some(&Value::from({}))", quoted(text)),
            Term::Singular(query) => match self.at(query, root) {
                Some(one) => one,
                None => format!("{}.first()", self.sub_query(query, root, pointer)),
            },
            Term::Value(query) => format!("{}.only()", self.sub_query(query, root, pointer)),
            Term::Count(query) => {
                format!("Some(&Value::from({}.count()))", self.sub_query(query, root, pointer))
            }
            Term::Length(inner) => format!("length_of({}).as_ref()", self.term(inner, root, pointer)),
        }
    }
}
