//! Where a clause or a field takes its values from: a path, a header, a field of the event.
//! Not here: what is done with them (`filter`, `mapping`).

use std::borrow::Cow;

use crate::domain::event::RequestPart;
use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::input::EventField;
use crate::shape::input::Input;
use crate::shape::query::Query;
use crate::shape::query::WalkEnd;
use crate::shape::tape::Node;
use crate::shape::tape::ROOT;
use crate::shape::tape::WRAPPER;
use crate::shape::value::Value;

/// What is being looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueScope<'i> {
    pub(crate) input: &'i Input<'i>,
    /// The item of the innermost `$each`, as a token.
    pub(crate) item: Option<u32>,
    /// Nodes found beforehand: see `mapping::resolve`.
    pub(crate) slots: &'i [u32],
}

impl<'i> ValueScope<'i> {
    pub(crate) fn of(input: &'i Input<'i>) -> Self {
        Self { input, item: None, slots: &[] }
    }

    #[inline]
    pub(crate) fn node(&self, token: u32) -> Node<'i> {
        self.input.document.node(token)
    }
}

/// A slot without a node.
pub(crate) const NO_NODE: u32 = u32::MAX;

/// A compiled path and what stands in the place of its root.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) text: Box<str>,
    pub(crate) query: Query,
    pub(crate) base: PathBase,
    /// Where [`ValueScope::slots`] may already hold its node.
    pub(crate) slot: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathBase {
    Root,
    /// The item of the innermost `$each`.
    Item,
    /// The payload as the only element of an array.
    Wrapper,
}

impl Path {
    /// Compiles `$…`, or `@…` where there is an item.
    pub(crate) fn compile(text: &str, in_each: bool) -> Result<Self, String> {
        let (base, query) = match text.strip_prefix('@') {
            Some(_) if !in_each => {
                return Err(format!("`{text}`: `@` has a meaning only inside `$each`; begin with `$`"));
            }
            Some(rest) => (PathBase::Item, Query::compile_item(rest)),
            None => (PathBase::Root, Query::compile(text)),
        };
        let query = query.map_err(|fault| fault.detail)?;
        Ok(Self { text: text.into(), query, base, slot: None })
    }

    /// Compiles a query over the payload wrapped in an array.
    pub(crate) fn wrapped(text: &str) -> Result<Self, String> {
        let query = Query::compile(text).map_err(|fault| fault.detail)?;
        Ok(Self { text: text.into(), query, base: PathBase::Wrapper, slot: None })
    }

    #[inline]
    fn base_token(&self, scope: &ValueScope<'_>) -> Option<u32> {
        match self.base {
            PathBase::Root => Some(ROOT),
            PathBase::Wrapper => Some(WRAPPER),
            PathBase::Item => scope.item,
        }
    }

    /// The first node.
    #[inline]
    pub(crate) fn first<'i>(
        &self,
        scope: &ValueScope<'i>,
        budget: &mut Budget,
    ) -> Result<Option<Node<'i>>, Exhausted> {
        scope.input.readable()?;
        if let Some(token) = self.slot.and_then(|slot| scope.slots.get(slot)) {
            return Ok((*token != NO_NODE).then(|| scope.node(*token)));
        }
        match self.base_token(scope) {
            Some(base) => self.query.first_from(scope.input.document, base, budget),
            None => Ok(None),
        }
    }

    /// Every node, until `each` has enough.
    pub(crate) fn each<'i>(
        &self,
        scope: &ValueScope<'i>,
        budget: &mut Budget,
        each: &mut dyn FnMut(Node<'i>) -> Result<(), WalkEnd>,
    ) -> Result<(), Exhausted> {
        scope.input.readable()?;
        match self.base_token(scope) {
            Some(base) => {
                self.query.each_from(scope.input.document, base, budget, &mut |token| each(scope.node(token)))
            }
            None => Ok(()),
        }
    }
}

/// Where values come from.
#[derive(Debug)]
pub(crate) enum ValueSource {
    Path(Path),
    /// A header, by its name in lower case.
    Header(Box<str>),
    Event(EventField),
    /// Something of the request.
    Request(RequestPart),
}

impl ValueSource {
    /// How it was written, for messages.
    pub(crate) fn describe(&self) -> &str {
        match self {
            Self::Path(path) => &path.text,
            Self::Header(name) => name,
            Self::Event(field) => field.name(),
            Self::Request(part) => part.name(),
        }
    }

    /// Every value, until `each` has enough.
    pub(crate) fn each<'i>(
        &self,
        scope: &ValueScope<'i>,
        budget: &mut Budget,
        each: &mut dyn FnMut(Value<'i>) -> Result<(), WalkEnd>,
    ) -> Result<(), Exhausted> {
        let done = match self {
            Self::Path(path) if path.query.is_singular() => {
                path.first(scope, budget)?.map_or(Ok(()), |node| each(Value::Node(node)))
            }
            Self::Path(path) => {
                return path.each(scope, budget, &mut |node| each(Value::Node(node)));
            }
            Self::Header(name) => {
                budget.visit(scope.input.headers.len() as u64)?;
                let named = scope.input.headers.iter().filter(|(have, _)| **have == **name);
                named.map(|(_, value)| value).try_for_each(|value| each(Value::Text(Cow::Borrowed(value))))
            }
            Self::Request(part) => {
                let request = scope.input.request;
                budget.visit(1 + request.query.len() as u64 / 8)?;
                part.values(request).map(|value| Value::owned_text(value.into_owned())).try_for_each(each)
            }
            Self::Event(field) => each(Value::Text(Cow::Borrowed(field.of(scope.input)))),
        };
        match done {
            Err(WalkEnd::Exhausted(exhausted)) => Err(exhausted),
            _ => Ok(()),
        }
    }
}
