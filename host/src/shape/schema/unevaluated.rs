//! Rules that ask what no other looked at (`unevaluatedProperties`, `unevaluatedItems`). Not here: the rules that look
//! (`check`).

use crate::shape::schema::check::SchemaCheck;
use crate::shape::schema::looked::Looked;
use crate::shape::schema::misfit::PayloadPlace;
use crate::shape::schema::misfit::Undecided;
use crate::shape::schema::rule::SubSchema;
use crate::shape::tape::Node;

impl SchemaCheck<'_> {
    pub(super) fn other_members(
        &mut self,
        place: SubSchema,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Result<bool, Undecided> {
        let mut fits = true;
        for (name, member) in value.members() {
            self.budget.visit(1)?;
            if !looked.has(member) {
                fits &= self.other(place, member, &PayloadPlace::Member(at, &name))?;
                looked.member(member);
            }
        }
        Ok(fits)
    }

    pub(super) fn other_elements(
        &mut self,
        place: SubSchema,
        value: Node<'_>,
        at: &PayloadPlace<'_>,
        looked: &mut Looked,
    ) -> Result<bool, Undecided> {
        let mut fits = true;
        for (index, element) in value.elements().enumerate() {
            self.budget.visit(1)?;
            if !looked.has(element) {
                fits &= self.other(place, element, &PayloadPlace::Element(at, index))?;
                looked.member(element);
            }
        }
        Ok(fits)
    }
}
