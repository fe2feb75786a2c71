//! Walks the tape for a query: segments and selectors. Every key and value looked at is paid from
//! the budget. Not here: what is inside `[?…]` (`logic`).

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::query::pattern;
use crate::shape::query::plan::Segment;
use crate::shape::query::plan::Selector;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::TokenTag;

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalkEnd {
    /// The caller has what it wants.
    Enough,
    /// The budget is used up.
    Exhausted(Exhausted),
}

impl From<Exhausted> for WalkEnd {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

/// Receives nodes, as tokens.
pub(super) type EachNode<'f> = &'f mut dyn FnMut(u32) -> Result<(), WalkEnd>;

/// The result of a query from the root, which is the same for every node it is asked for.
#[derive(Clone, Copy)]
pub(super) enum Cached {
    Exists(bool),
    Node(Option<u32>),
    Count(u64),
}

/// The last pattern that came from the document, and what became of it.
pub(super) type LastRegex = (String, Option<pattern::RegexPattern>);

/// One run of one query over one document.
pub(super) struct Evaluation<'e> {
    pub(super) document: &'e Document<'e>,
    pub(super) root: u32,
    pub(super) budget: &'e mut Budget,
    pub(super) cache: Vec<Option<Cached>>,
    pub(super) regex: Option<LastRegex>,
}

impl<'e> Evaluation<'e> {
    pub(super) fn new(document: &'e Document<'_>, root: u32, budget: &'e mut Budget, slots: usize) -> Self {
        let mut cache = Vec::new();
        cache.resize_with(slots, || None);
        Self { document, root, budget, cache, regex: None }
    }

