//! From jsonpath-rust's tree to a plan: every rule of RFC 9535 that its parser leaves out (well
//! typed function calls above all) and every limit. Not here: evaluation.

use jsonpath_rust::parser::model as tree;
use jsonpath_rust::parser::parse_json_path;

use crate::shape::budget::MAX_SELECTORS;
use crate::shape::query::lex;
use crate::shape::query::lex::Prepared;
use crate::shape::query::lex::Unmarked;
use crate::shape::query::pattern;
use crate::shape::query::plan::CompareOp;
use crate::shape::query::plan::Logic;
use crate::shape::query::plan::MatchPattern;
use crate::shape::query::plan::Query;
use crate::shape::query::plan::Segment;
use crate::shape::query::plan::Selector;
use crate::shape::query::plan::SubQuery;
use crate::shape::query::plan::Term;

/// Compiles the text, or says what is wrong with it.
pub(super) fn compile(text: &str) -> Result<Query, String> {
    let prepared = lex::prepare(text)?;
    let parsed = parse_json_path(&prepared.text).map_err(|error| describe(text, &error.to_string()))?;
    let mut checker = Checker { prepared: &prepared, selectors: 0, slots: 0 };
    let segments = checker.segments(&parsed.segments)?;
    let singular = is_singular(&segments);
    Ok(Query { text: text.into(), segments, singular, slots: checker.slots })
}

/// The parser's message on one line: it draws the query with an arrow below it.
fn describe(text: &str, message: &str) -> String {
    if !text.starts_with('$') {
        return format!("`{text}` is not a JSONPath query: it must begin with `$`");
    }
    let place = message.lines().find_map(|line| line.trim().strip_prefix("--> 1:"));
    match place {
        Some(column) => format!("`{text}` is not a JSONPath query (RFC 9535): see column {column}"),
        None => format!("`{text}` is not a JSONPath query (RFC 9535)"),
    }
}

fn is_singular(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| match segment {
        Segment::Child(selectors) => {
            matches!(&**selectors, [Selector::Name(_) | Selector::Index(_)])
        }
        Segment::Descendant(_) => false,
    })
}

struct Checker<'p> {
    prepared: &'p Prepared,
    selectors: usize,
    slots: usize,
}

