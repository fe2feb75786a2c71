//! `"mode": "merge"`: the payload without what is removed, and with what the output sets. Objects
//! are merged member by member; anything else is replaced; null is a value like any other.
//! Not here: what is removed and set.

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::text::write_string;

struct Merge<'m> {
    removed: &'m [u32],
    budget: &'m mut Budget,
    out: &'m mut Vec<u8>,
}

/// Writes `document` without the values `removed` (tokens, ascending), patched with `patch`.
pub(super) fn write(
    document: &Document<'_>,
    patch: &[u8],
    removed: &[u32],
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let root = document.root();
    if root.kind() != NodeKind::Object {
        return Err(format!("only an object can be patched; the payload is of type {}", root.kind().name()));
    }
    let patch = Document::parse(patch).map_err(|fault| format!("the output cannot be merged: {fault}"))?;
    if patch.root().kind() != NodeKind::Object {
        let kind = patch.root().kind().name();
        return Err(format!("the output to merge must be an object; it is of type {kind}"));
    }
    let mut merge = Merge { removed, budget, out };
    merge.object(root, Some(patch.root())).map_err(|why| why.to_string())
}

impl Merge<'_> {
    fn is_removed(&self, node: Node<'_>) -> bool {
        self.removed.binary_search(&node.index()).is_ok()
    }

    fn raw(&mut self, node: Node<'_>) -> Result<(), Exhausted> {
        self.budget.produce(node.raw().len())?;
        self.out.extend_from_slice(node.raw().as_bytes());
        Ok(())
    }

    /// A value of the payload. The recursion is as deep as the payload, at most 128.
    fn kept(&mut self, node: Node<'_>) -> Result<(), Exhausted> {
        let next = self.removed.partition_point(|token| *token < node.index());
        let untouched = self.removed.get(next).is_none_or(|token| *token >= node.end_index());
        match node.kind() {
            NodeKind::Object if !untouched => self.object(node, None),
            NodeKind::Array if !untouched => {
                self.out.push(b'[');
                let mut first = true;
                for element in node.elements() {
                    self.budget.visit(1)?;
                    if !self.is_removed(element) {
                        self.comma(&mut first);
                        self.kept(element)?;
                    }
                }
                self.out.push(b']');
                Ok(())
            }
            _ => self.raw(node),
        }
    }

    fn comma(&mut self, first: &mut bool) {
        if !*first {
            self.out.push(b',');
        }
        *first = false;
    }

    fn key(&mut self, name: &str, first: &mut bool) -> Result<(), Exhausted> {
        self.budget.visit(1)?;
        self.budget.produce(name.len() + 4)?;
        self.comma(first);
        write_string(name, self.out);
        self.out.push(b':');
        Ok(())
    }

    fn object(&mut self, node: Node<'_>, patch: Option<Node<'_>>) -> Result<(), Exhausted> {
        self.out.push(b'{');
        let mut first = true;
        for (name, value) in node.members() {
            let (set, seen) = patch.map_or((None, 0), |patch| patch.member(&name));
            self.budget.visit(seen)?;
            if self.is_removed(value) {
                continue;
            }
            self.key(&name, &mut first)?;
            match set {
                Some(set) if set.kind() == NodeKind::Object && value.kind() == NodeKind::Object => {
                    self.object(value, Some(set))?;
                }
                Some(set) => self.raw(set)?,
                None => self.kept(value)?,
            }
        }
        for (name, set) in patch.into_iter().flat_map(Node::members) {
            let (have, seen) = node.member(&name);
            self.budget.visit(seen)?;
            if have.is_none_or(|value| self.is_removed(value)) {
                self.key(&name, &mut first)?;
                self.raw(set)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}