    #[inline]
    pub(super) fn node(&self, index: u32) -> Node<'e> {
        self.document.node(index)
    }

    /// The node of a query that can have only one.
    pub(super) fn singular(&mut self, base: u32, segments: &[Segment]) -> Result<Option<u32>, Exhausted> {
        singular(self.node(base), segments, self.budget).map(|found| found.map(Node::index))
    }

    pub(super) fn run(&mut self, node: u32, segments: &[Segment], each: EachNode<'_>) -> Result<(), WalkEnd> {
        self.budget.visit(1)?;
        let Some((segment, rest)) = segments.split_first() else { return each(node) };
        match segment {
            Segment::Child(selectors) => {
                selectors.iter().try_for_each(|one| self.select(node, one, rest, each))
            }
            Segment::Descendant(selectors) => self.descend(node, selectors, rest, each),
        }
    }

    /// Every array and object from `from` on, in preorder, which is the order of the tape.
    fn descend(
        &mut self,
        from: u32,
        selectors: &[Selector],
        rest: &[Segment],
        each: EachNode<'_>,
    ) -> Result<(), WalkEnd> {
        let end = self.node(from).end_index();
        let mut at = from;
        while at < end {
            self.budget.visit(1)?;
            let node = self.node(at);
            match node.tag() {
                TokenTag::Key | TokenTag::KeyEscaped if node.is_overridden_key() => {
                    at = self.node(at + 1).end_index();
                    continue;
                }
                TokenTag::Array | TokenTag::Object => {
                    selectors.iter().try_for_each(|one| self.select(at, one, rest, each))?;
                }
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    fn select(
        &mut self,
        node: u32,
        selector: &Selector,
        rest: &[Segment],
        each: EachNode<'_>,
    ) -> Result<(), WalkEnd> {
        let here = self.node(node);
        match selector {
            Selector::Name(name) => {
                let (found, seen) = here.member(name);
                self.budget.visit(seen)?;
                found.map_or(Ok(()), |found| self.run(found.index(), rest, each))
            }
            Selector::Index(index) => match at_index(here, *index, self.budget)? {
                Some(found) => self.run(found.index(), rest, each),
                None => Ok(()),
            },
            Selector::Wildcard => self.children(here, &mut |this, child| this.run(child, rest, each)),
            Selector::Slice { start, end, step } => self.slice(here, (*start, *end, *step), rest, each),
            Selector::Filter(logic) => self.children(here, &mut |this, child| {
                this.budget.visit(1)?;
                if this.holds(logic, child)? { this.run(child, rest, each) } else { Ok(()) }
            }),
        }
    }

    /// Elements of an array, values of an object.
    fn children(
        &mut self,
        node: Node<'e>,
        each: &mut dyn FnMut(&mut Self, u32) -> Result<(), WalkEnd>,
    ) -> Result<(), WalkEnd> {
        match node.tag() {
            TokenTag::Array => node.elements().try_for_each(|child| each(self, child.index())),
            TokenTag::Object => {
                self.budget.visit(1)?;
                node.values().try_for_each(|child| {
                    self.budget.visit(1)?;
                    each(self, child.index())
                })
            }
            _ => Ok(()),
        }
    }

    /// RFC 9535, 2.3.4.2.2.
    fn slice(
        &mut self,
        node: Node<'e>,
        (start, end, step): (Option<i64>, Option<i64>, i64),
        rest: &[Segment],
        each: EachNode<'_>,
    ) -> Result<(), WalkEnd> {
        if node.tag() != TokenTag::Array || step == 0 {
            return Ok(());
        }
        let length = array_length(node, self.budget)?;
        let from_front = |index: i64| if index < 0 { length.saturating_add(index) } else { index };
        if step > 0 {
            let lower = from_front(start.unwrap_or(0)).clamp(0, length) as usize;
            let upper = from_front(end.unwrap_or(length)).clamp(0, length) as usize;
            let step = usize::try_from(step).unwrap_or(usize::MAX);
            let wanted = node.elements().take(upper).skip(lower).step_by(step);
            for child in wanted {
                self.run(child.index(), rest, each)?;
            }
            return Ok(());
        }
        let upper = start.map_or(length - 1, from_front).clamp(-1, length - 1);
        let lower = end.map_or(-1, from_front).clamp(-1, length - 1);
        let children: Vec<u32> = node.elements().map(Node::index).collect();
        let mut at = upper;
        while at > lower {
            if let Some(child) = usize::try_from(at).ok().and_then(|at| children.get(at)) {
                self.run(*child, rest, each)?;
            }
            at = at.saturating_add(step);
        }
        Ok(())
    }
}

/// The node of names and indexes alone, without any memory for the walk.
pub(super) fn singular<'d>(
    base: Node<'d>,
    segments: &[Segment],
    budget: &mut Budget,
) -> Result<Option<Node<'d>>, Exhausted> {
    let mut node = base;
    for segment in segments {
        let Segment::Child(selectors) = segment else { return Ok(None) };
        let next = match &**selectors {
            [Selector::Name(name)] => {
                let (found, seen) = node.member(name);
                budget.visit(seen + 1)?;
                found
            }
            [Selector::Index(index)] => at_index(node, *index, budget)?,
            _ => return Ok(None),
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn at_index<'d>(node: Node<'d>, index: i64, budget: &mut Budget) -> Result<Option<Node<'d>>, Exhausted> {
    if node.tag() != TokenTag::Array {
        return Ok(None);
    }
    let position = if index < 0 {
        array_length(node, budget)?.checked_add(index).filter(|position| *position >= 0)
    } else {
        Some(index)
    };
    let Some(position) = position.and_then(|position| usize::try_from(position).ok()) else {
        return Ok(None);
    };
    let mut seen = 0;
    let found = node.elements().inspect(|_| seen += 1).nth(position);
    budget.visit(seen)?;
    Ok(found)
}

fn array_length(node: Node<'_>, budget: &mut Budget) -> Result<i64, Exhausted> {
    let length = node.elements().count();
    budget.visit(length as u64)?;
    Ok(i64::try_from(length).unwrap_or(i64::MAX))
}