impl Checker<'_> {
    fn segments(&mut self, segments: &[tree::Segment]) -> Result<Box<[Segment]>, String> {
        segments.iter().map(|segment| self.segment(segment)).collect()
    }

    fn segment(&mut self, segment: &tree::Segment) -> Result<Segment, String> {
        match segment {
            tree::Segment::Descendant(inner) => match self.segment(inner)? {
                Segment::Child(selectors) => Ok(Segment::Descendant(selectors)),
                Segment::Descendant(_) => Err("`..` cannot follow `..`".to_owned()),
            },
            tree::Segment::Selector(one) => Ok(Segment::Child(Box::new([self.selector(one)?]))),
            tree::Segment::Selectors(many) => {
                let selectors = many.iter().map(|one| self.selector(one));
                Ok(Segment::Child(selectors.collect::<Result<_, _>>()?))
            }
        }
    }

    fn selector(&mut self, selector: &tree::Selector) -> Result<Selector, String> {
        self.selectors += 1;
        if self.selectors > MAX_SELECTORS {
            return Err(format!("the query has more than {MAX_SELECTORS} selectors"));
        }
        Ok(match selector {
            tree::Selector::Name(name) => Selector::Name(self.name(name)?),
            tree::Selector::Wildcard => Selector::Wildcard,
            tree::Selector::Index(index) => Selector::Index(*index),
            tree::Selector::Slice(start, end, step) => {
                Selector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            tree::Selector::Filter(filter) => Selector::Filter(Box::new(self.logic(filter)?)),
        })
    }

    fn name(&self, name: &str) -> Result<Box<str>, String> {
        match self.prepared.unmark(name) {
            Unmarked::Text(text) => Ok(text.into()),
            Unmarked::Number(number) => {
                Err(format!("`{number}` is neither a name nor an index (whole, below 2^53)"))
            }
        }
    }

    fn logic(&mut self, filter: &tree::Filter) -> Result<Logic, String> {
        match filter {
            tree::Filter::Or(parts) => Ok(Logic::Or(self.logics(parts)?)),
            tree::Filter::And(parts) => Ok(Logic::And(self.logics(parts)?)),
            tree::Filter::Atom(atom) => self.atom(atom),
        }
    }

    fn logics(&mut self, parts: &[tree::Filter]) -> Result<Box<[Logic]>, String> {
        parts.iter().map(|part| self.logic(part)).collect()
    }

    fn atom(&mut self, atom: &tree::FilterAtom) -> Result<Logic, String> {
        let (logic, not) = match atom {
            tree::FilterAtom::Filter { expr, not } => (self.logic(expr)?, *not),
            tree::FilterAtom::Test { expr, not } => (self.test(expr)?, *not),
            tree::FilterAtom::Comparison(comparison) => (self.comparison(comparison)?, false),
        };
        Ok(if not { Logic::Not(Box::new(logic)) } else { logic })
    }

    fn comparison(&mut self, comparison: &tree::Comparison) -> Result<Logic, String> {
        let op = match comparison {
            tree::Comparison::Eq(..) => CompareOp::Eq,
            tree::Comparison::Ne(..) => CompareOp::Ne,
            tree::Comparison::Gt(..) => CompareOp::Gt,
            tree::Comparison::Gte(..) => CompareOp::Gte,
            tree::Comparison::Lt(..) => CompareOp::Lt,
            tree::Comparison::Lte(..) => CompareOp::Lte,
        };
        let (left, right) = comparison.vals();
        Ok(Logic::Compare { op, left: self.comparable(left)?, right: self.comparable(right)? })
    }

    fn comparable(&mut self, comparable: &tree::Comparable) -> Result<Term, String> {
        match comparable {
            tree::Comparable::Literal(literal) => Ok(self.literal(literal)),
            tree::Comparable::Function(function) => self.value_function(function),
            tree::Comparable::SingularQuery(query) => {
                let (absolute, steps) = match query {
                    tree::SingularQuery::Current(steps) => (false, steps),
                    tree::SingularQuery::Root(steps) => (true, steps),
                };
                let segments = steps.iter().map(|step| self.step(step));
                let segments = segments.collect::<Result<_, _>>()?;
                Ok(Term::Singular(self.sub_query(segments, absolute)))
            }
        }
    }

    fn step(&mut self, step: &tree::SingularQuerySegment) -> Result<Segment, String> {
        let selector = match step {
            tree::SingularQuerySegment::Index(index) => tree::Selector::Index(*index),
            tree::SingularQuerySegment::Name(name) => tree::Selector::Name(name.clone()),
        };
        Ok(Segment::Child(Box::new([self.selector(&selector)?])))
    }

    fn sub_query(&mut self, segments: Box<[Segment]>, absolute: bool) -> SubQuery {
        let slot = absolute.then_some(self.slots);
        self.slots += usize::from(absolute);
        SubQuery { segments, slot }
    }

    fn literal(&self, literal: &tree::Literal) -> Term {
        match literal {
            tree::Literal::Null => Term::Null,
            tree::Literal::Bool(bool) => Term::Bool(*bool),
            tree::Literal::Int(int) => Term::Number(int.to_string().into()),
            // Numbers with a point or exponent travel as marked strings: see `lex`.
            tree::Literal::Float(float) => Term::Number(float.to_string().into()),
            tree::Literal::String(text) => match self.prepared.unmark(text) {
                Unmarked::Text(text) => Term::Text(text.into()),
                Unmarked::Number(number) => Term::Number(number.into()),
            },
        }
    }

    fn test(&mut self, test: &tree::Test) -> Result<Logic, String> {
        match test {
            tree::Test::RelQuery(segments) => {
                let segments = self.segments(segments)?;
                Ok(Logic::Exists(self.sub_query(segments, false)))
            }
            tree::Test::AbsQuery(query) => {
                let segments = self.segments(&query.segments)?;
                Ok(Logic::Exists(self.sub_query(segments, true)))
            }
            tree::Test::Function(function) => match &**function {
                tree::TestFunction::Match(text, pattern) => self.matching(text, pattern, true),
                tree::TestFunction::Search(text, pattern) => self.matching(text, pattern, false),
                other => {
                    let name = self.known(other)?;
                    Err(format!("`{name}(…)` gives a value: compare it with something"))
                }
            },
        }
    }

    fn matching(&mut self, text: &tree::FnArg, by: &tree::FnArg, whole: bool) -> Result<Logic, String> {
        let name = if whole { "match" } else { "search" };
        let text = self.value_argument(name, text)?;
        let pattern = match self.value_argument(name, by)? {
            Term::Text(regex) => MatchPattern::Ready(pattern::compile_literal(&regex, whole)?),
            Term::Null | Term::Bool(_) | Term::Number(_) => MatchPattern::Ready(None),
            computed => MatchPattern::Computed(computed),
        };
        Ok(Logic::Match { text, pattern, whole })
    }

    fn known(&self, function: &tree::TestFunction) -> Result<&'static str, String> {
        match function {
            tree::TestFunction::Length(_) => Ok("length"),
            tree::TestFunction::Value(_) => Ok("value"),
            tree::TestFunction::Count(_) => Ok("count"),
            tree::TestFunction::Search(..) => Ok("search"),
            tree::TestFunction::Match(..) => Ok("match"),
            tree::TestFunction::Custom(name, _) => Err(format!(
                "there is no function `{name}`; there are length, count, value, match and search"
            )),
        }
    }

    fn value_function(&mut self, function: &tree::TestFunction) -> Result<Term, String> {
        match function {
            tree::TestFunction::Length(argument) => {
                Ok(Term::Length(Box::new(self.value_argument("length", argument)?)))
            }
            tree::TestFunction::Value(argument) => Ok(Term::Value(self.nodes_argument("value", argument)?)),
            tree::TestFunction::Count(argument) => Ok(Term::Count(self.nodes_argument("count", argument)?)),
            other => {
                let name = self.known(other)?;
                Err(format!("`{name}(…)` is true or false: it cannot be compared or be an argument"))
            }
        }
    }

    /// An argument of the type ValueType (RFC 9535, 2.4.1).
    fn value_argument(&mut self, name: &str, argument: &tree::FnArg) -> Result<Term, String> {
        let many = || format!("`{name}(…)` takes one value: its path may have no `*`, `..`, slice or filter");
        match argument {
            tree::FnArg::Literal(literal) => Ok(self.literal(literal)),
            tree::FnArg::Filter(_) => Err(many()),
            tree::FnArg::Test(test) => match &**test {
                tree::Test::Function(function) => self.value_function(function),
                _ => {
                    let query = self.nodes_argument(name, argument)?;
                    if is_singular(&query.segments) { Ok(Term::Singular(query)) } else { Err(many()) }
                }
            },
        }
    }

    /// An argument of the type NodesType.
    fn nodes_argument(&mut self, name: &str, argument: &tree::FnArg) -> Result<SubQuery, String> {
        if let tree::FnArg::Test(test) = argument {
            let (segments, absolute) = match &**test {
                tree::Test::RelQuery(segments) => (segments, false),
                tree::Test::AbsQuery(query) => (&query.segments, true),
                tree::Test::Function(_) => return Err(format!("`{name}(…)` takes a path, not a function")),
            };
            let segments = self.segments(segments)?;
            return Ok(self.sub_query(segments, absolute));
        }
        Err(format!("`{name}(…)` takes a path"))
    }
}
