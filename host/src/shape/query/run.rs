//! The public way to make a query and to run it. Not here: how it is made (`check`) and how it is
//! evaluated (`eval`).

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::fault::SpecFault;
use crate::shape::query::check;
use crate::shape::query::eval;
use crate::shape::query::eval::Evaluation;
use crate::shape::query::eval::WalkEnd;
use crate::shape::query::hint;
use crate::shape::query::plan::Query;
use crate::shape::query::plan::Segment;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::ROOT;
use crate::shape::tape::WRAPPER;

impl Query {
    /// Compiles RFC 9535 text. The fault's pointer is empty.
    pub fn compile(text: &str) -> Result<Self, SpecFault> {
        check::compile(text).map_err(|detail| SpecFault::new("", hint::explained(text, detail)))
    }

    /// Compiles `@…`, a query from an item; faults quote it so.
    pub(crate) fn compile_item(rest: &str) -> Result<Self, SpecFault> {
        let rooted = format!("${rest}");
        check::compile(&rooted).map_err(|detail| {
            let written = format!("@{rest}");
            let detail = detail.replace(&format!("`{rooted}`"), &format!("`{written}`"));
            SpecFault::new("", hint::explained(&written, detail))
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it can give at most one node whatever the document.
    pub fn is_singular(&self) -> bool {
        self.singular
    }

    /// The first node it gives.
    pub fn first<'d>(
        &self,
        document: &'d Document<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Node<'d>>, Exhausted> {
        self.first_from(document, ROOT, budget)
    }

    /// The first node's text: a string's content, a number's or boolean's JSON. `None` if there is
    /// none, if it is null, an array or an object, or if the default budget does not suffice.
    pub fn first_text(&self, document: &Document<'_>) -> Option<String> {
        let node = self.first(document, &mut Budget::default()).ok()??;
        match node.kind() {
            NodeKind::String => node.as_str().map(std::borrow::Cow::into_owned),
            NodeKind::Number | NodeKind::Boolean => Some(node.raw().to_owned()),
            NodeKind::Null | NodeKind::Array | NodeKind::Object => None,
        }
    }

    /// All nodes it gives, in the order of RFC 9535; one may come more than once. A node knows its
    /// normalized path and its raw value.
    pub fn nodes<'d>(
        &self,
        document: &'d Document<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<Node<'d>>, Exhausted> {
        let mut found = Vec::new();
        self.each_from(document, ROOT, budget, &mut |node| {
            found.push(document.node(node));
            Ok(())
        })?;
        Ok(found)
    }

    /// The first node, with `base` in the place of the root the text begins with.
    pub(crate) fn first_from<'d>(
        &self,
        document: &'d Document<'_>,
        base: u32,
        budget: &mut Budget,
    ) -> Result<Option<Node<'d>>, Exhausted> {
        if self.singular {
            return eval::singular(document.node(base), &self.segments, budget);
        }
        let mut found = None;
        self.each_from(document, base, budget, &mut |node| {
            found = Some(document.node(node));
            Err(WalkEnd::Enough)
        })?;
        Ok(found)
    }

    /// Calls `each` for every node until it answers [`WalkEnd::Enough`].
    pub(crate) fn each_from(
        &self,
        document: &Document<'_>,
        base: u32,
        budget: &mut Budget,
        each: &mut dyn FnMut(u32) -> Result<(), WalkEnd>,
    ) -> Result<(), Exhausted> {
        let root = if base == WRAPPER { WRAPPER } else { ROOT };
        match Evaluation::new(document, root, budget, self.slots).run(base, &self.segments, each) {
            Ok(()) | Err(WalkEnd::Enough) => Ok(()),
            Err(WalkEnd::Exhausted(exhausted)) => Err(exhausted),
        }
    }

    /// Whether it is the root itself.
    pub(crate) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}
