//! Schemas that a value has to fit all, any or one of. Not here: a single one (`check`).

use crate::shape::schema::check::Fits;
use crate::shape::schema::check::SchemaCheck;
use crate::shape::schema::looked::Looked;
use crate::shape::schema::misfit::PayloadPlace;
use crate::shape::schema::rule::SubSchema;
use crate::shape::tape::Node;

impl SchemaCheck<'_> {
    pub(super) fn all(
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

    pub(super) fn any(
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

    pub(super) fn one(
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
